//! `bursar restore payments`.

use proto::execution::v1::{ListSweptPaymentsRequest, SweptPayment};

use crate::edge::{json, pages};
use crate::error::CommandError;
use crate::output::table::table;
use crate::session::Session;
use crate::time;

/// List the payments that were found on the network and the database did not know.
#[derive(Debug, clap::Args)]
pub struct Payments {
    /// Only those that are neither adopted nor acknowledged: they wait for their run, or the record excludes them.
    #[arg(long)]
    open: bool,
    /// At most so many.
    #[arg(long, default_value_t = 1000)]
    limit: usize,
}

const COLUMNS: [&str; 7] = ["transaction", "at", "run", "payouts", "amount", "outcome", "why"];

impl Payments {
    /// Prints them.
    pub async fn run(self, session: &Session) -> Result<(), CommandError> {
        let payments = pages::shown(session.screen, self.limit, async |page_size, page_token| {
            let request = ListSweptPaymentsRequest { page_size, page_token, open: self.open };
            let page = session.edge.restores().list_swept_payments(request).await?.into_inner();
            Ok((page.payments, page.next_page_token))
        });
        let payments = payments.await?;
        let all = || json::list("bursar.execution.v1.SweptPayment", &payments);
        Ok(session.screen.answer(all, || table(&COLUMNS, payments.iter().map(row)))?)
    }
}

fn row(payment: &SweptPayment) -> [String; 7] {
    let amount = payment.amount.as_ref().map(|amount| format!("{} {}", amount.units, amount.asset));
    [
        payment.transaction_id.clone(),
        time::show_ns(payment.consensus_ns),
        payment.run_id.clone(),
        format!("{}+{}", payment.first_ordinal, payment.payouts),
        amount.unwrap_or_default(),
        payment.outcome().as_str_name().trim_start_matches("SWEPT_OUTCOME_").to_owned(),
        payment.detail.clone(),
    ]
}
