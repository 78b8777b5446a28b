//! The demonstration, small.

use serde_json::Value;

use crate::program::{error, folder, output};

#[test]
fn the_demonstration_pays_everybody_it_can_and_agrees_with_the_ledger() {
    let out = folder();
    let path = out.path().to_str().expect("a plain path");
    let output = output(&["demo", "--holders", "60", "--pool", "12345.678901", "--json", "--out", path]);
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
    let result = String::from_utf8(output.stdout).expect("text");
    let result: Value = serde_json::from_str(result.lines().last().expect("a line")).expect("JSON");

    assert_eq!((&result["holders"], &result["payees"], &result["held"]), (&60.into(), &59.into(), &1.into()));
    assert_eq!((&result["paid"], &result["failed"], &result["in_doubt"]), (&58.into(), &1.into(), &0.into()));
    assert_eq!((&result["duplicate_effects"], &result["unmatched"]), (&0.into(), &0.into()));
    assert_eq!(result["rail_effects"], 58);
    let units = |name: &str| result[name].as_str().expect("a string").parse::<u128>().expect("units");
    assert_eq!(units("pool"), 12_345_678_901);
    assert_eq!(units("entitled") + units("residue"), units("pool"));
    assert_eq!(units("rail_paid"), units("rail_debited"));

    let rows = |name: &str| {
        let mut file = csv::Reader::from_path(out.path().join(name)).expect("written");
        file.records().map(|row| row.expect("well-formed")).collect::<Vec<_>>()
    };
    let header = |name: &str| {
        let text = std::fs::read_to_string(out.path().join(name)).expect("written");
        text.lines().next().expect("a header").to_owned()
    };
    let expected = "ordinal,address,account,balance,units,status,reason,transaction_id,time";
    assert_eq!(
        (header("payouts.csv").as_str(), header("rail.csv").as_str()),
        (expected, "transaction_id,account,units")
    );
    let (payouts, rail) = (rows("payouts.csv"), rows("rail.csv"));
    assert_eq!((payouts.len(), rail.len(), rows("unpaid.csv").len()), (59, 58, 1));
    let failed: Vec<_> = payouts.iter().filter(|row| &row[5] == "FAILED").collect();
    assert_eq!(failed.len(), 1);
    assert_eq!(&failed[0][6], "ACCOUNT_FROZEN_FOR_TOKEN");
    let paid: u128 = rail.iter().map(|row| row[2].parse::<u128>().expect("units")).sum();
    assert_eq!(paid, units("rail_paid"));
}

#[test]
fn a_holders_file_with_a_bad_line_is_refused_by_line_and_reason() {
    let dir = folder();
    let file = dir.path().join("holders.csv");
    std::fs::write(&file, "address,balance\n0xb000000000000000000000000000000000000001,5\n0xb0,7\n")
        .expect("written");
    let refused = error(&["demo", "--holders", file.to_str().expect("a plain path")]);
    assert!(refused.contains("line 3:"), "{refused}");
}
