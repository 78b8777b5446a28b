//! As whom the server runs: `PostgreSQL` refuses root.

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Output};

use super::EmbeddedError;

/// Accounts to run as when started by root, in order.
const CANDIDATES: [&str; 2] = ["postgres", "nobody"];

/// The operating system account of the server.
#[derive(Clone, Debug)]
pub(super) enum Account {
    /// Ourselves: we are not root.
    Own,
    /// Started by root: an unprivileged account of this machine.
    Other { name: String, uid: u32, gid: u32 },
}

impl Account {
    pub(super) fn choose() -> Result<Self, EmbeddedError> {
        if !rustix::process::geteuid().is_root() {
            return Ok(Self::Own);
        }
        let path = Path::new("/etc/passwd");
        let passwd = std::fs::read_to_string(path).map_err(EmbeddedError::file("reading", path))?;
        CANDIDATES.iter().find_map(|name| lookup(&passwd, name)).ok_or(EmbeddedError::NoAccount)
    }

    /// A command run by this account, with nothing of our environment but PATH: a stray `PGDATA` or `PGPORT` must
    /// not lead it to another cluster.
    pub(super) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.env_clear().env("LC_ALL", "C").current_dir("/");
        if let Some(path) = std::env::var_os("PATH") {
            command.env("PATH", path);
        }
        if let Self::Other { uid, gid, .. } = self {
            command.uid(*uid).gid(*gid);
        }
        command
    }

    /// Gives a file or folder we made to this account.
    pub(super) fn give(&self, path: &Path) -> Result<(), EmbeddedError> {
        let Self::Other { uid, gid, .. } = self else { return Ok(()) };
        std::os::unix::fs::chown(path, Some(*uid), Some(*gid))
            .map_err(EmbeddedError::file("changing the owner of", path))
    }

    /// Fails with the first component of `dir` this account cannot enter.
    pub(super) fn check_reach(&self, dir: &Path) -> Result<(), EmbeddedError> {
        let Self::Other { name, .. } = self else { return Ok(()) };
        let mut components: Vec<&Path> = dir.ancestors().collect();
        components.reverse();
        for component in components {
            let mut test = self.command(Path::new("/bin/sh"));
            test.args(["-c", "test -x \"$1\"", "sh"]).arg(component);
            if !run(&mut test)?.status.success() {
                return Err(EmbeddedError::Unreachable {
                    user: name.clone(),
                    blocked: component.to_path_buf(),
                    dir: dir.to_path_buf(),
                });
            }
        }
        Ok(())
    }
}

/// Runs a command to its end; the error names the program.
pub(super) fn run(command: &mut Command) -> Result<Output, EmbeddedError> {
    let program = Path::new(command.get_program()).to_path_buf();
    command.output().map_err(EmbeddedError::file("running", &program))
}

fn lookup(passwd: &str, name: &str) -> Option<Account> {
    passwd.lines().find_map(|line| {
        let fields: Vec<&str> = line.split(':').collect();
        let [user, _, uid, gid, ..] = fields[..] else { return None };
        let uid = uid.parse().ok().filter(|uid| *uid != 0)?;
        (user == name).then_some(Account::Other { name: name.to_owned(), uid, gid: gid.parse().ok()? })
    })
}

#[cfg(test)]
mod tests {
    use super::{Account, lookup};

    #[test]
    fn an_account_is_found_by_its_whole_name() {
        let passwd =
            "root:x:0:0::/root:/bin/sh\npostgresql:x:9:9::/:/x\npostgres:x:101:104::/:/x\nroot2:x:0:0::/:/x";
        assert!(matches!(lookup(passwd, "postgres"), Some(Account::Other { uid: 101, gid: 104, .. })));
        assert!(lookup(passwd, "nobody").is_none());
        assert!(lookup(passwd, "root2").is_none(), "an account with root's number is root");
    }
}
