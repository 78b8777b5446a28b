//! Answers as JSON: protobuf's own mapping with the field names of the protos, so that what a program reads here is what
//! it reads from any other client.

use std::sync::LazyLock;

use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage, SerializeOptions};
use serde_json::Value;

static POOL: LazyLock<DescriptorPool> = LazyLock::new(|| {
    DescriptorPool::decode(proto::FILE_DESCRIPTOR_SET).expect("the build checked the descriptor set")
});

/// The message of type `name` ("bursar.asset.v1.Asset") as JSON, fields without a value included.
///
/// # Panics
/// When `message` is not of the type `name`, which the tests of each command would show.
pub fn of(name: &str, message: &impl Message) -> Value {
    let descriptor = POOL.get_message_by_name(name).expect("the type is one of the contract's");
    let dynamic = DynamicMessage::decode(descriptor, message.encode_to_vec().as_slice())
        .expect("a message is read back as what it was written");
    let options = SerializeOptions::new().use_proto_field_name(true).skip_default_fields(false);
    dynamic
        .serialize_with_options(serde_json::value::Serializer, &options)
        .expect("every message has a JSON form")
}

/// All of these messages of type `name`, each as [`of`] gives it.
pub fn list(name: &str, messages: &[impl Message]) -> Value {
    messages.iter().map(|message| of(name, message)).collect()
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn messages_keep_the_names_and_exactness_of_the_contract() {
        let amount = proto::r#type::v1::Amount {
            units: u128::MAX.to_string(),
            asset: "hedera:sandbox/hbar".to_owned(),
        };
        let pool = proto::distribution::v1::Pool {
            amount: Some(amount),
            base: proto::distribution::v1::PoolBase::EligibleHolders.into(),
        };
        let expected = serde_json::json!({
            "amount": { "units": "340282366920938463463374607431768211455", "asset": "hedera:sandbox/hbar" },
            "base": "POOL_BASE_ELIGIBLE_HOLDERS",
        });
        assert_eq!(of("bursar.distribution.v1.Pool", &pool), expected);
    }
}
