import assert from "node:assert/strict";
import { test } from "node:test";
import { changes, shorten } from "../src/site/changes.ts";
import { makeFilter } from "../src/site/filter.ts";
import { fold } from "../src/site/fold.ts";
import { HUES, makeSite } from "../src/site/site.ts";
import { facts, siteOf, topologyOf } from "./make.ts";

const VLANS: Record<string, [string, number | null]> = { v20: ["f", 20], v10: ["f", 10], w: ["g", null] };
const WIRING = { "h-10": { eth0: ["v10", ["v20", 20]] }, "h-9": { eth0: ["v10"], eth1: [] } } as const;

function keys(query: string): string[] {
  const site = makeSite(topologyOf(VLANS, WIRING as never), [facts("h-9", "eth0", { mac: "AA:bb:cc:00:00:01", addresses: ["192.0.2.7/24"] })]);
  return site.plugs.filter(makeFilter(query, site)).map((plug) => plug.key);
}

test("rails go by fabric and VID, plugs by host and name", () => {
  const site = siteOf(VLANS, WIRING as never);
  assert.deepEqual(site.rails.map((rail) => rail.id), ["v10", "v20", "w"]);
  assert.deepEqual(site.plugs.map((plug) => plug.key), ["h-9/eth0", "h-9/eth1", "h-10/eth0"]);
  assert.equal(site.plugs[1]?.unknown, "silence");
  assert.deepEqual(site.plugs[2]?.touches.map((touch) => touch.vid), [null, 20]);
});

test("a conflict is noted at each port that it names, even at one that nothing else names", () => {
  const found = topologyOf(VLANS, WIRING as never);
  const where = [
    { host: "h-9", interface: "eth0", vid: null },
    { host: "new", interface: "eth7", vid: 3 },
  ];
  const site = makeSite({ ...found, conflicts: [{ kind: "loop", where: [], proof: "" }, { kind: "loop", where, proof: "" }] }, []);
  assert.deepEqual(site.plugs.filter((plug) => plug.conflicts.length > 0).map((plug) => [plug.key, plug.conflicts]), [["h-9/eth0", [2]], ["new/eth7", [2]]]);
});

test("hues differ while there are enough, and stay when a VLAN comes", () => {
  const many = Object.fromEntries(Array.from({ length: HUES }, (_, n): [string, [string, number]] => [`id-${n}`, ["f", n + 1]]));
  const before = siteOf(many, {});
  assert.equal(new Set(before.rails.map((rail) => rail.hue)).size, HUES);
  const after = siteOf({ ...many, zz: ["f", 99] }, {});
  for (const rail of before.rails) assert.equal(after.rails.find((item) => item.id === rail.id)?.hue, rail.hue);
});

for (const [query, found] of [
  ["", ["h-9/eth0", "h-9/eth1", "h-10/eth0"]],
  ["H-9", ["h-9/eth0", "h-9/eth1"]],
  ["h-9 eth1", ["h-9/eth1"]],
  ["vlan:20", ["h-10/eth0"]],
  ["vlan:2", []],
  ["vlan:name-v1", ["h-9/eth0", "h-10/eth0"]],
  ["mac:bb:cc", ["h-9/eth0"]],
  ["aa:bb", ["h-9/eth0"]],
  ["192.0.2.", ["h-9/eth0"]],
  ["10.20.0.0/24", ["h-10/eth0"]],
  ["unknown", ["h-9/eth1"]],
  ["if:eth0 host:10", ["h-10/eth0"]],
  ["nothing-like-this", []],
] as const)
  test(`the filter "${query}" leaves ${found.length}`, () => assert.deepEqual(keys(query), found));

test("changes are told as sentences: joined, moved, left, conflicts and new unknowns", () => {
  const before = topologyOf(VLANS, { a: { eth0: ["v10"] }, b: { eth0: ["v10"] } });
  const after = topologyOf(VLANS, { a: { eth0: ["v20"] }, c: { eth0: ["v10"], eth1: [] } });
  const conflict = { kind: "loop", where: [], proof: "a/eth0 hears itself." };
  assert.deepEqual(changes(before, { ...after, conflicts: [conflict] }), [
    "New conflict: loop. a/eth0 hears itself.",
    "a/eth0 moved from VLAN 10 name-v10 to VLAN 20 name-v20.",
    "c/eth0 joined VLAN 10 name-v10.",
    "b/eth0 left VLAN 10 name-v10.",
    "c/eth1 appeared; nothing is known of it yet.",
  ]);
  assert.deepEqual(changes({ ...before, conflicts: [conflict] }, before), ["Conflict gone: loop."]);
  assert.deepEqual(changes(before, before), []);
});

test("a port that is in two VLANs keeps both, and only what moved is told", () => {
  const one = topologyOf(VLANS, { a: { eth0: ["v10", ["v20", 20]] } });
  const two = topologyOf(VLANS, { a: { eth0: ["v10"] } });
  assert.deepEqual(changes(one, two), ["a/eth0.20 left VLAN 20 name-v20."]);
});

test("many changes are cut short", () => {
  assert.equal(shorten(["a.", "b.", "c."], 2), "a. b. And 1 more.");
  assert.equal(shorten(["a."], 2), "a.");
});

test("hosts wired alike are folded into the first of them, unless there are but two", () => {
  const alike = { eth0: ["v10", ["v20", 20]], eth1: [] } as const;
  const wiring = { h1: alike, h2: alike, h10: alike, other: { eth0: ["v10"] }, another: { eth0: ["v10"] } } as never;
  const site = siteOf(VLANS, wiring);
  const folded = fold(site, new Set());
  assert.deepEqual([...new Set(folded.plugs.map((plug) => plug.host))], ["another", "h1", "other"]);
  assert.deepEqual(folded.plugs.find((plug) => plug.host === "h1")?.alike, ["h2", "h10"]);
  assert.deepEqual(folded.plugs.find((plug) => plug.host === "other")?.alike, []);
});

test("a host in a conflict, or one that is pointed at, is not folded away; nor one that is known less well", () => {
  const hosts = ["h1", "h2", "h3", "h4", "h5", "h6"];
  const found = topologyOf(VLANS, Object.fromEntries(hosts.map((host) => [host, { eth0: ["v10"] }])));
  const weak = found.fabrics[0]?.vlans.flatMap((vlan) => vlan.members).find((member) => member.host === "h5") as { strength: string };
  weak.strength = "heard";
  const conflict = { kind: "loop", where: [{ host: "h2", interface: "eth0", vid: null }], proof: "" };
  const folded = fold(makeSite({ ...found, conflicts: [conflict] }, []), new Set(["h4"]));
  assert.deepEqual(folded.plugs.map((plug) => [plug.host, plug.alike]), [["h1", ["h3", "h6"]], ["h2", []], ["h4", []], ["h5", []]]);
});
