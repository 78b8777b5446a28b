#!/usr/bin/env python3
"""Recomputes what comes off, what is brought and what is carried forward, from docs/ENTITLEMENTS.md alone.

    amounts.py PAGE
    amounts.py PAGE ENTITLEMENTS.csv --rule RULE --holding-decimals N --payment-decimals N [--withhold PERCENT]
               [--rates RATES.csv] [--rounding down|up|half-up] [--minimum UNITS] [--earlier EARLIER.csv]...

PAGE          docs/ENTITLEMENTS.md: every row of its tables of percentages, of withholding and of the minimum.
ENTITLEMENTS  what `bursar distribution entitlements --csv` writes: one row per holder, in smallest units.
RULE          per-token:RATE, per-holder:UNITS or percent:PERCENT:VALUE; a pool is judged by split.py.
RATES         account,percent,group: the payees with rates of their own.
EARLIER       the same report of an earlier distribution that was executed, oldest first; what it left open counts.

Written from that page with exact fractions and Python's standard library; it shares nothing with the program it judges.
Exits 0 when everything agrees, 1 with every difference, 2 on a file that cannot be read.
"""

import argparse
import csv
import sys
from fractions import Fraction

SHOWN_MAX = 20
ROUNDINGS = ["down", "up", "half-up"]
OF_A_ROW = ["gross", "withheld", "brought_forward", "carried_forward", "paid"]
REPORT = ["account", "balance", "treatment", "reason", *OF_A_ROW]


class BadFile(Exception):
    """A file that cannot be read, with its place."""


def rounded(exact, rounding):
    """A fraction that is not negative, as an integer."""
    down, rest = divmod(exact.numerator, exact.denominator)
    if rounding == "up":
        return down + (1 if rest else 0)
    if rounding == "half-up":
        return down + (1 if 2 * rest >= exact.denominator else 0)
    return down


def withheld(gross, percent, rounding):
    """What comes off a gross amount."""
    return rounded(Fraction(gross) * Fraction(percent) / 100, rounding)


def settle(own, before, minimum):
    """Paid, brought forward and carried forward, of what is left of the gross amount and what is open."""
    due = own + before
    if due >= minimum and due > 0:
        return due, before, 0
    return 0, 0, own


def table(path, header):
    """The rows of the one table of a page with this header, as lists of texts, with their line numbers."""
    with open(path, encoding="utf-8") as file:
        lines = [line.strip() for line in file]
    places = [place for place, line in enumerate(lines) if line == f"| {' | '.join(header)} |"]
    if len(places) != 1:
        raise BadFile(f"{path}: {len(places)} tables of {', '.join(header)}")
    found = []
    for place in range(places[0] + 2, len(lines)):
        if not lines[place].startswith("|"):
            break
        cells = [cell.strip() for cell in lines[place].strip("|").split("|")]
        if len(cells) != len(header):
            raise BadFile(f"{path}:{place + 1}: {len(cells)} cells")
        found.append((place + 1, cells))
    if not found:
        raise BadFile(f"{path}: no row of {', '.join(header)}")
    return found


def judge_page(path):
    """Everything in which the page's tables differ from its words, and how many rows there are."""
    differences = []
    count = 0

    def same(line, what, said, found):
        if said != found:
            differences.append(f"{path}:{line}: {what} is {found}, the page says {said}")

    for line, (percent, value, rate) in table(path, ["percent", "value", "rate"]):
        same(line, "the rate", Fraction(rate), Fraction(percent) / 100 * Fraction(value))
        count += 1
    for line, (gross, percent, *said) in table(path, ["gross", "percent", "down", "up", "half up"]):
        for rounding, units in zip(ROUNDINGS, said):
            same(line, f"withheld, {rounding},", int(units), withheld(int(gross), percent, rounding))
        count += 1
    left = 0
    for line, cells in table(path, ["distribution", "gross", "open before", "paid", "open after"]):
        gross, before, said_paid, said_after = (int(cell) for cell in cells[1:])
        same(line, "what is open before", before, left)
        paid, brought, carried = settle(gross, before, 0 if "without a minimum" in cells[0] else 100)
        left = before - brought + carried
        same(line, "what is paid", said_paid, paid)
        same(line, "what is open after", said_after, left)
        count += 1
    return differences, count


def rows(path, columns):
    """The rows of a CSV file that has at least these columns, with their line numbers."""
    with open(path, newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        missing = [name for name in columns if name not in (reader.fieldnames or [])]
        if missing:
            raise BadFile(f"{path}: no column {', '.join(missing)}")
        for row in reader:
            yield reader.line_num, row


def report(path):
    """A report's rows with their integers read."""
    found = []
    for line, row in rows(path, REPORT):
        for name in ["balance", *OF_A_ROW]:
            text = row[name] or ""
            if not text and name == "gross" and row["treatment"] != "PAY":
                # Who is held or left out has none.
                text = "0"
            if not text.isascii() or not text.isdigit():
                raise BadFile(f"{path}:{line}: {name} {text!r} is not an unsigned integer")
            row[name] = int(text)
        found.append(row)
    return found


def opened(paths):
    """What earlier distributions left open, by account."""
    left = {}
    for path in paths:
        for row in report(path):
            change = row["carried_forward"] - row["brought_forward"]
            left[row["account"]] = left.get(row["account"], 0) + change
    return left


def gross_of(arguments):
    """The gross amount of a balance, by the rule."""
    name, *values = arguments.rule.split(":")
    if (name, len(values)) == ("per-holder", 1):
        each = int(values[0])
        return lambda balance: each if balance else 0
    if (name, len(values)) == ("per-token", 1):
        rate = Fraction(values[0])
    elif (name, len(values)) == ("percent", 2):
        rate = Fraction(values[0]) / 100 * Fraction(values[1])
    else:
        raise BadFile(f"--rule: {arguments.rule!r} is none")
    scale = Fraction(10) ** (arguments.payment_decimals - arguments.holding_decimals)
    return lambda balance: rounded(balance * rate * scale, "down")


def judge_report(arguments):
    """Everything in which a report differs from what is recomputed, and the sums."""
    gross_by_rule = gross_of(arguments)
    rates = {row["account"]: row["percent"] for _, row in rows(arguments.rates, ["account", "percent"])} \
        if arguments.rates else {}
    before = opened(arguments.earlier)
    differences, seen, sums = [], set(), dict.fromkeys(OF_A_ROW, 0)
    for row in report(arguments.entitlements):
        account = row["account"]
        if account in seen:
            differences.append(f"{account} is there twice")
        seen.add(account)
        if row["treatment"] != "PAY":
            if row["paid"] or row["withheld"] or row["brought_forward"] or row["carried_forward"]:
                differences.append(f"{account} is {row['treatment']} and something is paid or comes off")
            continue
        gross = gross_by_rule(row["balance"])
        off = withheld(gross, rates.get(account, arguments.withhold), arguments.rounding)
        own = gross - off
        paid, brought, carried = settle(own, before.get(account, 0), arguments.minimum)
        found = dict(zip(OF_A_ROW, [gross, off, brought, carried, paid]))
        differences += [f"{account}: {name} is {found[name]}, recorded {row[name]}" for name in OF_A_ROW
                        if found[name] != row[name]]
        if carried and row["reason"] != "BELOW_MINIMUM":
            differences.append(f"{account} is below the minimum, recorded {row['reason'] or 'without a reason'}")
        for name in OF_A_ROW:
            sums[name] += found[name]
    for account, units in before.items():
        if account not in seen and units and units >= arguments.minimum:
            differences.append(f"{account} has {units} open, not below the minimum, and is nowhere in the report")
    return differences, sums


def main():
    """Judges, says what it found, and exits accordingly."""
    parser = argparse.ArgumentParser(description="Recompute what comes off and what is carried forward.")
    parser.add_argument("page")
    parser.add_argument("entitlements", nargs="?")
    parser.add_argument("--rule")
    parser.add_argument("--holding-decimals", type=int, default=0)
    parser.add_argument("--payment-decimals", type=int, default=0)
    parser.add_argument("--withhold", default="0")
    parser.add_argument("--rates")
    parser.add_argument("--rounding", choices=ROUNDINGS, default="down")
    parser.add_argument("--minimum", type=int, default=0)
    parser.add_argument("--earlier", action="append", default=[])
    arguments = parser.parse_args()
    if (arguments.entitlements is None) != (arguments.rule is None):
        parser.error("ENTITLEMENTS and --rule go together")
    try:
        differences, count = judge_page(arguments.page)
        told = [f"{count} rows of the page"]
        if arguments.entitlements:
            more, sums = judge_report(arguments)
            differences += more
            told += [f"{name.replace('_', ' ')} {units}" for name, units in sums.items()]
    except (BadFile, OSError, ValueError, ZeroDivisionError, csv.Error) as error:
        print(f"amounts.py: {error}", file=sys.stderr)
        return 2
    for difference in differences[:SHOWN_MAX]:
        print(f"amounts.py: {difference}", file=sys.stderr)
    if len(differences) > SHOWN_MAX:
        print(f"amounts.py: and {len(differences) - SHOWN_MAX} more", file=sys.stderr)
    print(f"{'differs' if differences else 'agrees'}: {', '.join(told)}")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
