//! A number that an enum of the contract does not have, in every place of every request that people can send: it is refused
//! by the name of its field, and never taken for "unspecified" or for anything else.

use auth::Role;
use ids::{RunId, SystemIds};
use prost_reflect::{
    DescriptorPool, DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, ReflectMessage as _, Value,
};
use proto::distribution::v1::timing::{Recurrence, Start};
use proto::distribution::v1::{
    CatchUpPolicy, CreateScheduleRequest, Distribution, Frequency, GetDistributionRequest,
    GetScheduleRequest, ListApprovalPoliciesRequest, ListDistributionsRequest, ListSchedulesRequest,
    Schedule, Timing,
};
use test_harness::{Edge, Harness, Scenario, Terms, terms_of};
use tonic::Code;

use crate::calls::Server;
use crate::contract::{Who, methods};

/// A number that no enum has.
const UNKNOWN: i32 = 99;
/// Counted by hand in the protos when this was written: of requests themselves, and of messages within them.
const AT_TOP_MIN: usize = 15;
const WITHIN_MIN: usize = 20;

/// A field of an enum's type, by the fields that lead to it.
type Place = Vec<FieldDescriptor>;

/// Every place below a message, that of a repeated field being its first element.
fn places(message: &MessageDescriptor, before: &[FieldDescriptor], found: &mut Vec<Place>) {
    for field in message.fields() {
        assert!(!field.is_map(), "{}: say here what an unknown number in a map is called", field.full_name());
        let place = [before, std::slice::from_ref(&field)].concat();
        match field.kind() {
            Kind::Enum(_) => found.push(place),
            Kind::Message(inner)
                if inner.package_name().starts_with("bursar.") && !before.contains(&field) =>
            {
                places(&inner, &place, found);
            }
            _ => {}
        }
    }
}

/// What the API calls a place.
fn name(place: &[FieldDescriptor]) -> String {
    let part =
        |field: &FieldDescriptor| format!("{}{}", field.name(), if field.is_list() { "[0]" } else { "" });
    let name = place.iter().map(part).collect::<Vec<_>>().join(".");
    // Of a change they are wrapped, to tell none from no change; both calls name them alike.
    name.replace("holder_decisions.decisions[0]", "holder_decisions[0]")
}

/// Puts the unknown number there.
fn put(message: &mut DynamicMessage, place: &[FieldDescriptor]) {
    let [field, rest @ ..] = place else { return };
    let value = match field.kind() {
        Kind::Message(inner) => {
            let mut inner = DynamicMessage::new(inner);
            put(&mut inner, rest);
            Value::Message(inner)
        }
        _ => Value::EnumNumber(UNKNOWN),
    };
    message.set_field(field, if field.is_list() { Value::List(vec![value]) } else { value });
}

/// What is there to be changed, so that a change is read to its end.
struct World {
    scenario: Scenario,
    distribution: Distribution,
    schedule: Schedule,
}

impl World {
    async fn build(harness: &Harness, edge: &Edge) -> World {
        let control = harness.control().expect("a sandbox");
        let terms = Terms { holders: 3, ..Terms::default() };
        let scenario = Scenario::build(edge, &control, terms).await.expect("built");
        let distribution = scenario.create(edge).await.expect("created");
        let request = yearly(&scenario);
        let created = edge.schedules().create_schedule(request).await.expect("created").into_inner();
        World { scenario, distribution, schedule: created.schedule.expect("a schedule") }
    }

    /// Sets what a request names, wherever it has a field of that name.
    fn name_in(&self, message: &mut DynamicMessage) {
        let text = |text: &str| Value::String(text.to_owned());
        let named = [
            ("asset_id", text(&self.scenario.asset_id)),
            ("distribution_id", text(&self.distribution.id)),
            ("schedule_id", text(&self.schedule.id)),
            ("run_id", text(&RunId::new(&SystemIds).to_string())),
            ("version", Value::U32(1)),
        ];
        let descriptor = message.descriptor();
        for (name, value) in named {
            if let Some(field) = descriptor.get_field_by_name(name) {
                message.set_field(&field, value);
            }
        }
    }

    /// That all is as it was, and nothing is there beside it.
    async fn assert_untouched(&self, edge: &Edge) {
        let mut distributions = edge.distributions();
        let request = GetDistributionRequest { distribution_id: self.distribution.id.clone() };
        let distribution = distributions.get_distribution(request).await.expect("it is there").into_inner();
        assert_eq!(distribution.distribution.as_ref(), Some(&self.distribution));
        let listed = distributions.list_distributions(ListDistributionsRequest::default()).await;
        assert_eq!(listed.expect("a page").into_inner().distributions.len(), 1);
        let mut schedules = edge.schedules();
        let request = GetScheduleRequest { schedule_id: self.schedule.id.clone() };
        let schedule = schedules.get_schedule(request).await.expect("it is there").into_inner();
        assert_eq!(schedule.schedule.as_ref(), Some(&self.schedule));
        let listed = schedules.list_schedules(ListSchedulesRequest::default()).await;
        assert_eq!(listed.expect("a page").into_inner().schedules.len(), 1);
        let listed = edge.approvals().list_approval_policies(ListApprovalPoliciesRequest::default()).await;
        assert_eq!(listed.expect("a page").into_inner().policies, []);
    }
}

fn yearly(scenario: &Scenario) -> CreateScheduleRequest {
    let timing = Timing {
        recurrence: Some(Recurrence::Frequency(Frequency::Yearly.into())),
        time_zone: "UTC".to_owned(),
        start: Some(Start::StartLocal("2100-01-01T09:00".to_owned())),
        ..Timing::default()
    };
    let catch_up = CatchUpPolicy::Skip.into();
    CreateScheduleRequest {
        terms: Some(terms_of(scenario.request.clone())),
        timing: Some(timing),
        catch_up,
        ..Default::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_that_an_enum_does_not_have_is_refused_by_its_field_wherever_people_can_send_one() {
    let harness = Harness::start().await.expect("started");
    let edge = harness.edge("root", &Role::ALL).await.expect("connected");
    let world = World::build(&harness, &edge).await;
    let (server, token) = (Server::connect(harness.gateway()).await, harness.token("root", &Role::ALL));
    let pool = DescriptorPool::decode(proto::FILE_DESCRIPTOR_SET).expect("the contract is sound");
    let (mut at_top, mut within, mut accepted) = (0, 0, Vec::new());
    for path in methods().into_iter().filter(|method| method.who != Who::Services).map(|method| method.path) {
        let (service, method) = path[1..].split_once('/').expect("a path has two parts");
        let service = pool.get_service_by_name(service).expect("it is in the contract");
        let method = service.methods().find(|found| found.name() == method).expect("it is in the contract");
        let mut found = Vec::new();
        places(&method.input(), &[], &mut found);
        for place in found {
            *(if place.len() == 1 { &mut at_top } else { &mut within }) += 1;
            let mut message = DynamicMessage::new(method.input());
            world.name_in(&mut message);
            put(&mut message, &place);
            let call = server.call_with(&path, Some(&token), message).await;
            let refused = (name(&place), "OUT_OF_RANGE".to_owned());
            if call.code != Code::InvalidArgument || !call.violations.contains(&refused) {
                accepted.push(format!("{} of {path}: {:?} {:?}", refused.0, call.code, call.violations));
            }
        }
    }
    assert!(accepted.is_empty(), "{} were not refused as such:\n{}", accepted.len(), accepted.join("\n"));
    assert!(at_top >= AT_TOP_MIN && within >= WITHIN_MIN, "{at_top} and {within} places were tried");
    world.assert_untouched(&edge).await;
    harness.stop().await.expect("stopped");
}
