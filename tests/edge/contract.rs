//! Who may call what, written down independently of the protos' own policies.

use auth::Role;
use auth::Role::{Admin, Approver, Cashout, Pauser, PaymentTokenManager, Payout, Transferer, Viewer};
use prost_reflect::{DescriptorPool, MethodDescriptor};

/// Everybody inside reads; a partner sees only what is its own, and nothing yet is.
const READERS: &[Role] = &[Viewer, Payout, Cashout, Pauser, PaymentTokenManager, Transferer, Approver, Admin];
/// `google.protobuf.MethodOptions.IdempotencyLevel.NO_SIDE_EFFECTS`.
const NO_SIDE_EFFECTS: i32 = 1;

/// A service of the contract, with the methods it has.
struct Service {
    /// Which server has it, as its keys and database are named.
    server: &'static str,
    name: &'static str,
    /// Without effects; for [`READERS`].
    reads: &'static [&'static str],
    /// With effects; for these roles.
    writes: &'static [(&'static str, &'static [Role])],
    /// For services only.
    internal: &'static [&'static str],
    /// For anybody, without a token.
    public: &'static [&'static str],
}

const SERVICES: [Service; 15] = [
    Service {
        server: "asset",
        name: "bursar.asset.v1.AssetService",
        reads: &["GetAsset", "ListAssets"],
        writes: &[
            ("ImportAsset", &[Payout, Cashout, Admin]),
            ("SyncAsset", &[Payout, Cashout, Admin]),
            ("PauseAsset", &[Pauser]),
            ("UnpauseAsset", &[Pauser]),
        ],
        internal: &[],
        public: &[],
    },
    Service {
        server: "asset",
        name: "bursar.asset.v1.PaymentTokenService",
        reads: &["ListPaymentTokens", "GetPaymentToken"],
        writes: &[
            ("AddPaymentToken", &[PaymentTokenManager]),
            ("RemovePaymentToken", &[PaymentTokenManager]),
        ],
        internal: &[],
        public: &[],
    },
    Service {
        server: "holder-sync",
        name: "bursar.holder.v1.HolderService",
        reads: &[
            "GetSyncStatus",
            "ListHolders",
            "ListBalanceHistory",
            "GetBalanceAt",
            "GetSnapshot",
            "ListSnapshots",
            "StreamSnapshot",
        ],
        writes: &[
            ("SyncHolders", &[Payout, Cashout, Admin]),
            ("UpdateSyncSettings", &[Payout, Admin]),
            ("TakeSnapshot", &[Payout, Cashout, Admin]),
        ],
        internal: &["RegisterAsset", "BatchGetSyncStatus"],
        public: &[],
    },
    Service {
        server: "distribution",
        name: "bursar.distribution.v1.DistributionService",
        reads: &[
            "GetDistribution",
            "ListDistributions",
            "ListEntitlements",
            "ListCarryForwards",
            "WatchDistribution",
        ],
        writes: &[
            ("CreateDistribution", &[Payout]),
            ("UpdateDistribution", &[Payout]),
            ("ExecuteDistribution", &[Payout]),
            ("RetryDistribution", &[Payout]),
            ("RerunDistribution", &[Payout]),
            ("CancelDistribution", &[Payout]),
        ],
        internal: &[],
        public: &[],
    },
    Service {
        server: "distribution",
        name: "bursar.distribution.v1.RedemptionService",
        reads: &[],
        writes: &[
            ("CreateRedemption", &[Cashout]),
            ("ExecuteRedemption", &[Cashout]),
            ("RetryRedemption", &[Cashout]),
            ("CancelRedemption", &[Cashout]),
        ],
        internal: &[],
        public: &[],
    },
    Service {
        server: "distribution",
        name: "bursar.distribution.v1.ScheduleService",
        reads: &["GetSchedule", "ListSchedules", "ListOccurrences"],
        writes: &[
            ("CreateSchedule", &[Payout]),
            ("UpdateSchedule", &[Payout]),
            ("PauseSchedule", &[Pauser]),
            ("ResumeSchedule", &[Pauser]),
            ("EndSchedule", &[Payout]),
            ("SkipOccurrence", &[Payout]),
        ],
        internal: &[],
        public: &[],
    },
    Service {
        server: "distribution",
        name: "bursar.distribution.v1.ApprovalService",
        reads: &["GetApprovalPolicy", "ListApprovalPolicies"],
        writes: &[
            ("ApproveDistribution", &[Approver]),
            ("RejectDistribution", &[Approver]),
            ("SetApprovalPolicy", &[Admin]),
        ],
        internal: &[],
        public: &[],
    },
    Service {
        server: "distribution",
        name: "bursar.distribution.v1.IngestService",
        reads: &["GetIngestFile", "ListIngestFiles", "ListIngestErrors"],
        writes: &[("IngestFile", &[Payout])],
        internal: &[],
        public: &[],
    },
    Service {
        server: "execution",
        name: "bursar.execution.v1.ExecutionService",
        reads: &[
            "GetRun",
            "ListRuns",
            "WatchRun",
            "ListBatches",
            "ListPayouts",
            "StreamPayouts",
            "GetPayout",
        ],
        writes: &[("ResolveInDoubt", &[Approver, Admin])],
        internal: &["StartRun", "QuoteRun", "CheckRecipients", "RetryRun", "RetryPayouts", "CancelRun"],
        public: &[],
    },
    Service {
        server: "execution",
        name: "bursar.execution.v1.DiagnosticsService",
        reads: &["Diagnose"],
        writes: &[],
        internal: &[],
        public: &[],
    },
    Service {
        server: "execution",
        name: "bursar.execution.v1.AlertService",
        reads: &["ListAlerts"],
        writes: &[],
        internal: &[],
        public: &[],
    },
    Service {
        server: "execution",
        name: "bursar.execution.v1.FundingAccountService",
        reads: &["GetFundingAccount", "ListFundingAccounts", "GetLimits"],
        writes: &[("CreateFundingAccount", &[Admin]), ("SetLimits", &[Admin])],
        internal: &[],
        public: &[],
    },
    Service {
        server: "execution",
        name: "bursar.execution.v1.PauseService",
        reads: &["ListPauses"],
        writes: &[("Pause", &[Pauser]), ("Resume", &[Pauser])],
        internal: &["SetAssetPause"],
        public: &[],
    },
    Service {
        server: "execution",
        name: "bursar.execution.v1.WithdrawalService",
        reads: &["ListDestinations", "GetWithdrawal", "ListWithdrawals"],
        writes: &[
            ("AddDestination", &[Admin]),
            ("RemoveDestination", &[Admin]),
            ("CreateWithdrawal", &[Transferer]),
            ("CancelWithdrawal", &[Transferer]),
        ],
        internal: &[],
        public: &[],
    },
    Service {
        server: "execution",
        name: "bursar.execution.v1.RestoreService",
        reads: &["GetSweep", "ListSweptPayments"],
        writes: &[("DeclareRestore", &[Admin]), ("AcknowledgeForgottenRun", &[Admin])],
        internal: &[],
        public: &[],
    },
];

/// Who may call a method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    /// Whoever holds one of these roles.
    Roles(&'static [Role]),
    /// Services, never through the gateway.
    Services,
    /// Anybody.
    Anybody,
}

/// A method as this suite knows it.
#[derive(Clone, Debug)]
pub(crate) struct Method {
    /// The server that has it.
    pub(crate) server: &'static str,
    /// `/package.Service/Method`
    pub(crate) path: String,
    pub(crate) who: Who,
    /// Whether a call that is let through is recorded.
    pub(crate) effects: bool,
}

impl Method {
    fn descriptor(&self, pool: &DescriptorPool) -> MethodDescriptor {
        let (service, name) = self.path[1..].split_once('/').expect("a path has two parts");
        let service = pool.get_service_by_name(service).expect("it is in the contract");
        service.methods().find(|found| found.name() == name).expect("it is in the contract")
    }
}

/// Every method, as listed above.
pub(crate) fn methods() -> Vec<Method> {
    let mut methods = Vec::new();
    for Service { server, name, reads, writes, internal, public } in &SERVICES {
        let mut add = |method: &str, who, effects| {
            methods.push(Method { server, path: format!("/{name}/{method}"), who, effects });
        };
        reads.iter().for_each(|method| add(method, Who::Roles(READERS), false));
        writes.iter().for_each(|(method, roles)| add(method, Who::Roles(roles), true));
        internal.iter().for_each(|method| add(method, Who::Services, false));
        public.iter().for_each(|method| add(method, Who::Anybody, false));
    }
    methods
}

#[test]
fn every_method_of_the_descriptor_set_is_listed_here_and_no_other() {
    let pool = DescriptorPool::decode(proto::FILE_DESCRIPTOR_SET).expect("the contract is sound");
    let services = pool.services().filter(|service| service.package_name().starts_with("bursar."));
    let paths = services.flat_map(|service| {
        let paths: Vec<String> =
            service.methods().map(|method| format!("/{}/{}", service.full_name(), method.name())).collect();
        paths
    });
    let mut in_contract: Vec<String> = paths.collect();
    let mut listed: Vec<String> = methods().into_iter().map(|method| method.path).collect();
    in_contract.sort();
    listed.sort();
    assert_eq!(listed, in_contract);
}

#[test]
fn what_is_listed_as_a_read_has_no_side_effects_and_what_is_listed_as_a_write_has() {
    let pool = DescriptorPool::decode(proto::FILE_DESCRIPTOR_SET).expect("the contract is sound");
    for method in methods().iter().filter(|method| method.who != Who::Services) {
        let options = method.descriptor(&pool).method_descriptor_proto().options.clone().unwrap_or_default();
        assert_eq!(options.idempotency_level != Some(NO_SIDE_EFFECTS), method.effects, "{}", method.path);
    }
}

#[test]
fn every_method_that_people_call_has_one_place_in_http_and_no_two_share_one() {
    let pool = DescriptorPool::decode(proto::FILE_DESCRIPTOR_SET).expect("the contract is sound");
    let http = pool.get_extension_by_name("google.api.http").expect("the annotation");
    let mut places = std::collections::BTreeMap::new();
    for method in methods().iter().filter(|method| method.who != Who::Services) {
        let options = method.descriptor(&pool).options();
        assert!(options.has_extension(&http), "{} has no google.api.http", method.path);
        let rule = options.get_extension(&http);
        let rule = rule.as_message().expect("a rule");
        let verbs = ["get", "post", "put", "patch", "delete"];
        let place = verbs.into_iter().find_map(|verb| {
            let path = rule.get_field_by_name(verb)?.as_str()?.to_owned();
            (!path.is_empty()).then(|| format!("{verb} {path}"))
        });
        let place = place.expect("a verb with a path");
        assert!(place.contains(" /v1/"), "{}: {place}", method.path);
        assert_eq!(place.starts_with("get "), !method.effects, "{}: {place}", method.path);
        let other = places.insert(place.clone(), method.path.clone());
        assert_eq!(other, None, "{place}");
    }
}
