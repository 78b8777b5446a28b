//! The ledger, read as it is: every effect, every transaction, and counts. Long answers are streamed.

use std::convert::Infallible;
use std::fmt::Write as _;
use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures::stream;
use serde::Deserialize;
use serde_json::json;

use super::Control;
use super::body::{self, Answer, Parameters, Refusal};
use crate::ledger::history::{Leg, Record};
use crate::ledger::ids::EntityId;
use crate::ledger::status::Status;
use crate::world::World;

/// Records read under one lock.
const CHUNK: usize = 1_000;

/// Which effects.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct EffectsQuery {
    format: Format,
    /// `hbar` or `0.0.N`.
    asset: Option<String>,
    account: Option<EntityId>,
    memo_contains: Option<String>,
    /// Also what was sent, as negative units.
    debits: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Format {
    #[default]
    Json,
    Csv,
}

/// `GET /v1/effects`
pub(super) async fn effects(
    State(control): State<Control>,
    Parameters(query): Parameters<EffectsQuery>,
) -> Result<Response, Refusal> {
    if let Some(asset) = query.asset.as_deref().filter(|asset| *asset != "hbar") {
        body::entity(asset)?;
    }
    let format = query.format;
    let show = move |record: &Record, out: &mut Rows| {
        for leg in record.legs.iter().filter(|leg| query.wants(record, leg)) {
            out.effect(record, leg);
        }
    };
    Ok(stream_records(control.world, format, show))
}

/// `GET /v1/transactions`
pub(super) async fn transactions(State(control): State<Control>) -> Response {
    stream_records(control.world, Format::Json, |record, out| out.json(&describe(record)))
}

/// `GET /v1/counts`
pub(super) async fn counts(State(control): State<Control>) -> Answer {
    let ledger = control.world.read();
    let records = ledger.history().all();
    let successes = records.iter().filter(|record| record.status == Status::Success).count();
    let received = records.iter().flat_map(|record| &record.legs).filter(|leg| leg.units > 0);
    Ok(Json(json!({
        "accounts": ledger.accounts().len(),
        "tokens": ledger.tokens().len(),
        "transactions": records.len(),
        "successes": successes,
        "effects": received.count(),
        "last_consensus": ledger.last_consensus().to_string(),
    })))
}

fn describe(record: &Record) -> serde_json::Value {
    let leg = |leg: &Leg| json!({"account": EntityId(leg.account), "asset": asset(leg), "units": leg.units.to_string()});
    json!({
        "transaction_id": record.id.to_string(),
        "status": record.status.as_str_name(),
        "consensus_timestamp": record.consensus.to_string(),
        "node": EntityId(record.node),
        "hash": record.hash,
        "memo": record.memo,
        "fee_tinybars": record.fee.to_string(),
        "legs": record.legs.iter().map(leg).collect::<Vec<_>>(),
    })
}

fn asset(leg: &Leg) -> String {
    leg.token.map_or_else(|| "hbar".to_owned(), |token| EntityId(token).to_string())
}

impl EffectsQuery {
    fn wants(&self, record: &Record, leg: &Leg) -> bool {
        (self.debits || leg.units > 0)
            && leg.units != 0
            && self.account.is_none_or(|account| account.0 == leg.account)
            && self.asset.as_ref().is_none_or(|wanted| *wanted == asset(leg))
            && self.memo_contains.as_ref().is_none_or(|part| record.memo.contains(part.as_str()))
    }
}

/// Rows as text, in one of the formats.
struct Rows {
    format: Format,
    text: String,
    is_first: bool,
}

impl Rows {
    fn effect(&mut self, record: &Record, leg: &Leg) {
        if self.format == Format::Json {
            self.json(&json!({
                "transaction_id": record.id.to_string(),
                "consensus_timestamp": record.consensus.to_string(),
                "memo": record.memo,
                "account": EntityId(leg.account),
                "asset": asset(leg),
                "units": leg.units.to_string(),
            }));
            return;
        }
        let (id, at, memo) = (record.id, record.consensus, quoted(&record.memo));
        let (account, asset, units) = (EntityId(leg.account), asset(leg), leg.units);
        writeln!(self.text, "{id},{at},{memo},{account},{asset},{units}")
            .expect("writing to a string does not fail");
    }

    fn json(&mut self, row: &serde_json::Value) {
        let separator = if self.is_first { "" } else { ",\n" };
        self.is_first = false;
        write!(self.text, "{separator}{row}").expect("writing to a string does not fail");
    }
}

/// Streams what `show` makes of the records there are now, a chunk at a time, holding no lock in between.
fn stream_records(
    world: Arc<World>,
    format: Format,
    show: impl Fn(&Record, &mut Rows) + Send + 'static,
) -> Response {
    let total = world.read().history().all().len();
    let (kind, head, tail) = match format {
        Format::Json => ("application/json", "[", "]\n"),
        Format::Csv => ("text/csv", "transaction_id,consensus_timestamp,memo,account,asset,units\n", ""),
    };
    let mut is_first = true;
    let chunks = (0..total).step_by(CHUNK).map(move |start| {
        let mut rows = Rows { format, text: String::new(), is_first };
        let ledger = world.read();
        for record in &ledger.history().all()[start..total.min(start + CHUNK)] {
            show(record, &mut rows);
        }
        is_first = rows.is_first;
        Bytes::from(rows.text)
    });
    let parts = [Bytes::from_static(head.as_bytes())].into_iter().chain(chunks);
    let parts = parts.chain([Bytes::from_static(tail.as_bytes())]).map(Ok::<_, Infallible>);
    ([(header::CONTENT_TYPE, kind)], Body::from_stream(stream::iter(parts))).into_response()
}

/// A CSV field; quoted when it must be.
fn quoted(text: &str) -> String {
    if text.contains(['"', ',', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}
