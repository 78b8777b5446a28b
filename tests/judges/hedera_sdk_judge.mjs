// Prepares the sandbox for hedera_sdk.mjs, runs that, and compares what the SDK heard with the sandbox's own ledger. Then has the
// SDK read a transfer that our client has prepared.
//
//   node hedera_sdk_judge.mjs JSON HEX
//
// JSON is the line that `bursar-sandbox` prints, HEX what libs/hedera's example `prepared_transfer` does. Started by run_hedera_sdk.sh. Prints a line for each check and at the end
// `N passed, N failed`; exits with 0 when none failed.

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import process from "node:process";

const CALL_MS = 10_000;
const SDK_MS = 120_000;
const TINYBARS = 1_000_000_000;

const network = JSON.parse(process.argv[2]);
const token = network.payment_token_id;
let failed = 0;
let passed = 0;

function check(what, found, expected) {
  const ok = JSON.stringify(found) === JSON.stringify(expected);
  ok ? (passed += 1) : (failed += 1);
  const difference = ok ? "" : `: found ${JSON.stringify(found)}, expected ${JSON.stringify(expected)}`;
  process.stdout.write(`${ok ? "ok    " : "FAILED"}  ${what}${difference}\n`);
}

/** The sandbox's control API. */
async function control(path, body) {
  const method = body === undefined ? "GET" : "POST";
  const signal = AbortSignal.timeout(CALL_MS);
  const answer = await fetch(`${network.control_url}${path}`, { method, body: JSON.stringify(body), signal });
  if (!answer.ok) {
    throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  }
  return answer.json();
}

/** What hedera_sdk.mjs prints. */
function sdk(settings, ...words) {
  const script = fileURLToPath(new URL("hedera_sdk.mjs", import.meta.url));
  const env = { ...process.env, ...settings };
  const run = spawnSync(process.execPath, [script, ...words], { encoding: "utf8", env, timeout: SDK_MS });
  process.stderr.write(run.stderr ?? "");
  return JSON.parse(run.stdout);
}

/** What the SDK heard of its own transfers. */
function transfer(account) {
  const settings = {
    NODES: network.nodes.map((node) => `${node.address}=${node.account_id}`).join(","),
    OPERATOR_ID: network.operator.account_id,
    OPERATOR_KEY: network.operator.private_key_der,
    TOKEN_ID: token,
    ACCOUNT_ID: account,
  };
  return sdk(settings, "transfer");
}

const account = (await control("/v1/accounts", { tinybars: TINYBARS })).account_id;
const heard = transfer(account);
check("the SDK is content", { ok: heard.ok, error: heard.error }, { ok: true });
for (const [name, asset] of [["hbar", "hbar"], ["token", token]]) {
  const one = (heard.checks ?? []).find((found) => found.name === name) ?? {};
  check(`${name}: the receipt`, one.receipt, "SUCCESS");
  check(`${name}: the same bytes again`, one.again, "DUPLICATE_TRANSACTION");
  check(`${name}: the receipt after that`, one.after, "SUCCESS");
  const effects = await control(`/v1/effects?asset=${asset}&account=${account}`);
  const shown = effects.map(({ account, units }) => ({ account, units }));
  check(`${name}: the ledger shows it once`, shown, [{ account, units: "1" }]);
}
const [seen] = sdk({}, "read", process.argv[3]).checks;
check("ours: the signatures are over what was sent", seen.ok, true);
check("ours: two have signed", seen.signers.length, 2);
check("ours: the transaction", seen.transaction_id, "0.0.1001@1795564077.123456789");
check("ours: for one node", seen.nodes, ["0.0.3"]);
check("ours: valid for", seen.valid_duration_s, 120);
check("ours: the memo", seen.memo, "att_01920f1c");
check("ours: the most it may cost", seen.max_fee_tinybars, "100000000");
check("ours: no HBAR moves", seen.transfers, []);
const moved = [["0.0.1002", "-12"], ["0.0.2000", "5"], ["0.0.2001", "7"]];
check("ours: who gets what", seen.tokens, [{ token: "0.0.456858", decimals: 6, transfers: moved }]);
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exit(failed === 0 ? 0 : 1);
