//! The table of states and actions, and what no sequence of events can do.

use proptest::prelude::{Just, Strategy, prop_assert, prop_assert_ne, prop_oneof, proptest};

use super::{Action, Failure, Next, Phase, RunNews, State};
use crate::domain::failure::FailureClass;

const NOW_NS: i64 = 1_795_188_269_000_000_000;

fn failure() -> Failure {
    Failure::new("FUNDING_SHORT", FailureClass::Operator, "Add funds.")
}

#[test]
fn each_state_allows_what_the_table_says() {
    use Action::{Approve, Cancel, Execute, Modify, Reject, Rerun, Retry, RetryPayouts};
    let table: [(Phase, &[Action]); 16] = [
        (Phase::Snapshotting, &[Cancel, Modify]),
        (Phase::Snapshotting, &[Cancel, Modify]),
        (Phase::PendingApproval, &[Cancel, Modify, Approve, Reject]),
        (Phase::Paused, &[Retry, Cancel, Modify]),
        (Phase::Upcoming, &[Execute, Cancel, Modify]),
        (Phase::Upcoming, &[Execute, Cancel, Modify]),
        (Phase::Paused, &[Execute, Retry, Cancel, Modify]),
        (Phase::Ongoing, &[Cancel, RetryPayouts]),
        (Phase::Paused, &[Cancel, RetryPayouts]),
        (Phase::Ongoing, &[Cancel, RetryPayouts]),
        (Phase::Paused, &[Retry, Cancel, RetryPayouts]),
        (Phase::Ongoing, &[]),
        (Phase::Completed, &[]),
        (Phase::Failed, &[Retry, Cancel, Modify]),
        (Phase::Failed, &[Retry, RetryPayouts, Rerun]),
        (Phase::Cancelled, &[Rerun]),
    ];
    for (state, (phase, allowed)) in State::one_of_each().into_iter().zip(table) {
        assert_eq!((state.phase(), state.allowed_actions().as_slice()), (phase, allowed), "{state:?}");
    }
}

#[test]
fn doing_again_what_is_done_changes_nothing() {
    for state in State::one_of_each() {
        // A retry leads to work that can fail and be retried, a change can be changed again, and who may approve twice
        // is for the approvals to say.
        for action in [Action::Execute, Action::Cancel] {
            if let Ok(Next::Changes(next)) = state.act(action, NOW_NS) {
                assert_ne!(next, state, "{action:?}");
                assert_eq!(next.act(action, NOW_NS), Ok(Next::Unchanged), "{action:?} after {state:?}");
            }
        }
    }
}

#[test]
fn what_is_not_allowed_names_the_state_and_what_is() {
    let refused = State::Snapshotting.act(Action::Execute, NOW_NS).expect_err("nothing is calculated yet");
    assert_eq!((refused.phase, refused.allowed), (Phase::Snapshotting, vec![Action::Cancel, Action::Modify]));
}

#[test]
fn a_run_that_failed_goes_on_when_payouts_are_retried_and_is_complete_when_all_are_superseded() {
    let failed = State::RunFailed { failure: failure(), ended_ns: 1 };
    assert_eq!(failed.run_reported(RunNews::Running, NOW_NS), Some(State::Ongoing));
    let completed = State::Completed { ended_ns: NOW_NS };
    assert_eq!(failed.run_reported(RunNews::Completed, NOW_NS), Some(completed));
    assert_eq!(failed.run_reported(RunNews::Failed(failure()), NOW_NS), None, "it ended when it ended");
}

#[test]
fn a_failure_is_shown_exactly_while_it_is_paused_or_failed() {
    for state in State::one_of_each() {
        let shown = matches!(state.phase(), Phase::Paused | Phase::Failed);
        assert_eq!(state.failure().is_some(), shown, "{state:?}");
    }
}

#[test]
fn a_cancel_is_not_undone_by_late_news_of_the_run() {
    let report = |news| State::Cancelling.run_reported(news, NOW_NS).expect("it is followed");
    assert_eq!(report(RunNews::Running), State::Cancelling);
    assert_eq!(report(RunNews::Paused(failure())), State::Cancelling);
    assert_eq!(report(RunNews::Halted(failure())), State::Cancelling);
    assert_eq!(report(RunNews::Cancelled), State::Cancelled { ended_ns: NOW_NS });
    assert_eq!(report(RunNews::Completed), State::Completed { ended_ns: NOW_NS }, "it came too late");
}

/// Something that happens to a distribution.
#[derive(Clone, Debug)]
enum Event {
    Act(Action),
    SnapshotAsked,
    Calculated { approvers: u8 },
    CalculationFailed,
    Approved,
    Rejected,
    Expired,
    FellDue,
    Refused,
    WayIsClear,
    Retried,
    StartRefused,
    NeverStarted,
    Run(RunNews),
}

fn event() -> impl Strategy<Value = Event> {
    let news = prop_oneof![
        Just(RunNews::Running),
        Just(RunNews::Paused(failure())),
        Just(RunNews::Halted(failure())),
        Just(RunNews::Cancelling),
        Just(RunNews::Completed),
        Just(RunNews::Failed(failure())),
        Just(RunNews::Cancelled),
    ];
    prop_oneof![
        Just(Event::Act(Action::Execute)),
        Just(Event::Act(Action::Retry)),
        Just(Event::Act(Action::Cancel)),
        Just(Event::Act(Action::Modify)),
        Just(Event::Act(Action::RetryPayouts)),
        Just(Event::Act(Action::Rerun)),
        Just(Event::SnapshotAsked),
        (0..=1_u8).prop_map(|approvers| Event::Calculated { approvers }),
        Just(Event::Approved),
        Just(Event::Rejected),
        Just(Event::Expired),
        Just(Event::CalculationFailed),
        Just(Event::FellDue),
        Just(Event::Refused),
        Just(Event::WayIsClear),
        Just(Event::Retried),
        Just(Event::StartRefused),
        Just(Event::NeverStarted),
        news.prop_map(Event::Run),
    ]
}

fn apply(state: &State, event: &Event) -> Option<State> {
    match event {
        Event::Act(action) => match state.act(*action, NOW_NS) {
            Ok(Next::Changes(next)) => Some(next),
            Ok(Next::Unchanged | Next::Stays) | Err(_) => None,
        },
        Event::SnapshotAsked => state.snapshot_asked(),
        Event::Calculated { approvers } => state.calculated(true, *approvers),
        Event::Approved => state.approved(true),
        Event::Rejected => state.rejected(),
        Event::Expired => state.approval_expired(),
        Event::CalculationFailed => state.calculation_failed(failure(), NOW_NS),
        Event::FellDue => state.fell_due(),
        Event::Refused => state.refused(failure()),
        Event::WayIsClear => state.way_is_clear(),
        Event::Retried => state.retried(),
        Event::StartRefused => state.start_refused(failure()),
        Event::NeverStarted => state.never_started(NOW_NS),
        Event::Run(news) => state.run_reported(news.clone(), NOW_NS),
    }
}

proptest! {
    #![proptest_config(proptest::test_runner::Config { failure_persistence: None, ..Default::default() })]

    #[test]
    fn no_sequence_of_events_leaves_an_end_or_begins_paying_without_a_calculation_and_its_approval(
        events in proptest::collection::vec(event(), 0..40),
    ) {
        let (mut state, mut calculated, mut cancelled) = (State::SnapshotWanted, false, false);
        let (mut asked, mut approved) = (false, false);
        for event in events {
            let Some(next) = apply(&state, &event) else { continue };
            prop_assert!(!matches!(state, State::Completed { .. } | State::Cancelled { .. }), "an end ends");
            match event {
                Event::Calculated { approvers } => (calculated, asked, approved) = (true, approvers > 0, false),
                Event::Act(Action::Modify) => (calculated, asked, approved) = (false, false, false),
                Event::Approved => approved = true,
                Event::Rejected | Event::Expired => (asked, approved) = (true, false),
                _ => {}
            }
            // A cancel that finds the run ended in failure came too late, and leaves it to be retried.
            cancelled = match next {
                State::Cancelling | State::Cancelled { .. } => true,
                State::RunFailed { .. } => false,
                _ => cancelled,
            };
            let paying = matches!(next, State::Ongoing | State::Retrying | State::Halted(_));
            prop_assert!(!paying || calculated, "{next:?} before anything was calculated");
            prop_assert!(!paying || approved || !asked, "{next:?} before it was approved");
            // Once cancelled, it is never again in a state from which a run is started.
            if cancelled {
                prop_assert_ne!(&next, &State::Ongoing);
            }
            state = next;
        }
    }
}
