//! Prints a prepared transfer in hexadecimal, for `tests/judges/hedera_sdk.mjs read`: somebody else's client says what is in it.
//!
//! 5 units of the token 0.0.456858 with 6 decimals to 0.0.2000 and 7 to 0.0.2001, from 0.0.1002, paid by 0.0.1001, for the
//! node 0.0.3. The keys are worth nothing.

use std::io::Write as _;

use hedera::transfer::{Asset, Signers, TransferPlan, prepare};
use hedera::{AccountId, Ed25519Key};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let account = AccountId::from_num;
    let plan = TransferPlan {
        payer: account(1001)?,
        sender: account(1002)?,
        asset: Asset::Token { id: "0.0.456858".parse()?, decimals: 6 },
        recipients: &[(account(2000)?, 5), (account(2001)?, 7)],
        memo: "att_01920f1c",
        valid_start_ns: 1_795_564_077_123_456_789,
        valid_duration_s: 120,
        max_fee_tinybars: 100_000_000,
        nodes: &[account(3)?],
    };
    let (payer, sender) = (Ed25519Key::from_seed(&[1; 32]), Ed25519Key::from_seed(&[2; 32]));
    let copies = prepare(&plan, Signers { payer: &payer, sender: Some(&sender) })?;
    writeln!(std::io::stdout(), "{}", hex::encode(&copies[0].bytes))?;
    Ok(())
}
