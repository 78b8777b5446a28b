//! `bursar approval policy`: how many people have to approve what.

mod list;
mod set;
mod show;

use proto::distribution::v1::{ApprovalPolicy, DistributionKind};

use crate::error::CommandError;
use crate::names;
use crate::session::Session;
use crate::time;

/// How many people have to approve what.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Set a policy in place of the one before; needs the role ADMIN.
    Set(set::Set),
    /// Show a policy, or an earlier version of it.
    Show(show::Show),
    /// List the policies in force.
    List(list::List),
}

impl Command {
    /// Does what was asked.
    pub(super) async fn run(self, session: &Session) -> Result<(), CommandError> {
        match self {
            Command::Set(command) => command.run(session).await,
            Command::Show(command) => command.run(session).await,
            Command::List(command) => command.run(session).await,
        }
    }
}

/// For which distributions a policy is.
#[derive(Debug, clap::Args)]
struct Scope {
    /// Of which kind; of all when absent.
    #[arg(long, value_enum)]
    kind: Option<Kind>,
    /// Paid in what: "hbar" or the id of a token ("0.0.456858"); in whatever when absent.
    #[arg(long, value_name = "TOKEN", default_value = "")]
    payment_token: String,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Kind {
    Dividend,
    Coupon,
    Custom,
    Redemption,
    List,
}

impl Scope {
    fn kind(&self) -> DistributionKind {
        match self.kind {
            None => DistributionKind::Unspecified,
            Some(Kind::Dividend) => DistributionKind::Dividend,
            Some(Kind::Coupon) => DistributionKind::Coupon,
            Some(Kind::Custom) => DistributionKind::Custom,
            Some(Kind::Redemption) => DistributionKind::Redemption,
            Some(Kind::List) => DistributionKind::List,
        }
    }
}

const COLUMNS: [&str; 7] = ["kind", "payment token", "approvers", "validity", "version", "set by", "set"];

fn row(policy: &ApprovalPolicy) -> [String; 7] {
    let or_all = |text: String| if text.is_empty() { "all".to_owned() } else { text };
    let kind = match policy.kind() {
        DistributionKind::Unspecified => String::new(),
        kind => names::short(Some(kind.as_str_name()), "DISTRIBUTION_KIND_").to_lowercase(),
    };
    let tier = |tier: &proto::distribution::v1::ApprovalTier| {
        format!("{} from {} units", tier.approvers, tier.from_units)
    };
    let tiers: Vec<String> = policy.tiers.iter().map(tier).collect();
    let validity = policy.validity.map(|validity| format!("{} s", validity.seconds));
    [
        or_all(kind),
        or_all(policy.payment_token.clone()),
        if tiers.is_empty() { "nobody".to_owned() } else { tiers.join(", ") },
        validity.unwrap_or_default(),
        policy.version.to_string(),
        policy.set_by.clone(),
        time::show(policy.set_time.as_ref()),
    ]
}
