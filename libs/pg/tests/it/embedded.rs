//! The private cluster: it dies with us, keeps its data, and is nobody else's.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use diesel_async::SimpleAsyncConnection;
use pg::embedded::{Cluster, Durability, EmbeddedError, Options};

use crate::open;

/// Set for the child of [`holder`]: the folder of its cluster.
const HOLDER: &str = "PG_TEST_HOLDER";
const TEST: Options = Options { durability: Durability::Test, max_connections: 20 };
const PATIENCE: Duration = Duration::from_secs(20);

fn folder() -> tempfile::TempDir {
    use std::os::unix::fs::PermissionsExt;
    let open = std::fs::Permissions::from_mode(0o755);
    tempfile::Builder::new().permissions(open).tempdir().expect("a folder")
}

/// Processes that work in `dir` (every process of a server works in its data folder).
fn servers_of(dir: &Path) -> Vec<u32> {
    let data = dir.canonicalize().expect("a folder").join("data");
    let processes = std::fs::read_dir("/proc").expect("Linux").flatten();
    let pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(|pid: &u32| std::fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|cwd| cwd == data))
        .collect()
}

fn wait_for(what: &str, condition: impl Fn() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < PATIENCE, "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// This test binary again, holding a cluster in `dir` until it is killed; returns when the cluster runs.
fn holder(dir: &Path) -> (Child, PathBuf) {
    let mut child = Command::new(std::env::current_exe().expect("this binary"))
        .args(["--exact", "embedded::a_child_holds_a_cluster_until_killed", "--nocapture"])
        .env(HOLDER, dir)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("a child");
    let output = child.stdout.take().expect("piped");
    let mut lines = BufReader::new(output).lines().map_while(Result::ok);
    let sockets = lines.find_map(|line| Some(line.split_once("holding ")?.1.to_owned()));
    (child, PathBuf::from(sockets.expect("the child holds a cluster")))
}

/// Not a test of its own: what the tests that kill a process run in it. Without [`HOLDER`] it has nothing to do.
#[test]
#[expect(clippy::print_stdout, reason = "how the parent learns that the cluster runs")]
fn a_child_holds_a_cluster_until_killed() {
    let Some(dir) = std::env::var_os(HOLDER) else { return };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let cluster = runtime.block_on(Cluster::start_with(Path::new(&dir), TEST)).expect("a cluster");
    let config = runtime.block_on(cluster.provision("kept")).expect("a database");
    let (_, sockets) = config.url.split_once("host=").expect("a socket URL");
    println!("\nholding {}", sockets.split('&').next().expect("a path"));
    // Ends with the parent, should it forget to kill us.
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
}

#[test]
fn a_killed_process_leaves_no_server_behind() {
    let dir = folder();
    let (mut child, sockets) = holder(dir.path());
    assert!(!servers_of(dir.path()).is_empty());
    assert!(sockets.is_dir());
    child.kill().expect("killed");
    child.wait().expect("reaped");
    wait_for("the server stops", || servers_of(dir.path()).is_empty());
    wait_for("the socket folder is removed", || !sockets.exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_right_after_a_kill_takes_over_and_finds_the_data() {
    let dir = folder();
    let (mut child, sockets) = holder(dir.path());
    let password = std::fs::read_to_string(dir.path().join("bursar_kept_owner.password")).expect("kept");
    let url = format!("postgres://bursar_kept_owner:{password}@/bursar_kept?host={}", sockets.display());
    open(&url).await.batch_execute("CREATE TABLE kept (id int)").await.expect("a table");
    child.kill().expect("killed");
    child.wait().expect("reaped");
    let cluster = Cluster::start_with(dir.path(), TEST).await.expect("taken over");
    let config = cluster.provision("kept").await.expect("a database");
    open(&config.owner_url).await.batch_execute("SELECT * FROM kept").await.expect("still there");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_whose_supervisor_was_killed_too_is_stopped_by_the_next_start() {
    let dir = folder();
    let (mut child, sockets) = holder(dir.path());
    let leader = std::fs::read_to_string(dir.path().join("data/postmaster.pid")).expect("a pid file");
    let leader: u32 = leader.lines().next().expect("a pid").parse().expect("a pid");
    // The supervisor and its guard share the server's process group.
    let group = process_group(leader);
    for pid in members_of(group).into_iter().filter(|pid| !servers_of(dir.path()).contains(pid)) {
        kill(pid);
    }
    child.kill().expect("killed");
    child.wait().expect("reaped");
    std::thread::sleep(Duration::from_millis(300));
    assert!(servers_of(dir.path()).contains(&leader), "nobody was left to stop it");
    let cluster = Cluster::start_with(dir.path(), TEST).await.expect("stopped and started");
    assert!(!servers_of(dir.path()).contains(&leader));
    assert!(!sockets.exists(), "its socket folder is gone too");
    cluster.provision("kept").await.expect("serves");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_terminal_s_interrupt_does_not_reach_the_server() {
    let dir = folder();
    let _cluster = Cluster::start_with(dir.path(), TEST).await.expect("a cluster");
    let servers = servers_of(dir.path());
    assert!(!servers.is_empty());
    let ours = process_group(std::process::id());
    assert!(servers.into_iter().all(|pid| field_after_name(pid, 2) != Some(ours)), "a group of its own");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_start_on_the_same_folder_is_refused_while_the_first_lives() {
    let dir = folder();
    let first = Cluster::start_with(dir.path(), TEST).await.expect("a cluster");
    let second = Cluster::start_with(dir.path(), TEST).await;
    assert!(matches!(second, Err(EmbeddedError::InUse(_))));
    first.provision("kept").await.expect("the first still serves");
    drop(first);
    assert!(servers_of(dir.path()).is_empty());
    Cluster::start_with(dir.path(), TEST).await.expect("free again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_durable_cluster_flushes_and_keeps_its_data_over_a_restart() {
    let dir = folder();
    let first = Cluster::start(dir.path()).await.expect("a cluster");
    let config = first.provision("kept").await.expect("a database");
    let mut owner = open(&config.owner_url).await;
    owner.batch_execute("CREATE TABLE kept (id int)").await.expect("a table");
    let durable = "DO $$ BEGIN ASSERT current_setting('fsync') = 'on'
                   AND current_setting('synchronous_commit') = 'on'
                   AND current_setting('listen_addresses') = ''; END $$";
    owner.batch_execute(durable).await.expect("durable, without a port");
    drop(first);
    let second = Cluster::start(dir.path()).await.expect("a cluster");
    let config = second.provision("kept").await.expect("a database");
    open(&config.owner_url).await.batch_execute("SELECT * FROM kept").await.expect("still there");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pid_file_that_names_a_stranger_does_not_stop_a_start() {
    let dir = folder();
    drop(Cluster::start_with(dir.path(), TEST).await.expect("a cluster"));
    // As after the restart of a container, where the number belongs to another process: here this one.
    let data = dir.path().canonicalize().expect("a folder").join("data");
    let text = format!("{}\n{}\n1\n5432\n/tmp\n\n", std::process::id(), data.display());
    std::fs::write(data.join("postmaster.pid"), text).expect("written");
    Cluster::start_with(dir.path(), TEST).await.expect("started");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_temporary_cluster_is_removed_with_its_end() {
    let cluster = Cluster::temporary(TEST).await.expect("a cluster");
    let dir = cluster.dir().to_path_buf();
    assert!(dir.join("data").is_dir());
    drop(cluster);
    assert!(!dir.exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_are_readable_by_their_owner_alone_and_not_logged() {
    use std::os::unix::fs::PermissionsExt;
    let dir = folder();
    let cluster = Cluster::start_with(dir.path(), TEST).await.expect("a cluster");
    cluster.provision("kept").await.expect("a database");
    let log = std::fs::read_to_string(dir.path().join("postgres.log")).expect("a log");
    for role in ["bursar_admin", "bursar_kept_owner", "bursar_kept_app"] {
        let path = dir.path().join(format!("{role}.password"));
        let mode = std::fs::metadata(&path).expect("a file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{role}");
        let password = std::fs::read_to_string(&path).expect("readable");
        assert!(password.len() >= 32 && !log.contains(&password), "{role}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_the_server_cannot_reach_is_refused_with_the_component_in_the_way() {
    use std::os::unix::fs::PermissionsExt;
    let dir = folder();
    let closed = dir.path().join("closed");
    std::fs::create_dir(&closed).expect("a folder");
    std::fs::set_permissions(&closed, std::fs::Permissions::from_mode(0o700)).expect("closed");
    let result = Cluster::start_with(&closed.join("inner"), TEST).await;
    if !rustix::process::geteuid().is_root() {
        result.expect("our own folder is within reach");
        return;
    }
    let error = result.err().expect("refused");
    assert!(
        matches!(&error, EmbeddedError::Unreachable { blocked, .. } if blocked.ends_with("closed")),
        "{error}"
    );
}

fn process_group(pid: u32) -> u32 {
    field_after_name(pid, 2).expect("a living process")
}

/// Field of `/proc/<pid>/stat` counted from the one after the name.
fn field_after_name(pid: u32, index: usize) -> Option<u32> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(") ")?.1.split(' ').nth(index)?.parse().ok()
}

fn members_of(group: u32) -> Vec<u32> {
    let processes = std::fs::read_dir("/proc").expect("Linux").flatten();
    let pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(|pid| field_after_name(*pid, 2) == Some(group)).collect()
}

fn kill(pid: u32) {
    let pid = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw).expect("a pid");
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).expect("killed");
}
