#!/usr/bin/env python3
"""Recomputes a pool's pro-rata split from the holders file alone and compares it with what was recorded.

    split.py HOLDERS.csv PAYOUTS.csv POOL [--unpaid UNPAID.csv] [--base eligible|TOTAL_SUPPLY]

HOLDERS   address,balance: what was loaded into the network, in smallest units.
PAYOUTS   ordinal,address,account,balance,units,status,reason,transaction_id,time: one row per payee.
POOL      the sum that was to be split, in smallest units of the payment token.
UNPAID    address,account,balance,units,treatment,reason: holders that are not paid; the file `unpaid.csv` beside
          PAYOUTS when it is there. HOLD is counted and not paid, EXCLUDE is neither, PAY is zero by rounding.
--base    over what the pool is split: what counted holders hold together (the default), or the total supply.

The rule is that of docs/ENTITLEMENTS.md: everybody's quota is rounded down, and the units that are left go, one each,
to the largest remainders, equal ones to the smaller account number. Written from that page with Python's own integers;
it shares nothing with the program it judges. Exits 0 when everything agrees, 1 with every difference, 2 on a file that
cannot be read.
"""

import argparse
import csv
import pathlib
import sys

SHOWN_MAX = 20


class BadFile(Exception):
    """A file that cannot be read, with its line."""


def rows(path, columns):
    """The rows of a CSV file that has at least these columns, with their line numbers."""
    with open(path, newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        missing = [name for name in columns if name not in (reader.fieldnames or [])]
        if missing:
            raise BadFile(f"{path}: no column {', '.join(missing)}")
        for row in reader:
            yield reader.line_num, row


def integer(path, line, text):
    """A canonical unsigned integer."""
    if not text.isascii() or not text.isdigit() or (text[0] == "0" and text != "0"):
        raise BadFile(f"{path}:{line}: {text!r} is not an unsigned integer")
    return int(text)


def account_number(path, line, text):
    """The number of an account 0.0.N."""
    if not text.startswith("0.0."):
        raise BadFile(f"{path}:{line}: {text!r} is not an account")
    return integer(path, line, text[4:])


def read_holders(path):
    """Balances by address; a balance of zero is no holding."""
    balances = {}
    for line, row in rows(path, ["address", "balance"]):
        address = row["address"].strip().lower()
        if address in balances:
            raise BadFile(f"{path}:{line}: {address} appears twice")
        balances[address] = integer(path, line, row["balance"].strip())
    return {address: balance for address, balance in balances.items() if balance > 0}


def read_recorded(path, columns):
    """Recorded rows with numbers read, in the order of the file."""
    recorded = []
    for line, row in rows(path, columns):
        row = dict(row)
        row["address"] = row["address"].lower()
        row["number"] = account_number(path, line, row["account"])
        row["balance"] = integer(path, line, row["balance"])
        row["units"] = integer(path, line, row["units"])
        if "ordinal" in columns:
            row["ordinal"] = integer(path, line, row["ordinal"])
        recorded.append(row)
    return recorded


def split(pool, base, counted):
    """The shares of counted holders, a list of (account number, balance), by largest remainder."""
    eligible = sum(balance for _, balance in counted)
    if eligible > base or base == 0:
        raise BadFile("the holders have more than the base, or the base is zero")
    shares = {number: pool * balance // base for number, balance in counted}
    left = pool * eligible // base - sum(shares.values())
    by_remainder = sorted(counted, key=lambda holder: (-(pool * holder[1] % base), holder[0]))
    for number, _ in by_remainder[:left]:
        shares[number] += 1
    return shares


def compare(holders, payouts, unpaid, pool, base):
    """Everything in which the record differs from the recomputed split, and the recomputed totals."""
    differences = []
    recorded = payouts + unpaid
    numbers = [row["number"] for row in recorded]
    if len(set(numbers)) != len(numbers):
        differences.append("an account is recorded twice")
    by_address = {row["address"]: row for row in recorded}
    for address, balance in holders.items():
        row = by_address.get(address)
        if row is None:
            differences.append(f"{address} holds {balance} and is nowhere in the record")
        elif row["balance"] != balance:
            differences.append(f"{address} holds {balance}, recorded {row['balance']}")
    excluded = {row["number"] for row in unpaid if row["treatment"] == "EXCLUDE"}
    for row in recorded:
        if row["address"] not in holders and row["number"] not in excluded:
            differences.append(f"{row['account']} is recorded and holds nothing")

    # Balances from the holders file, never from the record.
    counted = [(row["number"], holders.get(row["address"], 0)) for row in recorded if row["number"] not in excluded]
    base = sum(balance for _, balance in counted) if base is None else base
    shares = split(pool, base, counted)
    for row in recorded:
        owed = 0 if row["number"] in excluded else shares[row["number"]]
        if row["units"] != owed:
            differences.append(f"{row['account']} is owed {owed}, recorded {row['units']}")
    for row in unpaid:
        if row["treatment"] == "PAY" and shares.get(row["number"], 0) != 0:
            differences.append(f"{row['account']} is owed {shares[row['number']]} and is not a payee")

    paid_in_order = sorted(payouts, key=lambda row: row["ordinal"])
    if [row["ordinal"] for row in paid_in_order] != list(range(len(payouts))):
        differences.append("the ordinals are not 0, 1, 2 and so on")
    if any(a["number"] >= b["number"] for a, b in zip(paid_in_order, paid_in_order[1:])):
        differences.append("the ordinals do not follow the account numbers")
    if any(row["units"] == 0 for row in payouts):
        differences.append("somebody is a payee of nothing")

    entitled = sum(shares[row["number"]] for row in payouts if row["number"] in shares)
    recorded_sum = sum(row["units"] for row in payouts)
    if recorded_sum != entitled:
        differences.append(f"the payees are owed {entitled} together, recorded {recorded_sum}")
    held = sum(shares[row["number"]] for row in unpaid if row["treatment"] == "HOLD")
    if base == sum(balance for _, balance in counted) and entitled + held != pool:
        differences.append(f"entitled {entitled} and held {held} are not the pool {pool}")
    return differences, entitled, held


def main():
    """Judges, says what it found, and exits accordingly."""
    parser = argparse.ArgumentParser(description="Recompute a pro-rata split and compare it with the record.")
    parser.add_argument("holders")
    parser.add_argument("payouts")
    parser.add_argument("pool")
    parser.add_argument("--unpaid")
    parser.add_argument("--base", default="eligible")
    arguments = parser.parse_args()
    beside = pathlib.Path(arguments.payouts).with_name("unpaid.csv")
    unpaid_path = arguments.unpaid or (beside if beside.exists() else None)
    try:
        pool = integer("POOL", 1, arguments.pool)
        base = None if arguments.base == "eligible" else integer("--base", 1, arguments.base)
        holders = read_holders(arguments.holders)
        payouts = read_recorded(arguments.payouts, ["ordinal", "address", "account", "balance", "units"])
        columns = ["address", "account", "balance", "units", "treatment", "reason"]
        unpaid = read_recorded(unpaid_path, columns) if unpaid_path else []
        differences, entitled, held = compare(holders, payouts, unpaid, pool, base)
    except (BadFile, OSError, UnicodeDecodeError, csv.Error) as error:
        print(f"split.py: {error}", file=sys.stderr)
        return 2
    for difference in differences[:SHOWN_MAX]:
        print(f"split.py: {difference}", file=sys.stderr)
    if len(differences) > SHOWN_MAX:
        print(f"split.py: and {len(differences) - SHOWN_MAX} more", file=sys.stderr)
    verdict = "differs" if differences else "agrees"
    print(f"{verdict}: {len(payouts)} payees, entitled {entitled}, held {held}, residue {pool - entitled}, pool {pool}")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
