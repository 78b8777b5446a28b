//! Amounts by every rule, with what comes off and on top: as reckoned here, payee by payee, and as the ledger moved them.

use proto::distribution::v1::amount_rule::Rule;
use proto::distribution::v1::{
    CreateDistributionRequest, Distribution, DistributionState, Entitlement, HolderTreatment, PercentOfValue,
    Pool, PoolBase, Rounding, Withholding, WithholdingRate,
};
use test_harness::{Edge, SandboxControl};
use tokio::task::JoinSet;

use crate::reckoning::{self, Line};
use crate::world::{Sort, World, digits, start, units};

/// Of holders with hardly anything up to more than all others have.
const BALANCES: [u64; 9] =
    [45, 100, 17, 7_777, 1_234_567, 99_999_999, 2_500_000_000, 31_000_003_127, 800_000_000];
const DEFAULT_PERCENT: &str = "26.375";
/// Places and rates of groups; everybody else has the default.
const RATES: [(&str, &str, &[usize]); 4] = [
    ("half of a unit", "25", &[2]),
    ("charities", "0", &[4]),
    ("", "100", &[5]),
    ("treaty", "12.5", &[0, 7]),
];
/// Counted, and not paid.
const HELD: usize = 6;
/// Neither counted nor paid.
const EXCLUDED: usize = 8;
/// Of some holders all is below it by each rule, of others nothing.
const MINIMUM: u128 = 50_000;
const POOL: u128 = 9_876_543_211;

/// How much each holder gets, for the request and for the reckoning.
#[derive(Clone, Copy, Debug)]
enum Asked {
    PerToken(&'static str),
    PerHolder(u128),
    Pool(PoolBase),
    /// A percentage of the value, which is the bond's own nominal value when none is given.
    Percent(&'static str, Option<&'static str>),
}

impl Asked {
    const fn sort(self) -> Sort {
        match self {
            Self::Percent(_, None) => Sort::Bond,
            Self::PerToken(_) | Self::PerHolder(_) | Self::Pool(_) | Self::Percent(_, Some(_)) => {
                Sort::Shares
            }
        }
    }

    fn rule(self, world: &World) -> Rule {
        match self {
            Self::PerToken(rate) => Rule::PerToken(rate.to_owned()),
            Self::PerHolder(each) => Rule::PerHolder(world.units(each)),
            Self::Pool(base) => Rule::Pool(Pool { amount: Some(world.units(POOL)), base: base.into() }),
            Self::Percent(percent, value) => Rule::PercentOfValue(PercentOfValue {
                percent: percent.to_owned(),
                value_per_token: value.unwrap_or_default().to_owned(),
            }),
        }
    }

    /// The gross amounts of these balances, and what was to be distributed, of a supply.
    fn gross(self, balances: &[u128], supply: u128) -> (Vec<u128>, u128) {
        let eligible = balances.iter().sum();
        let by = |earn: &dyn Fn(u128) -> u128| {
            (balances.iter().map(|balance| earn(*balance)).collect(), earn(eligible))
        };
        match self {
            Self::PerToken(rate) => by(&|balance| reckoning::per_token(balance, rate)),
            Self::Percent(percent, value) => {
                by(&|balance| reckoning::percent_of_value(balance, percent, value.unwrap_or("1.05")))
            }
            Self::PerHolder(each) => (vec![each; balances.len()], each * balances.len() as u128),
            Self::Pool(PoolBase::TotalSupply) => (reckoning::pool(POOL, supply, balances), POOL),
            Self::Pool(_) => (reckoning::pool(POOL, eligible, balances), POOL),
        }
    }
}

fn percent_of(place: usize) -> &'static str {
    RATES.iter().find(|(_, _, places)| places.contains(&place)).map_or(DEFAULT_PERCENT, |(_, rate, _)| rate)
}

fn withholding(world: &World, rounding: Rounding) -> Withholding {
    let rate = |(group, percent, places): &(&str, &str, &[usize])| WithholdingRate {
        group: (*group).to_owned(),
        percent: (*percent).to_owned(),
        accounts: places.iter().map(|place| world.holders[*place].clone()).collect(),
    };
    Withholding {
        default_percent: DEFAULT_PERCENT.to_owned(),
        rates: RATES.iter().map(rate).collect(),
        rounding: rounding.into(),
    }
}

/// What a distribution must come to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Reckoned {
    /// By place; nothing of who is not counted, or held.
    lines: Vec<Line>,
    held: u128,
    pool: u128,
}

fn reckon(asked: Asked, rounding: Rounding, minimum: u128, open: &[u128]) -> Reckoned {
    let all: Vec<u128> = BALANCES.iter().map(|balance| u128::from(*balance)).collect();
    let counted: Vec<usize> = (0..all.len()).filter(|place| *place != EXCLUDED).collect();
    let balances: Vec<u128> = counted.iter().map(|place| all[*place]).collect();
    let (gross, pool) = asked.gross(&balances, all.iter().sum());
    let mut reckoned = Reckoned { lines: vec![Line::default(); all.len()], held: 0, pool };
    for (place, gross) in counted.into_iter().zip(gross) {
        if place == HELD {
            reckoned.held = gross;
        } else {
            let withheld = reckoning::withheld(gross, percent_of(place), rounding);
            reckoned.lines[place] = Line::of(gross, withheld, open[place], minimum);
        }
    }
    reckoned
}

/// What the service says of each place, which the ledger is held against elsewhere.
fn assert_lines(found: &[Entitlement], world: &World, expected: &Reckoned) {
    for (place, holder) in world.holders.iter().enumerate() {
        let said = found.iter().find(|one| one.account == *holder).expect("every holder has a line");
        if place == HELD || place == EXCLUDED {
            let of = if place == HELD { expected.held } else { 0 };
            assert_eq!((said.ordinal, digits(&said.units)), (None, of), "{said:?}");
            continue;
        }
        let line = Line {
            gross: digits(&said.gross_units),
            withheld: digits(&said.withheld_units),
            brought: digits(&said.brought_forward_units),
            carried: digits(&said.carried_forward_units),
            paid: digits(&said.units),
        };
        assert_eq!(line, expected.lines[place], "the holder of place {place}");
        assert_eq!(said.ordinal.is_some(), line.paid > 0, "{said:?}");
        let reason = match line {
            Line { paid: 1.., .. } => "",
            Line { carried: 1.., .. } => "BELOW_MINIMUM",
            Line { withheld: 1.., .. } => "WITHHELD",
            _ => "ZERO_AMOUNT",
        };
        assert_eq!(said.reason, reason, "{said:?}");
    }
}

fn assert_totals(distribution: &Distribution, expected: &Reckoned) {
    let said = distribution.entitlements.as_ref().expect("calculated");
    let sum = |part: fn(&Line) -> u128| expected.lines.iter().map(part).sum::<u128>();
    let (withheld, carried) = (units(said.withheld.as_ref()), units(said.carried_forward.as_ref()));
    let (net, brought) = (units(said.net.as_ref()), units(said.brought_forward.as_ref()));
    let (entitled, payable) = (units(said.entitled.as_ref()), units(said.payable.as_ref()));
    assert_eq!(units(said.pool.as_ref()), entitled + units(said.residue.as_ref()));
    assert_eq!(entitled, net + withheld + carried);
    assert_eq!(payable, net + brought);
    assert_eq!((units(said.pool.as_ref()), units(said.held.as_ref())), (expected.pool, expected.held));
    assert_eq!(entitled, sum(|line| line.gross));
    assert_eq!((withheld, carried), (sum(|line| line.withheld), sum(|line| line.carried)));
    assert_eq!((brought, payable), (sum(|line| line.brought), sum(|line| line.paid)));
}

/// Pays twice: with a minimum, and then everything.
async fn pays_as_reckoned(edge: Edge, control: SandboxControl, asked: Asked, rounding: Rounding) {
    let world = World::build(&edge, &control, asked.sort(), &BALANCES).await;
    let everything = CreateDistributionRequest {
        withholding: Some(withholding(&world, rounding)),
        holder_decisions: vec![
            world.decide(HELD, HolderTreatment::Hold),
            world.decide(EXCLUDED, HolderTreatment::Exclude),
        ],
        ..world.request(asked.rule(&world))
    };
    let minimum =
        CreateDistributionRequest { minimum_amount: Some(world.units(MINIMUM)), ..everything.clone() };
    let mut open = vec![0; BALANCES.len()];
    let mut received = vec![0; BALANCES.len()];
    let mut funds = world.funds().await;
    for (request, minimum) in [(minimum, MINIMUM), (everything, 0)] {
        let expected = reckon(asked, rounding, minimum, &open);
        let created = world.create(request).await;
        assert_lines(&bursar_tests::seen::entitlements(&edge, &created.id).await, &world, &expected);
        assert_totals(&created, &expected);
        world.execute(&created.id, DistributionState::Completed).await;
        for (place, line) in expected.lines.iter().enumerate() {
            received[place] += line.paid;
            open[place] = if line.paid > 0 { 0 } else { open[place] + line.carried };
        }
        assert_eq!(world.received().await, received, "{asked:?}");
        let paid: u128 = expected.lines.iter().map(|line| line.paid).sum();
        let left = funds - world.funds().await;
        assert_eq!(left, paid, "what left the funding account, {asked:?}");
        assert_eq!(left, units(created.entitlements.expect("calculated").payable.as_ref()));
        funds -= left;
    }
    assert!(open.iter().all(|units| *units == 0), "everything that was carried forward is paid");
}

#[tokio::test(flavor = "multi_thread")]
async fn by_every_rule_and_rounding_each_payee_gets_what_plain_integers_say_and_no_other_unit_leaves() {
    let (harness, edge, control) = start().await;
    let cases = [
        (Asked::PerToken("12.3456"), Rounding::Down),
        (Asked::PerToken("12.3456"), Rounding::Up),
        (Asked::PerToken("12.3456"), Rounding::HalfUp),
        (Asked::PerHolder(49_999), Rounding::Up),
        (Asked::PerHolder(70_003), Rounding::HalfUp),
        (Asked::Pool(PoolBase::EligibleHolders), Rounding::HalfUp),
        (Asked::Pool(PoolBase::TotalSupply), Rounding::Down),
        (Asked::Percent("2.75", None), Rounding::HalfUp),
        (Asked::Percent("0.5", Some("31.000007")), Rounding::Up),
    ];
    let mut cases_running = JoinSet::new();
    for (asked, rounding) in cases {
        cases_running.spawn(pays_as_reckoned(edge.clone(), control.clone(), asked, rounding));
    }
    while let Some(ended) = cases_running.join_next().await {
        ended.expect("as reckoned");
    }
    harness.stop().await.expect("stopped");
}

/// Else a service that rounds the other way would pass.
#[test]
fn the_cases_tell_the_roundings_apart_and_have_who_is_below_the_minimum_and_who_is_not() {
    let none = vec![0; BALANCES.len()];
    let by = |rounding| reckon(Asked::PerToken("12.3456"), rounding, MINIMUM, &none).lines;
    let roundings = [Rounding::Down, Rounding::Up, Rounding::HalfUp].map(by);
    assert!(roundings[0] != roundings[1] && roundings[1] != roundings[2] && roundings[0] != roundings[2]);
    for lines in roundings {
        assert!(lines.iter().any(|line| line.paid > 0) && lines.iter().any(|line| line.carried > 0));
        assert!(lines.iter().any(|line| line.gross > 0 && line.gross == line.withheld));
    }
}
