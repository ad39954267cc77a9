import assert from "node:assert/strict";
import { test } from "node:test";
import type { AuditEntry } from "../src/api/types.ts";
import { changeWords, joined, whatWords, whoWords } from "../src/site/audit.ts";

function entry(id: number, more: Partial<AuditEntry> = {}): AuditEntry {
  return { id, at: 0, who: "ada", how: "password", address: "", action: "change user", subject: "otto", before: "", after: "", outcome: "done", ...more };
}

test("what was done names what it was done to, where there is such", () => {
  assert.equal(whatWords(entry(1)), "change user otto");
  assert.equal(whatWords(entry(1, { subject: "" })), "change user");
});

for (const [before, after, words] of [
  ["viewer", "admin", "viewer → admin"],
  ["viewer", "", "viewer →"],
  ["", "admin", "→ admin"],
  ["", "", ""],
] as const)
  test(`from ${before || "nothing"} to ${after || "nothing"} reads ${JSON.stringify(words)}`, () => assert.equal(changeWords({ before, after }), words));

test("how somebody showed who it is stands by the name where the name does not tell", () => {
  assert.equal(whoWords({ who: "ada", how: "password" }), "ada");
  assert.equal(whoWords({ who: "one-time login", how: "one-time" }), "one-time login");
  assert.equal(whoWords({ who: "ada", how: "token" }), "ada (token)");
});

test("pages join, each entry once, the newest first", () => {
  const all = joined([entry(5), entry(4)], [entry(4), entry(7), entry(2)]);
  assert.deepEqual(all.map((one) => one.id), [7, 5, 4, 2]);
});
