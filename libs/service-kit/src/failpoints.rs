//! Named places where a test can end or stop a service's process. Each service lists its own and arms them when it starts.
//!
//! With the feature `failpoints` and `BURSAR_FAILPOINT=<name>:<action>[:<passes>]` in the environment, the process does
//! `action` when it has passed the place `passes` times (0 when absent): `kill` is SIGKILL, `stop` is SIGSTOP (somebody
//! else sends SIGCONT). Without the feature this is nothing at all.

use crate::StartError;

#[doc(hidden)]
pub use ::fail::fail_point;

/// A place of the service's list.
#[macro_export]
macro_rules! here {
    ($name:literal) => {
        $crate::failpoints::fail_point!($name)
    };
}
pub use crate::here;

/// Longer than the system needs to stop all threads of a process.
#[cfg(feature = "failpoints")]
const STOP_TAKES: std::time::Duration = std::time::Duration::from_millis(200);

/// Arms the place of `all` that the environment names, if any.
#[cfg(feature = "failpoints")]
pub fn arm_from_environment(all: &[&str]) -> Result<(), StartError> {
    let Ok(text) = std::env::var("BURSAR_FAILPOINT") else { return Ok(()) };
    let bad = || StartError::new(format!("arm the failpoint {text:?}: <name>:<kill|stop>[:<passes>]"));
    let mut parts = text.split(':');
    let name = parts.next().filter(|name| all.contains(name)).ok_or_else(bad)?;
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
pub fn arm_from_environment(_: &[&str]) -> Result<(), StartError> {
    Ok(())
}
