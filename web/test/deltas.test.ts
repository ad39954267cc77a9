import assert from "node:assert/strict";
import { test } from "node:test";
import { isDelta, withClaims, withFindings, withHosts, withInterfaces, withPairs } from "../src/live/deltas.ts";
import type { Standing } from "../src/api/types.ts";
import { facts, topologyOf } from "./make.ts";

const nowhere = { host: "", interface: "", vlan: null, flow: "", client: "", address: "" };
const standing = (key: string, what = "wrong"): Standing => ({
  id: "rule", key, severity: "warning", what, where: nowhere, cause: "", proof: ["seen"], evidence: [], confidence: "certain", fix: [],
  recheck: "", symptoms: [], state: "open", opened: 1, seen: 1, gone: null, origin: "",
});
const host = (name: string, connected: boolean) => ({ id: `id-${name}`, name, role: "rack", connected, seen_age: 0, clock_offset: 0, interfaces: 1 });

test("a message that holds what changed is known from one that holds all", () => {
  assert.ok(isDelta({ type: "hosts", changed: [] }));
  assert.ok(!isDelta({ type: "hosts", hosts: [] }));
  assert.ok(!isDelta("ping"));
  assert.ok(!isDelta(null));
});

test("a host that changed stays where it was, and a new one comes last", () => {
  const known = [host("a", true), host("b", true)];
  const now = withHosts(known, { changed: [host("c", true), host("a", false)] });
  assert.deepEqual(now.map((one) => [one.name, one.connected]), [["a", false], ["b", true], ["c", true]]);
  assert.equal(now[1], known[1]);
});

test("an interface that changed stays where it was, and one that is gone is not there", () => {
  const known = [facts("a", "eth0"), facts("a", "eth1"), facts("b", "eth0")];
  const now = withInterfaces(known, { changed: [facts("a", "eth1", { mtu: 9000 }), facts("c", "eth0")], gone: [{ host: "b", interface: "eth0" }] });
  assert.deepEqual(now.map((one) => [one.host, one.name, one.mtu]), [["a", "eth0", 1500], ["a", "eth1", 9000], ["c", "eth0", 1500]]);
  assert.equal(now[0], known[0]);
});

const none = { changed: [], gone: [] };
const still = { revision: 8, changed: [], gone: [], conflicts: none, unknown: none, names: {} };
const member = (host: string, name = "eth0") => ({ host, interface: name, vid: null, strength: "heard", age: 0, evidence: [] });

test("of a fabric only the members that changed are others, and what is not told of stays the same", () => {
  const known = topologyOf({ "v-1": ["f-1", 1], "v-2": ["f-2", 2], "v-3": ["f-3", 3] }, { a: { eth0: ["v-1"], eth1: [] }, b: { eth0: ["v-2"] }, c: { eth0: ["v-2"] } });
  const two = { id: "v-2", name: "two", vid: 2, subnets: [], changed: [member("d")], gone: [{ host: "b", interface: "eth0", vid: null }] };
  const nine = { id: "v-9", name: "", vid: 9, subnets: [], changed: [member("e")], gone: [] };
  const now = withClaims(known, {
    ...still,
    changed: [{ id: "f-2", name: "f-2", changed: [two], gone: [] }, { id: "f-9", name: "new", changed: [nine], gone: [] }],
    gone: ["f-1"],
    names: { "id-d": "d" },
  });
  assert.deepEqual(now.fabrics.map((one) => [one.id, one.vlans.map((each) => [each.id, each.members.map((port) => port.host)])]), [
    ["f-2", [["v-2", ["c", "d"]]]],
    ["f-3", known.fabrics[2]?.vlans.map((each) => [each.id, []])],
    ["f-9", [["v-9", ["e"]]]],
  ]);
  assert.equal(now.fabrics[1], known.fabrics[2]);
  assert.deepEqual([now.revision, now.names["id-d"]], [8, "d"]);
  const without = withClaims(now, { ...still, changed: [{ id: "f-9", name: "new", changed: [], gone: ["v-9"] }] });
  assert.deepEqual(without.fabrics[2]?.vlans, []);
});

test("contradictions go by what they say, and what is unknown by its place", () => {
  const known = topologyOf({}, { a: { eth1: [] } });
  const wrong = { kind: "address-misfit", where: [{ host: "a", interface: "eth0", vid: null }], proof: "two sentences" };
  const there = withClaims(known, { ...still, conflicts: { changed: [wrong], gone: [] }, unknown: { changed: [{ host: "b", interface: "eth0", why: "silent" }], gone: [{ host: "a", interface: "eth1" }] } });
  assert.deepEqual(there.conflicts, [wrong]);
  assert.deepEqual(there.unknown.map((one) => one.host), ["b"]);
  assert.deepEqual(withClaims(there, { ...still, conflicts: { changed: [], gone: [{ ...wrong }] } }).conflicts, []);
});

test("directions that pass again are gone, and culprits stay until others are told", () => {
  const end = (host: string) => ({ host, interface: "eth0" });
  const pair = (from: string, to: string, size: number) => ({ from: end(from), to: end(to), vid: null, mtu: size, limited_by: "link", expected: 9000 });
  const known = { pairs: [pair("a", "b", 1500), pair("b", "a", 1500)], culprits: [], measuring: ["a"], fine: 7 };
  const now = withPairs(known, { changed: [pair("a", "b", 1400), pair("c", "a", 1500)], gone: [{ from: end("b"), to: end("a"), vid: null }], culprits: null, measuring: [], fine: 8 });
  assert.deepEqual(now.pairs.map((one) => [one.from.host, one.mtu]), [["a", 1400], ["c", 1500]]);
  assert.equal(now.culprits, known.culprits);
  assert.deepEqual([now.measuring, now.fine], [[], 8]);
});

test("findings go by their key", () => {
  const known = withFindings({ findings: [], looked: null, missed: 0 }, { changed: [standing("a"), standing("b")], gone: [], looked: 1, missed: 0 });
  const now = withFindings(known, { changed: [standing("b", "gone-soon")], gone: ["a", "never-told"], looked: 2, missed: 1 });
  assert.deepEqual(now.findings.map((one) => [one.key, one.what]), [["b", "gone-soon"]]);
  assert.deepEqual([now.looked, now.missed], [2, 1]);
});
