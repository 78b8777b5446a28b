//! `bursar payouts export`: the CSV file.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use crate::error::CommandError;
use crate::payout_rows::{self, PayoutRow};
use crate::session::Session;

/// Write all of a run's payouts as CSV, one row per payout.
#[derive(Debug, clap::Args)]
pub struct Export {
    /// The distribution or its run ("dst_…", "run_…").
    id: String,
    /// The file to write; standard output when absent.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl Export {
    /// Writes them; with `--json` one object per line instead.
    pub async fn run(self, session: &Session) -> Result<(), CommandError> {
        let found = super::find(session, &self.id).await?;
        let target: Box<dyn Write + Send> = match &self.out {
            Some(path) => Box::new(File::create(path)?),
            None => Box::new(io::stdout()),
        };
        let mut target = BufWriter::new(target);
        let rows = if session.screen.json() {
            let each = |row: PayoutRow| {
                serde_json::to_writer(&mut target, &row).map_err(io::Error::from)?;
                Ok(target.write_all(b"\n")?)
            };
            payout_rows::each(&session.edge, &found.distribution_id, &found.run_id, each).await?
        } else {
            let mut csv = csv::Writer::from_writer(&mut target);
            csv.write_record(PayoutRow::COLUMNS)?;
            let each = |row: PayoutRow| Ok(csv.write_record(row.cells())?);
            let rows = payout_rows::each(&session.edge, &found.distribution_id, &found.run_id, each).await?;
            csv.flush()?;
            rows
        };
        target.flush()?;
        if let Some(path) = &self.out
            && !session.screen.json()
        {
            session.screen.say(format!("{rows} payouts written to {}", path.display()))?;
        }
        Ok(())
    }
}
