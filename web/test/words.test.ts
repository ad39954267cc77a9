import assert from "node:assert/strict";
import { test } from "node:test";
import * as words from "../src/site/words.ts";
import { topologyOf } from "./make.ts";

const VLANS = { a: ["f", 10], b: ["f", 20], c: ["g", null] } as const satisfies Record<string, [string, number | null]>;

test("the headline counts, in the singular where there is one", () => {
  const found = topologyOf(VLANS as never, { h: { eth0: ["a"], eth1: [] } });
  assert.equal(words.headline(found, 10), "2 fabrics, 3 VLANs, 10 hosts; no conflicts; 1 interface unknown.");
  const where = [{ host: "h", interface: "eth0", vid: null }];
  const worse = { ...found, fabrics: [], unknown: [], conflicts: [{ kind: "loop", where, proof: "p" }] };
  assert.equal(words.headline(worse, 1), "0 fabrics, 0 VLANs, 1 host; 1 conflict; nothing unknown.");
});

for (const [seconds, shown] of [
  [-3, "0 s"],
  [0.9, "0 s"],
  [99, "99 s"],
  [100, "1 min"],
  [5999, "99 min"],
  [6000, "1 h"],
  [172799, "47 h"],
  [172800, "2 d"],
] as const)
  test(`an age of ${seconds} s reads ${shown}`, () => assert.equal(words.age(seconds), shown));

for (const [seconds, shown] of [
  [0.00031, "0.31 ms"],
  [0.0123, "12 ms"],
  [1.25, "1.3 s"],
] as const)
  test(`a round trip of ${seconds} s reads ${shown}`, () => assert.equal(words.span(seconds), shown));

test("a port reads as people type it", () => {
  assert.equal(words.portName({ host: "h", interface: "eth0", vid: null }), "h/eth0");
  assert.equal(words.portName({ host: "h", interface: "eth0", vid: 20 }), "h/eth0.20");
});

test("a VLAN's name is shown unless it repeats the VID, and an unknown VID is said to be unknown", () => {
  assert.equal(words.vlanName({ id: "x", name: "storage", vid: 20 }), "VLAN 20 storage");
  for (const name of ["20", "vlan-20", "VLAN20", "vlan 020"]) assert.equal(words.vlanName({ id: "x", name, vid: 20 }), "VLAN 20");
  assert.equal(words.vlanName({ id: "x", name: "vlan-21", vid: 20 }), "VLAN 20 vlan-21");
  assert.equal(words.vlanName({ id: "x", name: "", vid: null }), "VLAN x (VID not known)");
});

test("every reason has its own advice, however it is spelt, and an unheard-of one has some", () => {
  const seen = new Set<string>();
  for (const reason of ["wrong-secret", "skew", "unknown-version", "replay", "malformed", "too-big", "empty", "truncated", "off-link"]) {
    seen.add(words.advice(reason).means);
    assert.deepEqual(words.advice(reason.replaceAll("-", "_").toUpperCase()), words.advice(reason));
  }
  assert.equal(seen.size, 9);
  assert.match(words.advice("something-new").todo, /MAC address/);
});

test("a skew says which way", () => {
  assert.equal(words.skewWords({ skew: 312 }), "5 min ahead");
  assert.equal(words.skewWords({ skew: -41.7 }), "41 s behind");
  assert.equal(words.skewWords({ skew: null }), "");
});

test("every verdict is a sentence that names both ports", () => {
  const sentences = ["same-vlan", "same-fabric", "apart", "unknown"].map((verdict) => words.verdictSentence(verdict, "A", "B"));
  assert.equal(new Set(sentences).size, 4);
  for (const sentence of sentences) assert.match(sentence, /A.*B.*\.$/);
});

test("names sort as people sort them", () => {
  assert.deepEqual(["eth10", "eth2", "Eth1"].sort(words.natural), ["Eth1", "eth2", "eth10"]);
  assert.notEqual(words.natural("a", "A"), 0);
});
