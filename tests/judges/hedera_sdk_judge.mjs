// Prepares the sandbox for hedera_sdk.mjs, runs that, and compares what the SDK heard with the sandbox's own ledger.
//
//   node hedera_sdk_judge.mjs JSON
//
// JSON is the line that `bursar-sandbox` prints. Started by run_hedera_sdk.sh. Prints a line for each check and at the end
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

/** What the SDK heard, as hedera_sdk.mjs prints it. */
function transfer(account) {
  const settings = {
    NODES: network.nodes.map((node) => `${node.address}=${node.account_id}`).join(","),
    OPERATOR_ID: network.operator.account_id,
    OPERATOR_KEY: network.operator.private_key_der,
    TOKEN_ID: token,
    ACCOUNT_ID: account,
  };
  const script = fileURLToPath(new URL("hedera_sdk.mjs", import.meta.url));
  const env = { ...process.env, ...settings };
  const run = spawnSync(process.execPath, [script, "transfer"], { encoding: "utf8", env, timeout: SDK_MS });
  process.stderr.write(run.stderr ?? "");
  return JSON.parse(run.stdout);
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
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exit(failed === 0 ? 0 : 1);
