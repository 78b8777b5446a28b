//! Named places where a test can end or stop this process: before and after every commit and every send.
//!
//! With the feature `failpoints` and `BURSAR_FAILPOINT=<name>:<action>[:<passes>]` in the environment, the process does
//! `action` when it has passed the place `passes` times (0 when absent): `kill` is SIGKILL, `stop` is SIGSTOP (somebody
//! else sends SIGCONT). Without the feature this is nothing at all.

/// Every place, for the suite that must reach them all.
pub const ALL: &[&str] = &[
    "start_run.before_copy",
    "start_run.before_commit",
    "start_run.after_commit",
    "intend.before_commit",
    "intend.after_commit",
    "send.before",
    "send.after",
    "resend.before_commit",
    "resend.after_commit",
    "sentinel.before",
    "sentinel.after",
    "record.before_commit",
    "record.after_commit",
    "finish.before_commit",
    "finish.after_commit",
    "retry.before_commit",
    "retry.after_commit",
    "cancel.before_commit",
    "cancel.after_commit",
    "pause.before_commit",
    "pause.after_commit",
];

/// A place of [`ALL`].
macro_rules! here {
    ($name:literal) => {
        ::fail::fail_point!($name)
    };
}
pub(crate) use here;

/// Longer than the system needs to stop all threads of a process.
#[cfg(feature = "failpoints")]
const STOP_TAKES: std::time::Duration = std::time::Duration::from_millis(200);

/// Arms the place that the environment names, if any.
#[cfg(feature = "failpoints")]
pub fn arm_from_environment() -> Result<(), service_kit::StartError> {
    use service_kit::StartError;

    let Ok(text) = std::env::var("BURSAR_FAILPOINT") else { return Ok(()) };
    let bad = || StartError::new(format!("arm the failpoint {text:?}: <name>:<kill|stop>[:<passes>]"));
    let mut parts = text.split(':');
    let name = parts.next().filter(|name| ALL.contains(name)).ok_or_else(bad)?;
    let signal = match parts.next() {
        Some("kill") => rustix::process::Signal::KILL,
        Some("stop") => rustix::process::Signal::STOP,
        _ => return Err(bad()),
    };
    let passes: usize = parts.next().unwrap_or("0").parse().map_err(|_| bad())?;
    let seen = std::sync::atomic::AtomicUsize::new(0);
    let act = move || {
        if seen.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == passes {
            rustix::process::kill_process(rustix::process::getpid(), signal)
                .expect("a process may always signal itself");
            // A stop reaches this thread only after others; until then it must not get past the place.
            std::thread::sleep(STOP_TAKES);
        }
    };
    fail::cfg_callback(name, act).map_err(|_| bad())
}

/// Arms nothing: this build has no failpoints.
#[cfg(not(feature = "failpoints"))]
pub fn arm_from_environment() -> Result<(), service_kit::StartError> {
    Ok(())
}
