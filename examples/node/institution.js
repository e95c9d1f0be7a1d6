// What an institution does with the registry. Every function is one thing that it wants.

import { randomUUID } from "node:crypto";

import { DirectoryService, RouteVerdict } from "./gen/kruispunt/directory/v1/directory_service_pb.js";
import { DossierService, RegistrationOutcome } from "./gen/kruispunt/directory/v1/dossier_service_pb.js";
import { NoticeKind, NoticeService } from "./gen/kruispunt/directory/v1/notice_service_pb.js";
import { IdentityService } from "./gen/kruispunt/identity/v1/identity_service_pb.js";

/** Say that you hold a dossier. Store the requestId with your own case before the call, to repeat it after a crash. */
export async function register(directory, { ssin, capacity, phase, begin }, requestId = randomUUID()) {
  const period = { begin };
  const request = { requestId, ssin, capacity, phase, period };
  const answer = await directory.call(DossierService.method.registerDossier, request);
  return { ...answer, outcome: RegistrationOutcome[answer.outcome] };
}

/** List who holds a dossier on a person. `current` is the number to keep: it differs if yours was replaced. */
export async function dossiersOn(directory, ssin) {
  const dossiers = [];
  let current = ssin;
  for await (const page of directory.pages(DirectoryService.method.listDossiers, { ssin })) {
    dossiers.push(...page.dossiers);
    current = page.resolution.currentSsin;
  }
  return { dossiers, current };
}

/** Follow numbers that may have been replaced, up to 10,000 at once; returns the current one by the one asked. */
export async function follow(identity, ssins) {
  const { results } = await identity.call(IdentityService.method.resolveNumbers, { ssins });
  return new Map(results.map(({ askedSsin, currentSsin }) => [askedSsin, currentSsin]));
}

/** Ask whether you may have a data set on a person, and from whom. A "no" is an answer, not an error. */
export async function mayHave(directory, ssin, code) {
  const answer = await directory.call(DirectoryService.method.getRoute, { ssin, dataSet: { code } });
  return { ...answer, verdict: RouteVerdict[answer.verdict] };
}

/** Where a watch begins that has never run: with what was not acknowledged yet. */
export const UNACKNOWLEDGED = { case: "unacknowledged", value: true };

/** Where a watch goes on: after the message with this token. */
export const after = (resumeToken) => ({ case: "resumeToken", value: resumeToken });

/**
 * Yield batches of notices, with the token to go on after each. Open it again with that token when it ends or breaks.
 * @param start UNACKNOWLEDGED, or after(token)
 */
export async function* noticesFrom(directory, start) {
  const request = { start: { start }, heartbeatSeconds: 10 };
  for await (const { content, resumeToken } of directory.watch(NoticeService.method.watchNotices, request)) {
    if (content.case !== "notices") continue;
    const notices = content.value.notices.map((notice) => ({ ...notice, kind: NoticeKind[notice.kind] }));
    yield { notices, resumeToken };
  }
}

/** Say that every notice up to a number was dealt with; do it once it was, and not before. */
export const acknowledge = (directory, upToNo) =>
  directory.call(NoticeService.method.acknowledgeNotices, { upToNo });
