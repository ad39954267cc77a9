import assert from "node:assert/strict";
import { test } from "node:test";
import type { Standing } from "../src/api/types.ts";
import { findingFits, missedWords, placeWords, stateWords, sureWords, wrongWords } from "../src/site/wrong.ts";

function standing(more: Partial<Standing> = {}): Standing {
  const where = { host: "rack-1", interface: "eth1", vlan: 20, flow: "dhcp", client: "", address: "" };
  const told = { cause: "", proof: ["seen"], evidence: [], confidence: "certain", fix: [], recheck: "", symptoms: [] };
  return { id: "dhcp-two-servers", key: "k", severity: "error", what: "two servers", where, ...told, state: "open", opened: 1, seen: 2, gone: null, origin: "", ...more };
}

test("the headline counts causes by severity, and what they explain", () => {
  assert.equal(wrongWords({ findings: [], looked: null, missed: 0 }), "The region has not looked yet.");
  assert.equal(wrongWords({ findings: [], looked: 5, missed: 0 }), "Nothing is known to be wrong.");
  const some = [standing({ symptoms: ["a", "b"] }), standing({ severity: "warning" }), standing({ severity: "warning" })];
  assert.equal(wrongWords({ findings: some, looked: 5, missed: 0 }), "1 error, 2 warnings; 2 symptoms of 3 causes.");
});

test("a region that cannot look is no all-clear", () => {
  assert.deepEqual([0, 2].map((missed) => missedWords({ missed })), ["", ""]);
  assert.equal(missedWords({ missed: 7 }), "The last 7 looks failed, so this may be old; the region's log says why: look-failed.");
  assert.equal(wrongWords({ findings: [], looked: 5, missed: 3 }), "Nothing was known to be wrong.");
});

test("a place has what is known of it", () => {
  assert.equal(placeWords(standing()), "rack-1/eth1, VLAN 20, dhcp");
  const where = { host: "", interface: "", vlan: null, flow: "", client: "52:54:00:00:00:01", address: "10.0.0.1" };
  assert.equal(placeWords(standing({ where })), "client 52:54:00:00:00:01, 10.0.0.1");
});

test("states and confidence in words", () => {
  assert.deepEqual(["open", "flapping", "unseen", "odd"].map((state) => stateWords({ state })), ["", "comes and goes", "not seen at the last look", "odd"]);
  assert.equal(sureWords({ confidence: "certain" }), "certain");
  assert.equal(sureWords({ confidence: "odd" }), "odd");
});

test("the filter looks at what is said and where", () => {
  assert.ok(findingFits(standing(), "host:rack-1 dhcp"));
  assert.ok(findingFits(standing({ symptoms: ["node-7 has no lease"] }), "node-7"));
  assert.ok(!findingFits(standing(), "rack-2"));
});
