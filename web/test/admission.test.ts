import assert from "node:assert/strict";
import { test } from "node:test";
import type { Enrolment } from "../src/api/types.ts";
import { byNeed, moment, secretWords, stateWords, waiting } from "../src/site/admission.ts";

function enrolment(name: string, state: string): Enrolment {
  return { agent: `id-${name}`, name, role: "rack", state, code: "", address: "", requested: null, expires: null, connected: false, secret: "", old_secret: false };
}

test("those that wait come first, those that were shut out last, and each by name", () => {
  const all = [enrolment("c", "revoked"), enrolment("rack-10", "approved"), enrolment("rack-2", "approved"), enrolment("z", "waiting"), enrolment("q", "new-state")];
  assert.deepEqual(byNeed(all).map((one) => one.name), ["z", "rack-2", "rack-10", "q", "c"]);
  assert.deepEqual(waiting(all).map((one) => one.name), ["z"]);
  assert.equal(all[0]?.name, "c", "the list that was given stays as it was");
});

test("every state has words, and an unheard-of one stands for itself", () => {
  assert.equal(new Set(["waiting", "approved", "revoked", "new-state"].map(stateWords)).size, 4);
  assert.equal(stateWords("new-state"), "new-state");
});

test("a moment is told by the calendar", () => assert.equal(moment(0, "UTC"), "1 Jan 1970, 00:00"));

const agents = [{ agent: "a", name: "rack-1", how: "join" }];
for (const [secret, words] of [
  [{ id: "s", signs: false, accepted: false, agents }, /^no longer taken, and last used by 1 agent/],
  [{ id: "s", signs: true, accepted: true, agents }, /^signs; used by 1 agent$/],
  [{ id: "s", signs: true, accepted: true, agents: [] }, /no agent uses it yet/],
  [{ id: "s", signs: false, accepted: true, agents }, /still used by 1 agent/],
  [{ id: "s", signs: false, accepted: true, agents: [] }, /`bellrock secret retire FILE` drops it/],
] as const)
  test(`a secret that ${secret.signs ? "signs" : secret.accepted ? "is old" : "is gone"} with ${secret.agents.length} users: ${words}`, () => assert.match(secretWords(secret), words));
