import assert from "node:assert/strict";
import { test } from "node:test";
import { may, newUserTrouble, ROLES } from "../src/site/roles.ts";

test("each role includes those before it, and none after it", () => {
  for (const [at, role] of ROLES.entries())
    for (const [other, needed] of ROLES.entries()) assert.equal(may(role, needed), at >= other, `${role} ${needed}`);
});

test("a role that nobody has heard of may look, and no more", () => {
  assert.equal(may("emperor", "viewer"), true);
  assert.equal(may("emperor", "operator"), false);
  assert.equal(may("", "admin"), false);
});

for (const [name, password, again, trouble] of [
  ["ada", "a long one", "a long one", ""],
  [" ", "a", "a", "The user's name is missing."],
  ["ada", "", "", "The password is missing."],
  ["ada", "a", "b", "The two passwords differ."],
] as const)
  test(`a new user ${JSON.stringify([name, password, again])}: ${trouble || "taken"}`, () => assert.equal(newUserTrouble(name, password, again), trouble));
