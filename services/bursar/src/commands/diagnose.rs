//! `bursar diagnose`.

use proto::execution::v1::{DiagnoseRequest, DiagnosticCheck, DiagnosticOutcome};

use crate::commands::distribution::get_distribution;
use crate::edge::json;
use crate::error::CommandError;
use crate::output::table::visible;
use crate::session::{Globals, Session};

/// Look at all that paying depends on, and say what to do. Ends with a code other than zero when something is in the way.
#[derive(Debug, clap::Args)]
pub struct Diagnose {
    /// Also look at this distribution or its run ("dst_…", "run_…").
    id: Option<String>,
}

impl Diagnose {
    /// Prints what was seen.
    pub async fn run(self, globals: &Globals) -> Result<(), CommandError> {
        let session = Session::open(globals).await?;
        let run_id = match self.id {
            None => String::new(),
            // It need not be asked for: where the database is away, that is what is to be found out.
            Some(id) if id.starts_with("run_") => id,
            Some(id) => get_distribution(&session.edge, &id).await?.run_id,
        };
        let request = DiagnoseRequest { run_id };
        let answer = session.edge.diagnostics().diagnose(request).await?.into_inner();
        let text = || answer.checks.iter().map(line).collect::<Vec<_>>().join("\n");
        session.screen.answer(|| json::of("bursar.execution.v1.DiagnoseResponse", &answer), text)?;
        let problems =
            answer.checks.iter().filter(|check| check.outcome() == DiagnosticOutcome::Problem).count();
        if problems > 0 { Err(CommandError::Unwell(problems)) } else { Ok(()) }
    }
}

fn line(check: &DiagnosticCheck) -> String {
    let mark = match check.outcome() {
        DiagnosticOutcome::Ok => "ok     ",
        DiagnosticOutcome::Warning => "warning",
        DiagnosticOutcome::Problem | DiagnosticOutcome::Unspecified => "PROBLEM",
    };
    let subject = if check.subject.is_empty() { String::new() } else { format!(" {}", check.subject) };
    let mut line = format!("{mark}  {}{}: {}", check.check, visible(&subject), visible(&check.seen));
    if !check.advice.is_empty() {
        line.push_str("\n           → ");
        line.push_str(&visible(&check.advice));
    }
    line
}

#[cfg(test)]
mod tests {
    use super::{DiagnosticCheck, DiagnosticOutcome, line};

    #[test]
    fn what_is_not_well_comes_with_what_to_do() {
        let mut check = DiagnosticCheck {
            check: "NODE".to_owned(),
            subject: "0.0.3".to_owned(),
            outcome: DiagnosticOutcome::Problem.into(),
            seen: "does not answer".to_owned(),
            advice: "Check the network.".to_owned(),
        };
        assert_eq!(line(&check), "PROBLEM  NODE 0.0.3: does not answer\n           → Check the network.");
        check.set_outcome(DiagnosticOutcome::Ok);
        (check.subject, check.advice) = (String::new(), String::new());
        assert_eq!(line(&check), "ok       NODE: does not answer");
    }
}
