import assert from "node:assert/strict";
import { test } from "node:test";
import type { Finding, Node, NodeInterface } from "../src/api/types.ts";
import { broken, byTrouble, bySeverity, nodeFits, nodeWords, speedWords } from "../src/site/nodes.ts";

function finding(severity: string, what: string): Finding {
  const where = { host: "", interface: "", vlan: null, flow: "", client: "", address: "" };
  const told = { cause: "", proof: ["seen"], evidence: [], confidence: "certain", fix: [], recheck: "", symptoms: [] };
  return { id: "x", key: "x-1", severity, what, where, ...told };
}

function iface(name: string, vlans: readonly string[] = []): NodeInterface {
  return { name, mac: "52:54:00:00:00:01", carrier: true, speed: null, duplex: "", mtu: 1500, vlans, fabric: "fabric-0", switch: "sw-7 port 3" };
}

function node(name: string, findings: readonly Finding[], interfaces: readonly NodeInterface[] = [iface("eth0", ["VLAN 10 pxe"]), iface("eth1")]): Node {
  return { agent: `id-${name}`, name, age: 1, via: "", interfaces, findings };
}

test("findings stand worst first, then by what they say, and unheard-of severities last", () => {
  const all = [finding("trivia", "a"), finding("notice", "b"), finding("error", "eth10"), finding("error", "eth2"), finding("warning", "c")];
  assert.deepEqual(bySeverity(all).map((one) => one.what), ["eth2", "eth10", "c", "b", "a"]);
});

test("nodes stand by their worst finding, then by name", () => {
  const all = [node("n10", []), node("n2", []), node("z", [finding("warning", "w")]), node("y", [finding("notice", "n"), finding("error", "e")]), node("odd", [finding("trivia", "t")])];
  assert.deepEqual(byTrouble(all).map((one) => one.name), ["y", "z", "odd", "n2", "n10"]);
  assert.deepEqual(broken(all).map((one) => one.name), ["y"]);
});

test("a node's line counts interfaces, places and findings", () => {
  assert.equal(nodeWords(node("n", [])), "2 interfaces, 1 placed; nothing found wrong");
  assert.equal(nodeWords(node("n", [finding("error", "a"), finding("notice", "b"), finding("notice", "c")])), "2 interfaces, 1 placed; 1 error, 2 notices");
});

for (const [query, fits] of [
  ["", true],
  ["NODE-7", true],
  ["sw-7 pxe", true],
  ["mac:52:54", true],
  ["vlan:pxe host:node", true],
  ["node-8", false],
  ["node-7 storage", false],
] as const)
  test(`a node ${fits ? "fits" : "does not fit"} ${JSON.stringify(query)}`, () => assert.equal(nodeFits(node("node-7", []), query), fits));

for (const [speed, duplex, words] of [
  [25000, "full", "25 Gbit/s full"],
  [2500, "", "2.5 Gbit/s"],
  [100, "half", "100 Mbit/s half"],
  [null, "full", "full"],
  [0, "", ""],
  [-1, "", ""],
] as const)
  test(`a speed of ${speed} ${duplex} reads ${JSON.stringify(words)}`, () => assert.equal(speedWords({ speed, duplex }), words));
