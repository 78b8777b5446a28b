// Judges the sandbox and the Hedera client by something not ours: the official JavaScript SDK.
//
//   npm install --no-save --prefix DIR @hiero-ledger/sdk@2.87.0
//   export HEDERA_SDK_DIR=DIR
//
//   node hedera_sdk.mjs transfer
//     Transfers HBAR and a token through the given nodes, reads the receipts, and sends each transaction a second time, which
//     must be refused as a duplicate and leave the receipt as it was. From the environment (or --name=value):
//       NODES         127.0.0.1:50211=0.0.3,127.0.0.1:50213=0.0.4  (the SDK uses TLS on port 50212: avoid it)
//       OPERATOR_ID   pays and sends: 0.0.1001
//       OPERATOR_KEY  its Ed25519 key: DER or raw, in hexadecimal
//       TOKEN_ID      a fungible token that OPERATOR_ID holds and ACCOUNT_ID is associated with
//       ACCOUNT_ID    receives one tinybar and one unit of the token
//
//   node hedera_sdk.mjs read HEX
//     Reads the bytes of a prepared transfer (a HAPI Transaction) and prints what the SDK sees in them.
//
// Prints one line of JSON. Exits with 0 when everything is as expected, 1 when not, 2 when called wrongly.

import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import process from "node:process";

const ONE_UNIT = 1;
const DEADLINE_MS = 20_000;

const require = createRequire(join(resolve(process.env.HEDERA_SDK_DIR ?? "."), "/"));
const sdk = loadSdk();

function loadSdk() {
  try {
    return require("@hiero-ledger/sdk");
  } catch (error) {
    return misuse(`@hiero-ledger/sdk is not installed in HEDERA_SDK_DIR: ${error.code ?? error.message}`);
  }
}

function misuse(message) {
  process.stderr.write(`${message}\n`);
  return process.exit(2);
}

/** A setting: `--operator-id=…`, else OPERATOR_ID of the environment. */
function setting(name) {
  const flag = `--${name.toLowerCase().replaceAll("_", "-")}=`;
  const given = process.argv.find((argument) => argument.startsWith(flag));
  return given?.slice(flag.length) ?? process.env[name] ?? misuse(`${name} is not set`);
}

function connect(operator, key) {
  const nodes = setting("NODES").split(",").map((node) => node.split("="));
  const client = sdk.Client.forNetwork(Object.fromEntries(nodes));
  client.setMirrorNetwork([]);
  client.setNetworkUpdatePeriod(undefined);
  client.setDefaultRegenerateTransactionId(false);
  client.setRequestTimeout(DEADLINE_MS);
  client.setOperator(operator, key);
  return { client, nodeIds: nodes.map(([, id]) => sdk.AccountId.fromString(id)) };
}

function hbar(from, to) {
  const one = sdk.Hbar.fromTinybars(ONE_UNIT);
  return new sdk.TransferTransaction().addHbarTransfer(from, one.negated()).addHbarTransfer(to, one);
}

function token(id, from, to) {
  return new sdk.TransferTransaction().addTokenTransfer(id, from, -ONE_UNIT).addTokenTransfer(id, to, ONE_UNIT);
}

/** Sends a transfer twice under one id and tells what was heard. */
async function judge(name, transfer, { client, nodeIds, key }) {
  const id = sdk.TransactionId.generate(client.operatorAccountId);
  const frozen = transfer.setTransactionId(id).setNodeAccountIds(nodeIds).setRegenerateTransactionId(false);
  const signed = await frozen.freezeWith(client).sign(key);
  const bytes = signed.toBytes();
  await signed.execute(client);
  const receipt = await receiptOf(id, nodeIds, client);
  const again = await resubmitted(bytes, client);
  const after = await receiptOf(id, nodeIds, client);
  const ok = receipt === "SUCCESS" && again === "DUPLICATE_TRANSACTION" && after === "SUCCESS";
  return { name, transaction_id: id.toString(), receipt, again, after, ok };
}

async function receiptOf(id, nodeIds, client) {
  const query = new sdk.TransactionReceiptQuery().setTransactionId(id).setNodeAccountIds(nodeIds).setValidateStatus(false);
  return (await query.execute(client)).status.toString();
}

/** The precheck status of the same bytes, sent once more. */
async function resubmitted(bytes, client) {
  try {
    await sdk.Transaction.fromBytes(bytes).execute(client);
    return "OK";
  } catch (error) {
    return error.status?.toString() ?? `${error.name}: ${error.message}`;
  }
}

async function transfer() {
  const operator = sdk.AccountId.fromString(setting("OPERATOR_ID"));
  const account = sdk.AccountId.fromString(setting("ACCOUNT_ID"));
  const tokenId = sdk.TokenId.fromString(setting("TOKEN_ID"));
  const key = sdk.PrivateKey.fromStringED25519(setting("OPERATOR_KEY"));
  const connected = { ...connect(operator, key), key };
  try {
    return [
      await judge("hbar", hbar(operator, account), connected),
      await judge("token", token(tokenId, operator, account), connected),
    ];
  } finally {
    connected.client.close();
  }
}

async function read() {
  const hex = process.argv[3] ?? misuse("read needs the bytes of a transaction in hexadecimal");
  const seen = sdk.Transaction.fromBytes(Buffer.from(hex, "hex"));
  if (!(seen instanceof sdk.TransferTransaction)) {
    return [{ name: "read", ok: false, type: seen.constructor.name }];
  }
  // The signatures over the body as it is in the bytes, checked with the keys named beside them.
  const signatures = seen.getSignatures().getFlatSignatureList().flatMap((map) => [...map.keys()]);
  const transfers = [...seen.hbarTransfers].map(([account, amount]) => [`${account}`, `${amount.toTinybars()}`]);
  const tokens = [...seen.tokenTransfers].map(([id, list]) => ({
    token: `${id}`,
    decimals: seen.tokenIdDecimals.get(id) ?? null,
    transfers: [...list].map(([account, amount]) => [`${account}`, `${amount}`]),
  }));
  return [
    {
      name: "read",
      ok: signatures.length > 0 && signatures.every((signer) => signer.verifyTransaction(seen)),
      transaction_id: `${seen.transactionId}`,
      nodes: seen.nodeAccountIds.map((node) => `${node}`),
      valid_duration_s: seen.transactionValidDuration,
      memo: seen.transactionMemo,
      max_fee_tinybars: `${seen.maxTransactionFee?.toTinybars()}`,
      signers: signatures.map((signer) => signer.toStringRaw()),
      transfers,
      tokens,
    },
  ];
}

const commands = { transfer, read };
const command = commands[process.argv[2]] ?? misuse("usage: hedera_sdk.mjs transfer | read HEX");
try {
  const checks = await command();
  const ok = checks.every((check) => check.ok);
  process.stdout.write(`${JSON.stringify({ judge: "@hiero-ledger/sdk", ok, checks })}\n`);
  process.exit(ok ? 0 : 1);
} catch (error) {
  process.stdout.write(`${JSON.stringify({ judge: "@hiero-ledger/sdk", ok: false, error: String(error) })}\n`);
  process.exit(1);
}
