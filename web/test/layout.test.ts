import assert from "node:assert/strict";
import { test } from "node:test";
import { move, type Spot } from "../src/layout/move.ts";
import { cost, orderHosts } from "../src/layout/order.ts";
import { fit, layout, type Box, type Score } from "../src/layout/score.ts";
import type { Site } from "../src/site/site.ts";
import { natural } from "../src/site/words.ts";
import { randomSite, siteOf, type Wiring } from "./make.ts";

const VLANS: Record<string, [string, number | null]> = { a: ["f", 10], b: ["f", 20], c: ["g", 1] };
const WIDTHS = [280, 336, 700, 1060, 2100];

function overlap(a: Box, b: Box): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

function assertApart(boxes: readonly Box[], what: string): void {
  const sorted = [...boxes].sort((a, b) => a.y - b.y || a.x - b.x);
  sorted.forEach((box, at) => {
    for (const other of sorted.slice(at + 1, at + 60)) assert.ok(!overlap(box, other), `${what} overlap: ${JSON.stringify([box, other])}`);
  });
}

function assertSound(score: Score, site: Site): void {
  const all = score.systems;
  assertApart(all, "systems");
  assertApart(all.flatMap((system) => system.cards), "cards");
  assertApart(all.flatMap((system) => system.plugs.map((plug) => plug.labelBox)), "interface names");
  assertApart(all.flatMap((system) => system.rails.map((rail) => rail.label)), "rail labels");
  assertApart(all.flatMap((system) => system.panels), "panels");
  assert.deepEqual(all.flatMap((system) => system.plugs.map((plug) => plug.plug.key)).sort(), site.plugs.map((plug) => plug.key).sort());
  for (const system of all) {
    for (const card of system.cards) assert.ok(card.x >= score.gutter && card.x + card.width <= score.width, "a card stands out of the picture");
    for (const rail of system.rails) assert.ok(rail.label.x + rail.label.width <= score.gutter && rail.y < system.y + system.height);
    for (const plug of system.plugs) assertPlug(plug, system);
  }
}

function assertPlug(plug: Score["systems"][number]["plugs"][number], system: Score["systems"][number]): void {
  assert.equal(plug.contacts.length, plug.plug.touches.length);
  for (const contact of plug.contacts) {
    const rail = system.rails.find((item) => item.rail.id === contact.touch.rail);
    assert.ok(rail && rail.y === contact.y && rail.from < plug.x && plug.x < rail.to, "a contact is not on its rail");
  }
  const ends = system.rails.some((rail) => rail.y === plug.end);
  assert.equal(ends, plug.contacts.length > 0, "a line ends on a rail if, and only if, it touches one");
  assert.ok(system.cards.some((card) => card.host === plug.plug.host && overlap(card, plug.labelBox)), "a name stands outside of its card");
}

for (let seed = 1; seed <= 40; seed++)
  test(`random site ${seed}: nothing overlaps, at any width`, () => {
    const site = randomSite(seed, (seed * 7) % 61);
    for (const width of WIDTHS) assertSound(layout(site, width), site);
  });

test("the same site gives the same picture, whatever order it was told in", () => {
  const wiring: Wiring = { x: { eth0: ["a", ["b", 20]] }, y: { eth0: ["b"] }, z: { eth1: ["c"], eth0: [] } };
  const turned = Object.fromEntries(Object.entries(wiring).reverse());
  const turnedVlans = Object.fromEntries(Object.entries(VLANS).reverse());
  assert.deepEqual(layout(siteOf(VLANS, wiring), 700), layout(siteOf(turnedVlans, turned), 700));
});

test("a host that changes its VLAN moves alone: all others keep their order", () => {
  for (let seed = 1; seed <= 20; seed++) {
    const wiring: Record<string, Wiring[string]> = {};
    for (let n = 0; n < 24; n++) wiring[`host-${n}`] = { eth0: [n % 3 === 0 ? "a" : "b"], eth1: n % 4 === seed % 4 ? ["c"] : [] };
    const moved = `host-${seed}`;
    const others = (site: Site): string[] => orderHosts(site).map((item) => item.host).filter((host) => host !== moved);
    const before = others(siteOf(VLANS, wiring));
    const was = wiring[moved]?.["eth0"]?.[0];
    assert.deepEqual(others(siteOf(VLANS, { ...wiring, [moved]: { ...wiring[moved], eth0: [was === "a" ? "b" : "a"] } })), before);
  }
});

test("the order costs no more than the natural one, and hosts wired alike stand together", () => {
  for (let seed = 1; seed <= 30; seed++) {
    const site = randomSite(seed, 30);
    const ordered = orderHosts(site);
    const plain = [...ordered].sort((a, b) => natural(a.host, b.host));
    assert.ok(cost(ordered, site) <= cost(plain, site), `seed ${seed}`);
    const wired = ordered.map((host) => [...new Set(host.plugs.flatMap((plug) => plug.touches.map((touch) => touch.rail)))].sort().join());
    assert.equal(wired.filter((value, at) => value !== wired[at - 1]).length, new Set(wired).size);
  }
});

test("a host with more interfaces than fit goes on in the next system", () => {
  const many = Object.fromEntries(Array.from({ length: 24 }, (_, n): [string, string[]] => [`eth${n}`, ["a"]]));
  const site = siteOf(VLANS, { h: many });
  const score = layout(site, 336);
  assertSound(score, site);
  assert.ok(score.systems.length > 1 && score.systems.every((system) => system.cards.every((card) => card.host === "h")));
});

test("a system shows only the rails that its hosts touch", () => {
  const score = layout(siteOf(VLANS, { x: { eth0: ["a"] }, y: { eth0: [] } }), 700);
  assert.deepEqual(score.systems.map((system) => system.rails.map((rail) => rail.rail.id)), [["a"], []]);
});

test("nothing to draw is an empty picture", () => {
  assert.deepEqual(layout(siteOf({}, {}), 700).systems, []);
});

test("names are cut in the middle", () => {
  assert.equal(fit("abcdefghij", 10), "abcdefghij");
  assert.equal(fit("abcdefghijk", 10), "abcde…hijk");
});

const SPOTS: Spot[] = [
  { key: "1", x: 0, y: 0 },
  { key: "2", x: 10, y: 0 },
  { key: "3", x: 20, y: 0 },
  { key: "4", x: 12, y: 50 },
  { key: "5", x: 30, y: 50 },
];

for (const [from, direction, to] of [
  ["1", "right", "2"],
  ["3", "right", "4"],
  ["4", "left", "3"],
  ["1", "left", "1"],
  ["5", "right", "5"],
  ["2", "down", "4"],
  ["3", "down", "4"],
  ["5", "up", "3"],
  ["5", "down", "5"],
  ["4", "first", "1"],
  ["1", "last", "5"],
  ["gone", "down", "1"],
] as const)
  test(`from ${from}, ${direction} leads to ${to}`, () => assert.equal(move(SPOTS, from, direction), to));

test("where there is nothing, nothing moves", () => assert.equal(move([], "x", "down"), "x"));
