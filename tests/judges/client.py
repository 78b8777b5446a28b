#!/usr/bin/env python3
"""Does the main job through the gateway with stubs generated from the protos, and judges it by the sandbox's ledger.

    client.py --bursar PROGRAM JSON

JSON is the line that `bursar up --sandbox --json` prints. Started by run_python.sh. Prints a line for each check and at
the end `N passed, N failed`; exits 0 when none failed.
"""

import argparse
import collections
import json
import subprocess
import sys
import time
import urllib.request
import uuid

import grpc
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from grpc_status import rpc_status

from bursar.asset.v1 import asset_pb2, asset_service_pb2, asset_service_pb2_grpc
from bursar.asset.v1 import payment_token_service_pb2, payment_token_service_pb2_grpc
from bursar.distribution.v1 import distribution_pb2, distribution_service_pb2, distribution_service_pb2_grpc
from bursar.execution.v1 import execution_pb2, execution_service_pb2, execution_service_pb2_grpc
from bursar.execution.v1 import funding_account_service_pb2, funding_account_service_pb2_grpc
from bursar.holder.v1 import holder_pb2, holder_service_pb2, holder_service_pb2_grpc
from bursar.type.v1 import amount_pb2

HOLDERS = 200
POOL = 1_000_000_000_001  # 1,000,000.000001 USDC: does not divide evenly
CALL_S = 30
WAIT_S = 120
SERVICES = {
    "bursar.asset.v1.AssetService",
    "bursar.asset.v1.PaymentTokenService",
    "bursar.distribution.v1.DistributionService",
    "bursar.distribution.v1.RedemptionService",
    "bursar.execution.v1.ExecutionService",
    "bursar.execution.v1.FundingAccountService",
    "bursar.holder.v1.HolderService",
}


class Checks:
    """Counts what agreed and what did not."""

    def __init__(self):
        self.passed = 0
        self.failed = 0

    def equal(self, what, found, expected):
        """One check: `found` is `expected`."""
        if found == expected:
            self.passed += 1
            print(f"ok      {what}")
        else:
            self.failed += 1
            print(f"FAILED  {what}: found {found!r}, expected {expected!r}")

    def true(self, what, found, detail=""):
        """One check: `found` holds; `detail` is shown when it does not."""
        self.equal(f"{what}", True if found else detail or False, True)


class Sandbox:
    """The sandbox's control API."""

    def __init__(self, url):
        self.url = url

    def get(self, path):
        """What a GET answers."""
        with urllib.request.urlopen(f"{self.url}{path}", timeout=CALL_S) as answer:
            return json.load(answer)

    def post(self, path, body):
        """What a POST answers."""
        request = urllib.request.Request(f"{self.url}{path}", data=json.dumps(body).encode(), method="POST")
        with urllib.request.urlopen(request, timeout=CALL_S) as answer:
            return json.load(answer)


class Caller:
    """Somebody with a token: the typed stubs, and what each call carries."""

    def __init__(self, channel, token):
        self.token = token
        self.assets = asset_service_pb2_grpc.AssetServiceStub(channel)
        self.payment_tokens = payment_token_service_pb2_grpc.PaymentTokenServiceStub(channel)
        self.distributions = distribution_service_pb2_grpc.DistributionServiceStub(channel)
        self.execution = execution_service_pb2_grpc.ExecutionServiceStub(channel)
        self.funding = funding_account_service_pb2_grpc.FundingAccountServiceStub(channel)
        self.holders = holder_service_pb2_grpc.HolderServiceStub(channel)

    def metadata(self, key=None):
        """The metadata of a call; `key` makes it repeatable."""
        metadata = []
        if self.token:
            metadata.append(("authorization", f"Bearer {self.token}"))
        if key:
            metadata.append(("idempotency-key", key))
        return metadata

    def read(self, method, request):
        """A call without effects."""
        return method(request, metadata=self.metadata(), timeout=CALL_S)

    def write(self, method, request, key=None):
        """A call with effects, under a key of its own unless one is given."""
        return method(request, metadata=self.metadata(key or str(uuid.uuid4())), timeout=CALL_S)

    def pages(self, method, request, field):
        """All rows of a list, page by page."""
        rows = []
        while True:
            answer = self.read(method, request)
            rows.extend(getattr(answer, field))
            request.page_token = answer.next_page_token
            if not answer.next_page_token:
                return rows


def refusal(call):
    """Code, reason and fields at fault of a call that is refused; `OK` when it is not."""
    try:
        call()
    except grpc.RpcError as error:
        info, bad = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
        status = rpc_status.from_call(error)
        for detail in status.details if status else []:
            detail.Unpack(info)
            detail.Unpack(bad)
        fields = tuple(violation.field for violation in bad.field_violations)
        return error.code().name, info.reason, info.domain, fields
    return ("OK",)


def until(what, look):
    """The first thing that `look` finds."""
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline:
        found = look()
        if found is not None:
            return found
        time.sleep(0.1)
    raise TimeoutError(f"{what} did not happen within {WAIT_S} s")


def mint(program, data, *roles):
    """A token of the installation's own issuer."""
    words = [program, "token", "--data", data, "--subject", "judge"]
    for role in roles:
        words += ["--role", role]
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout.strip()


def judge_edge(checks, channel, nobody, viewer):
    """What needs no job: health, reflection, and who is let in."""
    health = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=CALL_S)
    checks.equal("the health service says that it serves", health.status, health_pb2.HealthCheckResponse.SERVING)
    reflected = set(ProtoReflectionDescriptorDatabase(channel).get_services())
    checks.equal("reflection lists every service", reflected & SERVICES, SERVICES)

    request = asset_service_pb2.ListAssetsRequest()
    found = refusal(lambda: nobody.read(nobody.assets.ListAssets, request))
    checks.equal("without a token nobody reads", found[:3], ("UNAUTHENTICATED", "TOKEN_MISSING", "bursar"))
    request = asset_service_pb2.ImportAssetRequest(token_id="0.0.1", type=asset_pb2.ASSET_TYPE_EQUITY)
    found = refusal(lambda: viewer.write(viewer.assets.ImportAsset, request))
    checks.equal("a viewer changes nothing", found[:3], ("PERMISSION_DENIED", "ROLE_MISSING", "bursar"))


def import_asset(checks, operator, token_id, other_id):
    """Imports the token, and repeats it in every way."""
    request = asset_service_pb2.ImportAssetRequest(token_id=token_id, type=asset_pb2.ASSET_TYPE_EQUITY)
    call = operator.assets.ImportAsset
    asset = operator.write(call, request, "import-1").asset
    checks.equal("the asset is that token", asset.token_id, token_id)
    checks.equal("the same call again is the same answer", operator.write(call, request, "import-1").asset.id, asset.id)
    checks.equal("the token again is the same asset", operator.write(call, request).asset.id, asset.id)
    other = asset_service_pb2.ImportAssetRequest(token_id=other_id, type=asset_pb2.ASSET_TYPE_EQUITY)
    found = refusal(lambda: operator.write(call, other, "import-1"))
    checks.equal("a key is for one request", found[:2], ("ALREADY_EXISTS", "IDEMPOTENCY_KEY_REUSED"))
    found = refusal(lambda: operator.read(call, request))
    checks.equal("a change needs a key", found[:2], ("INVALID_ARGUMENT", "IDEMPOTENCY_KEY_REQUIRED"))
    bad = asset_service_pb2.ImportAssetRequest(token_id="abc", type=asset_pb2.ASSET_TYPE_EQUITY)
    found = refusal(lambda: operator.write(call, bad))
    checks.equal("a malformed id is named", (found[0], found[3]), ("INVALID_ARGUMENT", ("token_id",)))
    return asset


def judge_holders(checks, operator, asset, token):
    """Waits for the sync and compares the holders with the sandbox's token."""

    def synced():
        request = holder_service_pb2.GetSyncStatusRequest(asset_id=asset.id)
        status = operator.read(operator.holders.GetSyncStatus, request).status
        done = status.last_sync.state in (holder_pb2.SYNC_STATE_SUCCEEDED, holder_pb2.SYNC_STATE_FAILED)
        return status if done else None

    status = until("the first sync", synced)
    checks.equal("the sync succeeded", status.last_sync.state, holder_pb2.SYNC_STATE_SUCCEEDED)
    request = holder_service_pb2.ListHoldersRequest(asset_id=asset.id, page_size=64)
    holders = operator.pages(operator.holders.ListHolders, request, "holders")
    checks.equal("every holder is listed once", len({holder.account for holder in holders}), token["holders"])
    checks.equal("together they hold the supply", sum(int(holder.balance) for holder in holders), int(token["supply"]))


def prepare_money(checks, operator, usdc, up):
    """Accepts USDC and creates the funding account."""
    request = payment_token_service_pb2.AddPaymentTokenRequest(token=usdc)
    payment = operator.write(operator.payment_tokens.AddPaymentToken, request).payment_token
    checks.equal("USDC is accepted", (payment.token_id, payment.decimals), (usdc, 6))
    request = funding_account_service_pb2.CreateFundingAccountRequest(
        label="Judge", account=up["operator_account"], key_reference=up["operator_key_reference"]
    )
    funding = operator.write(operator.funding.CreateFundingAccount, request).funding_account
    checks.equal("the funding account is the operator's", funding.account, up["operator_account"])
    return payment, funding


def terms(asset, payment, funding, usdc, **more):
    """A dividend of the whole pool."""
    amount = amount_pb2.Amount(units=str(POOL), asset=payment.code)
    pool = distribution_pb2.Pool(amount=amount, base=distribution_pb2.POOL_BASE_ELIGIBLE_HOLDERS)
    return distribution_service_pb2.CreateDistributionRequest(
        asset_id=asset.id,
        label="Judged dividend",
        kind=distribution_pb2.DISTRIBUTION_KIND_DIVIDEND,
        amount_rule=distribution_pb2.AmountRule(pool=pool),
        payment_token=usdc,
        funding_account_id=funding.id,
        batch_size=50,
        **more,
    )


def judge_sum(checks, what, entitlements, holders):
    """Nothing is lost and nobody forgotten in a calculation."""
    units = [int(part.units) for part in (entitlements.entitled, entitlements.residue, entitlements.pool)]
    checks.equal(f"{what}: entitled and residue are the pool", (units[0] + units[1], units[2]), (POOL, POOL))
    counted = entitlements.payee_count + entitlements.zero_count
    counted += entitlements.held_count + entitlements.excluded_count
    checks.equal(f"{what}: every holder is in it", counted, holders)


def preview(checks, operator, request, holders):
    """Says what it would come to, and changes nothing."""
    found = operator.write(operator.distributions.CreateDistribution, request)
    checks.true("a preview creates nothing", found.HasField("preview") and not found.HasField("distribution"))
    judge_sum(checks, "the preview", found.preview.entitlements, holders)
    blocking = [finding.reason for finding in found.preview.findings if finding.blocking]
    checks.equal("nothing blocks it", blocking, [])
    listed = operator.read(operator.distributions.ListDistributions, distribution_service_pb2.ListDistributionsRequest())
    checks.equal("and nothing is there after it", len(listed.distributions), 0)


def pay(checks, operator, request):
    """Creates it, and watches until it has ended."""
    call = operator.distributions.CreateDistribution
    created = operator.write(call, request, "pay-1").distribution
    again = operator.write(call, request, "pay-1").distribution
    checks.equal("created twice under one key it is one", again.id, created.id)
    watch = distribution_service_pb2.WatchDistributionRequest(distribution_id=created.id)
    states, last = [], created
    updates = operator.distributions.WatchDistribution(watch, metadata=operator.metadata(), timeout=WAIT_S)
    for update in updates:
        last = update.distribution
        state = distribution_pb2.DistributionState.Name(last.state)
        if not states or states[-1] != state:
            states.append(state)
        judge_progress(checks, last)
    checks.equal("the watch ends when all is paid", states[-1], "DISTRIBUTION_STATE_COMPLETED")
    return last


def judge_progress(checks, distribution):
    """At every moment the tallies are the whole run; silent while they are."""
    if not distribution.HasField("progress"):
        return
    progress = distribution.progress
    parts = (progress.pending, progress.processing, progress.in_doubt, progress.paid, progress.failed, progress.cancelled)
    counted = sum(part.payouts for part in parts), sum(int(part.units) for part in parts)
    expected = distribution.entitlements.payee_count, int(distribution.entitlements.entitled.units)
    if counted != expected:
        checks.equal("the tallies add up to the run", counted, expected)


def judge_split(checks, operator, distribution):
    """Each payee's share is its part of the pool to less than a unit."""
    request = distribution_service_pb2.ListEntitlementsRequest(distribution_id=distribution.id, page_size=64)
    rows = operator.pages(operator.distributions.ListEntitlements, request, "entitlements")
    counted = [row for row in rows if row.treatment != distribution_pb2.HOLDER_TREATMENT_EXCLUDE]
    base = sum(int(row.balance) for row in counted)
    wrong = [row.account for row in counted if abs(int(row.units) * base - POOL * int(row.balance)) >= base]
    checks.equal("every share is its part of the pool", wrong, [])
    return {row.account: int(row.units) for row in rows if row.HasField("ordinal")}


def judge_ledger(checks, operator, distribution, owed, effects):
    """Payout by payout: what was owed, what we recorded, what the ledger shows."""
    request = execution_service_pb2.ListPayoutsRequest(run_id=distribution.run_id, page_size=64)
    payouts = operator.pages(operator.execution.ListPayouts, request, "payouts")
    checks.equal("the payouts are in order", [payout.ordinal for payout in payouts], list(range(len(owed))))
    unpaid = [payout.id for payout in payouts if payout.status != execution_pb2.PAYOUT_STATUS_PAID]
    checks.equal("every payout is paid", unpaid, [])
    recorded = collections.Counter(
        (payout.transaction_id, payout.recipient.hedera_account, int(payout.amount.units)) for payout in payouts
    )
    shown = collections.Counter((effect["transaction_id"], effect["account"], int(effect["units"])) for effect in effects)
    checks.equal("only we recorded", recorded - shown, collections.Counter())
    checks.equal("only the ledger shows", shown - recorded, collections.Counter())
    paid = {effect["account"]: int(effect["units"]) for effect in effects}
    checks.equal("the ledger shows each payee once", len(effects), len(paid))
    checks.equal("and what it was owed", paid, owed)
    checks.equal("which is the pool, to the unit", sum(paid.values()), int(distribution.entitlements.entitled.units))

    stream = execution_service_pb2.StreamPayoutsRequest(run_id=distribution.run_id)
    chunks = operator.execution.StreamPayouts(stream, metadata=operator.metadata(), timeout=CALL_S)
    streamed = [payout.id for chunk in chunks for payout in chunk.payouts]
    checks.equal("the stream has the same payouts", streamed, [payout.id for payout in payouts])
    request = execution_service_pb2.GetPayoutRequest(payout_id=payouts[0].id)
    attempts = operator.read(operator.execution.GetPayout, request).attempts
    checks.equal("a payout shows its one attempt", [attempt.transaction_id for attempt in attempts], [payouts[0].transaction_id])
    checks.true("with evidence", attempts and attempts[0].evidence)


def judge_refusals(checks, operator, request):
    """Bad input says what is bad."""
    unknown = distribution_service_pb2.GetDistributionRequest(distribution_id=f"dst_{uuid.uuid4().hex}")
    found = refusal(lambda: operator.read(operator.distributions.GetDistribution, unknown))
    checks.equal("an unknown distribution is not found", found[:2], ("NOT_FOUND", "DISTRIBUTION_NOT_FOUND"))
    for units in ("0", "-5", "1e3", "01", " 1", "340282366920938463463374607431768211456"):
        bad = distribution_service_pb2.CreateDistributionRequest()
        bad.CopyFrom(request)
        bad.amount_rule.pool.amount.units = units
        found = refusal(lambda: operator.write(operator.distributions.CreateDistribution, bad))
        named = found[0] == "INVALID_ARGUMENT" and any(field.startswith("amount_rule") for field in found[3])
        checks.true(f"a pool of {units!r} is refused with its field", named, found)


def run(checks, up, program):
    """The whole job."""
    sandbox = Sandbox(up["sandbox_control"])
    with grpc.insecure_channel(up["gateway"].removeprefix("http://")) as channel:
        viewer = Caller(channel, mint(program, up["data"], "VIEWER"))
        operator = Caller(channel, mint(program, up["data"], "PAYOUT", "PAYMENT_TOKEN_MANAGER", "ADMIN"))
        judge_edge(checks, channel, Caller(channel, None), viewer)

        holders = {"count": HOLDERS, "seed": 7}
        token = sandbox.post("/v1/tokens", {"name": "Judged", "symbol": "JDG", "decimals": 8, "holders": holders})
        usdc = sandbox.get("/v1/network")["payment_token_id"]
        asset = import_asset(checks, operator, token["token_id"], usdc)
        judge_holders(checks, operator, asset, token)
        payment, funding = prepare_money(checks, operator, usdc, up)
        preview(checks, operator, terms(asset, payment, funding, usdc, validate_only=True), token["holders"])
        request = terms(asset, payment, funding, usdc, execute_now=True)
        judge_refusals(checks, operator, request)
        distribution = pay(checks, operator, request)
        judge_sum(checks, "the distribution", distribution.entitlements, token["holders"])
        owed = judge_split(checks, operator, distribution)
        judge_ledger(checks, operator, distribution, owed, sandbox.get(f"/v1/effects?asset={usdc}"))


def main():
    """Judges, and exits accordingly."""
    parser = argparse.ArgumentParser(description="Do the main job through the gateway and judge it by the ledger.")
    parser.add_argument("--bursar", required=True, help="the program, for tokens")
    parser.add_argument("up", type=json.loads, help="the line of `bursar up --json`")
    arguments = parser.parse_args()
    checks = Checks()
    try:
        run(checks, arguments.up, arguments.bursar)
    except (grpc.RpcError, TimeoutError, OSError, subprocess.CalledProcessError) as error:
        checks.true("the job goes through", False, str(error))
    print(f"{checks.passed} passed, {checks.failed} failed")
    return 1 if checks.failed else 0


if __name__ == "__main__":
    sys.exit(main())
