// What tests/contract/test_node.py asks of the example: it resumes a watch, and tells what refusals hold, as JSON.

import { parseArgs } from "node:util";

import { UNACKNOWLEDGED, after, dossiersOn, noticesFrom } from "./institution.js";
import { Refused, Registry } from "./registry.js";

const names = ["directory", "identity", "ca", "certificate", "key", "ssin", "service-config"];
const options = Object.fromEntries(names.map((name) => [name, { type: "string" }]));
const { values: given } = parseArgs({ options });

const { ca, certificate, key } = given;
const serviceConfig = given["service-config"];
const connect = (purpose) => new Registry({ endpoint: given.directory, ca, certificate, key, purpose, serviceConfig });
const directory = connect({ legalBasis: "18/042", endUser: "node-test", case: "test" });
const unsaid = connect({ legalBasis: "18/042", endUser: "", case: "test" });

const first = async (start) => {
  for await (const told of noticesFrom(directory, start)) return told;
};
const refusalOf = async (work) => {
  try {
    await work();
  } catch (refused) {
    if (!(refused instanceof Refused)) throw refused;
    const { status, reason, metadata, violations, retryAfterMs } = refused;
    return { status, reason, metadata, violations, waits: retryAfterMs > 0 };
  }
};

try {
  const began = await first(UNACKNOWLEDGED);
  const resumed = await first(after(began.resumeToken));
  const again = await first(UNACKNOWLEDGED);
  const numbers = ({ notices }) => notices.map((notice) => Number(notice.noticeNo));
  const refusals = {
    malformed: await refusalOf(() => dossiersOn(directory, "85073003329")),
    purpose: await refusalOf(() => dossiersOn(unsaid, given.ssin)),
    quota: await refusalOf(() => first(UNACKNOWLEDGED)),
  };
  const told = { began: numbers(began), resumed: numbers(resumed), again: numbers(again), refusals };
  console.log(JSON.stringify(told));
} finally {
  directory.close();
  unsaid.close();
}
