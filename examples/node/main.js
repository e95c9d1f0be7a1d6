// The main job, once: node main.js --directory HOST:PORT --identity HOST:PORT --ca F --certificate F --key F --ssin N

import { parseArgs } from "node:util";

import {
  UNACKNOWLEDGED,
  acknowledge,
  dossiersOn,
  follow,
  mayHave,
  noticesFrom,
  register,
} from "./institution.js";
import { Refused, Registry } from "./registry.js";

const names = ["directory", "identity", "ca", "certificate", "key", "ssin", "service-config"];
const options = Object.fromEntries(names.map((name) => [name, { type: "string" }]));
const { values: given } = parseArgs({ options });

const purpose = { legalBasis: "18/042", endUser: "node-example", case: "example" };
const files = { ca: given.ca, certificate: given.certificate, key: given.key };
const connect = (endpoint) =>
  new Registry({ endpoint, ...files, purpose, serviceConfig: given["service-config"] });
const [directory, identity] = [connect(given.directory), connect(given.identity)];

try {
  const begin = { year: 2026, month: 1, day: 1 };
  const dossier = { ssin: given.ssin, capacity: 2, phase: 10, begin };
  console.log("registered", (await register(directory, dossier)).outcome);

  const { dossiers } = await dossiersOn(directory, given.ssin);
  for (const { institution, capacity, phase } of dossiers)
    console.log("dossier", `${institution.sector}/${institution.institution}`, capacity, phase);

  const current = (await follow(identity, [given.ssin])).get(given.ssin);
  console.log("number", current === given.ssin ? "stands" : `was replaced by ${current}`);

  console.log("route", (await mayHave(directory, given.ssin, "PENSION-RIGHTS")).verdict);

  try {
    await register(directory, { ...dossier, capacity: 77 });
  } catch (refused) {
    if (!(refused instanceof Refused)) throw refused;
    console.log("refused", refused.status, refused.reason, refused.metadata.field);
  }

  for await (const { notices, resumeToken } of noticesFrom(directory, UNACKNOWLEDGED)) {
    // Numbers of 64 bits arrive as BigInt.
    for (const notice of notices) console.log("notice", `${notice.noticeNo}`, notice.kind, notice.currentSsin);
    // Here the institution does with them what they are for; then it keeps the token, and acknowledges.
    const { acknowledgedNo } = await acknowledge(directory, notices.at(-1).noticeNo);
    console.log("acknowledged", `${acknowledgedNo}`);
    console.log("resume", resumeToken);
    break;
  }
} finally {
  directory.close();
  identity.close();
}
