//! `bursar approval policy set`.

use proto::distribution::v1::{ApprovalTier, GetApprovalPolicyRequest, SetApprovalPolicyRequest};
use tonic::Code;

use super::Scope;
use crate::commands::asset::payment_token;
use crate::edge::json;
use crate::error::CommandError;
use crate::output::table::table;
use crate::session::Session;

/// Set a policy in place of the one before, for what is calculated from now on. Of several that fit, the strictest counts.
#[derive(Debug, clap::Args)]
pub struct Set {
    #[command(flatten)]
    scope: Scope,
    /// From which amount on how many people, as in 1000000.50=2; repeat for several. For all payment tokens only from 0.
    /// Nobody is asked when absent.
    #[arg(long, value_name = "AMOUNT=PEOPLE")]
    approvers: Vec<String>,
    /// How many hours there are to approve, and then to execute; a week when absent.
    #[arg(long, value_name = "HOURS", value_parser = clap::value_parser!(u32).range(1..=8760))]
    validity_hours: Option<u32>,
}

impl Set {
    /// Reads the one in force, sets the next, and prints it. Where somebody set it in between, nothing is set.
    pub async fn run(self, session: &Session) -> Result<(), CommandError> {
        let decimals = if self.scope.payment_token.is_empty() {
            0
        } else {
            payment_token(session, &self.scope.payment_token).await?.1
        };
        let tiers = self.approvers.iter().map(|text| tier(text, decimals)).collect::<Result<_, _>>()?;
        let seconds = self.validity_hours.map(|hours| i64::from(hours) * 3_600);
        let request = SetApprovalPolicyRequest {
            kind: self.scope.kind().into(),
            payment_token: self.scope.payment_token.clone(),
            tiers,
            validity: seconds.map(|seconds| prost_types::Duration { seconds, nanos: 0 }),
            version: version(session, &self.scope).await?,
        };
        let answer = session.edge.approvals().set_approval_policy(request).await?.into_inner();
        let policy = answer.policy.ok_or(CommandError::missing("policy"))?;
        let text = || table(&super::COLUMNS, [super::row(&policy)]);
        Ok(session.screen.answer(|| json::of("bursar.distribution.v1.ApprovalPolicy", &policy), text)?)
    }
}

/// The version in force; zero when there is none.
async fn version(session: &Session, scope: &Scope) -> Result<u32, CommandError> {
    let request = GetApprovalPolicyRequest {
        kind: scope.kind().into(),
        payment_token: scope.payment_token.clone(),
        version: 0,
    };
    match session.edge.approvals().get_approval_policy(request).await {
        Ok(answer) => Ok(answer.into_inner().policy.map_or(0, |policy| policy.version)),
        Err(status) if status.code() == Code::NotFound => Ok(0),
        Err(status) => Err(status.into()),
    }
}

/// The tier in "1000000.50=2".
fn tier(text: &str, decimals: u8) -> Result<ApprovalTier, CommandError> {
    let refused = || CommandError::input(format!("--approvers {text:?} is not AMOUNT=PEOPLE, as in 1000=2"));
    let (amount, people) = text.split_once('=').ok_or_else(refused)?;
    let units = money::parse_units(amount, decimals)
        .map_err(|error| CommandError::input(format!("--approvers {text:?} {error}")))?;
    Ok(ApprovalTier { from_units: units.to_string(), approvers: people.parse().map_err(|_| refused())? })
}

#[cfg(test)]
mod tests {
    use super::tier;

    #[test]
    fn a_tier_is_typed_in_whole_tokens() {
        let read = tier("1000.5=2", 6).expect("a tier");
        assert_eq!((read.from_units.as_str(), read.approvers), ("1000500000", 2));
        assert_eq!(tier("0=1", 0).expect("a tier").from_units, "0");
        for bad in ["", "5", "=2", "5=", "5=two", "1e3=1", "-1=1", "0.1=1"] {
            assert!(tier(bad, 0).is_err(), "{bad}");
        }
    }
}
