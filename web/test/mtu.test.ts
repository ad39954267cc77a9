import assert from "node:assert/strict";
import { test } from "node:test";
import type { Mtu, Pair } from "../src/api/types.ts";
import { fallsShort, limitWords, measuringWords, mtuHeadline, pairSentence, passWords, short, through } from "../src/site/mtu.ts";

/** What the sender's own MTU limits is all that was expected; of all else 9000 was. */
function pair(from: string, to: string, mtu: number, limited_by: string, vid: number | null = null): Pair {
  const end = (name: string) => ({ host: name.split("/")[0] ?? "", interface: name.split("/")[1] ?? "" });
  return { from: end(from), to: end(to), vid, mtu, limited_by, expected: limited_by === "interface" ? mtu : 9000 };
}

function measured(...pairs: Pair[]): Mtu {
  return { pairs, culprits: [], measuring: [], fine: 0 };
}

test("a pair falls short of what its two interfaces let one expect, whatever the limit", () => {
  assert.equal(fallsShort(pair("a/x", "b/y", 8999, "link")), true);
  assert.equal(fallsShort(pair("a/x", "b/y", 9000, "link")), false);
  assert.equal(fallsShort(pair("a/x", "b/y", 1500, "interface")), false);
});

test("the smallest stands first, then by name as people sort names", () => {
  const pairs = [pair("h10/x", "a/x", 1500, "link"), pair("h2/x", "a/x", 1500, "link"), pair("z/x", "a/x", 0, "peer"), pair("ok/x", "a/x", 900, "interface")];
  assert.deepEqual(short(pairs).map((one) => one.from.host), ["z", "h2", "h10"]);
});

test("each interface knows the worst that leaves it and the worst that comes", () => {
  const found = through([pair("a/x", "b/y", 1500, "link"), pair("a/x", "c/z", 1400, "link"), pair("b/y", "a/x", 9000, "interface"), pair("c/z", "a/x", 1500, "icmp")]);
  assert.deepEqual([...found.keys()].sort(), ["a/x", "b/y", "c/z"]);
  assert.equal(found.get("a/x")?.out?.mtu, 1400);
  assert.equal(found.get("a/x")?.in?.mtu, 1500);
  assert.equal(found.get("b/y")?.out, null);
  assert.equal(found.get("b/y")?.in?.mtu, 1500);
});

const low = pair("a/x", "b/y", 1400, "link");
const high = pair("b/y", "a/x", 1500, "link");
const none = pair("b/y", "a/x", 0, "link");
for (const [out, into, words] of [
  [low, null, "1400 pass out"],
  [null, high, "1500 pass in"],
  [low, high, "1400 pass out, 1500 in"],
  [low, low, "1400 pass"],
  [low, none, "1400 pass out, none in"],
  [none, null, "none pass out"],
  [null, null, ""],
] as const)
  test(`what passes reads ${JSON.stringify(words)}`, () => assert.equal(passWords({ out, in: into }), words));

test("every limit has words of its own, and an unheard-of one stands for itself", () => {
  const known = ["interface", "peer", "link", "icmp", "fragments"].map(limitWords);
  assert.equal(new Set(known).size, 5);
  assert.ok(known.every((words) => words.includes(" ")));
  assert.equal(limitWords("gremlins"), "gremlins");
});

test("a pair is a sentence with its direction and its VLAN", () => {
  assert.equal(pairSentence(low), "a/x to b/y: 1400 pass; larger ones are lost on the way, and nothing says so.");
  assert.match(pairSentence(pair("a/x", "b/y", 0, "fragments", 20)), /^a\/x to b\/y, VLAN 20: none pass; .*fragments/);
});

test("the first line tells nothing measured, all well, and how many are not", () => {
  assert.match(mtuHeadline(measured()), /^Nothing was measured yet/);
  assert.match(mtuHeadline(measured(pair("a/x", "b/y", 9000, "interface"))), /^All 1 directed pair /);
  assert.match(mtuHeadline(measured(low, high)), /^2 of 2 directed pairs of neighbours pass less than their/);
  assert.match(mtuHeadline(measured(low, pair("b/y", "a/x", 9000, "interface"))), /^1 of 2 directed pairs of neighbours passes less than its/);
});

for (const [names, words] of [
  [[], ""],
  [["rack-1"], "rack-1 measures now."],
  [["a", "b"], "a and b measure now."],
  [["a", "b", "c"], "a, b and c measure now."],
  [["a", "b", "c", "d"], "4 agents measure now."],
] as const)
  test(`those that measure: ${JSON.stringify(words)}`, () => assert.equal(measuringWords(names), words));
