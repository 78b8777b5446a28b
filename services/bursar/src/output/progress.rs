//! Progress of a run: a bar on a terminal, a plain line whenever something changed elsewhere.

use std::io;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use proto::execution::v1::{RunProgress, Tally};

use super::Screen;

/// Plain lines come at most this often.
const LINE_PAUSE: Duration = Duration::from_secs(2);

/// Follows one run.
pub struct Progress {
    screen: Screen,
    bar: Option<ProgressBar>,
    last: Option<(Instant, String)>,
}

impl Progress {
    /// Progress towards `total` payouts.
    pub fn new(screen: Screen, total: u64) -> Progress {
        let bar = screen.terminal().then(|| {
            let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
            let style = ProgressStyle::with_template("{bar:40} {pos}/{len} paid  {msg}");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar
        });
        Progress { screen, bar, last: None }
    }

    /// Shows where the payouts stand.
    pub fn show(&mut self, progress: &RunProgress) -> io::Result<()> {
        let rest = rest_of_line(progress);
        if let Some(bar) = &self.bar {
            bar.set_position(count(progress.paid.as_ref()));
            bar.set_message(rest);
            return Ok(());
        }
        let line = format!("  {} paid, {rest}", count(progress.paid.as_ref()));
        let due = self.last.as_ref().is_none_or(|(when, last)| *last != line && when.elapsed() >= LINE_PAUSE);
        if due {
            self.screen.say(&line)?;
            self.last = Some((Instant::now(), line));
        }
        Ok(())
    }

    /// Shows a line beside the progress.
    pub fn note(&self, line: impl AsRef<str>) -> io::Result<()> {
        if let Some(bar) = &self.bar {
            bar.println(line);
            return Ok(());
        }
        self.screen.say(line)
    }

    /// Ends with the last state, which is always shown.
    pub fn finish(mut self, progress: &RunProgress) -> io::Result<()> {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
        let line = format!("  {} paid, {}", count(progress.paid.as_ref()), rest_of_line(progress));
        if self.last.is_some_and(|(_, last)| last == line) { Ok(()) } else { self.screen.say(line) }
    }
}

/// The payouts of a tally that may be absent.
pub fn count(tally: Option<&Tally>) -> u64 {
    tally.map_or(0, |tally| tally.payouts)
}

fn rest_of_line(progress: &RunProgress) -> String {
    let tallies = [
        ("failed", &progress.failed),
        ("in doubt", &progress.in_doubt),
        ("processing", &progress.processing),
        ("pending", &progress.pending),
        ("cancelled", &progress.cancelled),
        ("superseded", &progress.superseded),
    ];
    let mut parts: Vec<String> = tallies
        .into_iter()
        .map(|(name, tally)| (name, count(tally.as_ref())))
        .filter(|(_, payouts)| *payouts > 0)
        .map(|(name, payouts)| format!("{payouts} {name}"))
        .collect();
    parts.push(format!("batch {}/{}", progress.batches_done, progress.batches_total));
    if progress.retries > 0 {
        parts.push(format!("{} retried", progress.retries));
    }
    if let Some(seconds) = progress.seconds_left {
        parts.push(format!("{} payouts/s, about {seconds} s left", progress.payouts_per_second));
    }
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(payouts: u64) -> Tally {
        Tally { payouts, units: String::new() }
    }

    #[test]
    fn a_line_names_what_there_is_and_nothing_else() {
        let mut progress = RunProgress {
            batches_total: 4,
            batches_done: 1,
            pending: Some(tally(30)),
            ..RunProgress::default()
        };
        assert_eq!(rest_of_line(&progress), "30 pending, batch 1/4");
        progress.failed = Some(tally(2));
        progress.retries = 9;
        progress.seconds_left = Some(3);
        progress.payouts_per_second = 10;
        assert_eq!(
            rest_of_line(&progress),
            "2 failed, 30 pending, batch 1/4, 9 retried, 10 payouts/s, about 3 s left"
        );
    }
}
