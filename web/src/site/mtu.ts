/** What was measured to pass between neighbours, as the page shows it: per interface, in words, and only what falls short. Pure. */

import type { Mtu, Pair } from "../api/types.ts";
import { plugKey } from "./site.ts";
import { count, natural, portName } from "./words.ts";

/** The worst of what leaves an interface and of what comes in to it, where that is less than its ends allow. */
export type Through = { readonly out: Pair | null; readonly in: Pair | null };

/** Whether less passes than the MTUs of the two interfaces let one expect. */
export function fallsShort(pair: Pair): boolean {
  return pair.mtu < pair.expected;
}

/** Pairs that fall short, the smallest first. */
export function short(pairs: readonly Pair[]): readonly Pair[] {
  return pairs.filter(fallsShort).sort((a, b) => a.mtu - b.mtu || natural(endName(a), endName(b)) || natural(portName(toPort(a)), portName(toPort(b))));
}

/** For each interface that a short pair names, its worst in either direction. */
export function through(pairs: readonly Pair[]): ReadonlyMap<string, Through> {
  const found = new Map<string, Through>();
  for (const pair of short(pairs)) {
    note(found, plugKey(pair.from.host, pair.from.interface), "out", pair);
    note(found, plugKey(pair.to.host, pair.to.interface), "in", pair);
  }
  return found;
}

/** Shortest first: the first that is noted stays. */
function note(found: Map<string, Through>, key: string, way: "out" | "in", pair: Pair): void {
  const known = found.get(key) ?? { out: null, in: null };
  found.set(key, known[way] === null ? { ...known, [way]: pair } : known);
}

/** "1500 pass", "1500 pass out", "1500 pass in", "1400 pass out, 1500 in"; none pass is said as such. */
export function passWords({ out, in: into }: Through): string {
  if (out === null) return into === null ? "" : `${amount(into)} in`;
  if (into === null) return `${amount(out)} out`;
  return out.mtu === into.mtu ? amount(out) : `${amount(out)} out, ${into.mtu === 0 ? "none" : into.mtu} in`;
}

function amount(pair: Pair): string {
  return pair.mtu === 0 ? "none pass" : `${pair.mtu} pass`;
}

const LIMITS: Readonly<Record<string, string>> = {
  interface: "the sender's own MTU allows no more",
  peer: "the receiver's own MTU is smaller",
  link: "larger ones are lost on the way, and nothing says so",
  icmp: "a packet-too-big message comes back for larger ones",
  fragments: "larger ones arrive in fragments, although they must not",
};

/** What keeps larger packets from passing; a word that this page does not know stands for itself. */
export function limitWords(limit: string): string {
  return LIMITS[limit] ?? limit;
}

/** "rack-1/eth0 to rack-2/eth1, VLAN 20: 1500 pass; larger ones are lost on the way, and nothing says so." */
export function pairSentence(pair: Pair): string {
  const vlan = pair.vid === null ? "" : `, VLAN ${pair.vid}`;
  return `${plugKey(pair.from.host, pair.from.interface)} to ${plugKey(pair.to.host, pair.to.interface)}${vlan}: ${amount(pair)}; ${limitWords(pair.limited_by)}.`;
}

/** "3 of 132 directed pairs pass less than their interfaces allow." */
export function mtuHeadline(mtu: Mtu): string {
  if (mtu.pairs.length === 0) return "Nothing was measured yet: it takes two neighbours that answer each other.";
  const worse = mtu.pairs.filter(fallsShort).length;
  if (worse === 0) return `All ${count(mtu.pairs.length, "directed pair")} of neighbours pass what their interfaces allow.`;
  // Directions, not links: a fault may be in one way only.
  return `${worse} of ${count(mtu.pairs.length, "directed pair")} of neighbours ${worse === 1 ? "passes" : "pass"} less than ${worse === 1 ? "its" : "their"} interfaces allow.`;
}

function endName(pair: Pair): string {
  return portName({ ...pair.from, vid: pair.vid });
}

function toPort(pair: Pair): { readonly host: string; readonly interface: string; readonly vid: number | null } {
  return { ...pair.to, vid: pair.vid };
}

const NAMED = 3;

/** "rack-1 and rack-2 measure now."; of many, how many there are. */
export function measuringWords(names: readonly string[]): string {
  if (names.length === 0) return "";
  if (names.length > NAMED) return `${names.length} agents measure now.`;
  return `${new Intl.ListFormat("en-GB").format(names)} ${names.length === 1 ? "measures" : "measure"} now.`;
}
