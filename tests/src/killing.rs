//! The suite as processes, of which distribution is killed where a test says, and started again.

use std::os::unix::process::ExitStatusExt as _;
use std::time::Duration;

use test_harness::{Processes, Program};

/// How long it may take to reach a place.
const WITHIN: Duration = Duration::from_mins(2);
const SIGKILL: i32 = 9;

/// The suite, of which distribution is to be killed.
pub struct Killing {
    /// All of it.
    pub processes: Processes,
}

impl Killing {
    /// With leases of so many seconds.
    pub async fn start(lease_s: &str) -> Killing {
        let settings = [(Program::Distribution, "BURSAR_LEASE_S", lease_s)];
        Killing { processes: Processes::start_with(&settings).await.expect("started") }
    }

    /// Has it killed at this place.
    pub async fn arm(&mut self, place: &str) {
        self.processes.set(Program::Distribution, "BURSAR_FAILPOINT", &format!("{place}:kill"));
        self.restart().await;
    }

    /// Waits until it is killed, and starts it again.
    pub async fn reached(&mut self, place: &str) {
        let exit = self.processes.wait_for_exit(Program::Distribution, WITHIN).await;
        assert_eq!(exit.expect("it was reached").signal(), Some(SIGKILL), "{place}");
        self.processes.unset(Program::Distribution, "BURSAR_FAILPOINT");
        self.restart().await;
    }

    async fn restart(&mut self) {
        self.processes.restart(Program::Distribution).expect("started");
        self.processes.ready(Program::Distribution).await.expect("ready");
    }
}
