/** What changed between two states of the topology, as sentences for the change list and for screen readers. Pure. */

import type { Topology } from "../api/types.ts";
import { plugKey } from "./site.ts";
import { conflictTitle, portName, vlanName } from "./words.ts";

export function changes(before: Topology, after: Topology): string[] {
  return [...conflictChanges(before, after), ...memberChanges(before, after), ...unknownChanges(before, after)];
}

/** At most `limit` sentences, then how many more there were. */
export function shorten(sentences: readonly string[], limit: number): string {
  const rest = sentences.length - limit;
  return sentences.slice(0, limit).join(" ") + (rest > 0 ? ` And ${rest} more.` : "");
}

function conflictChanges(before: Topology, after: Topology): string[] {
  const old = new Set(before.conflicts.map((conflict) => conflict.proof));
  const now = new Set(after.conflicts.map((conflict) => conflict.proof));
  return [
    ...after.conflicts.filter((c) => !old.has(c.proof)).map((c) => `New conflict: ${conflictTitle(c.kind).toLowerCase()}. ${c.proof}`),
    ...before.conflicts.filter((c) => !now.has(c.proof)).map((c) => `Conflict gone: ${conflictTitle(c.kind).toLowerCase()}.`),
  ];
}

type Place = { readonly port: string; readonly vlan: string; readonly words: string };

function memberChanges(before: Topology, after: Topology): string[] {
  const old = places(before);
  const now = places(after);
  const moved: string[] = [];
  for (const [port, place] of now) {
    const was = old.get(port);
    if (!was) moved.push(`${port} joined ${place.words}.`);
    else if (was.vlan !== place.vlan) moved.push(`${port} moved from ${was.words} to ${place.words}.`);
  }
  for (const [port, place] of old) if (!now.has(port)) moved.push(`${port} left ${place.words}.`);
  return moved;
}

function places(topology: Topology): Map<string, Place> {
  const found = new Map<string, Place>();
  for (const fabric of topology.fabrics)
    for (const vlan of fabric.vlans)
      for (const member of vlan.members) {
        const port = portName(member);
        found.set(port, { port, vlan: vlan.id, words: vlanName(vlan) });
      }
  return found;
}

function unknownChanges(before: Topology, after: Topology): string[] {
  const placed = new Set([...places(before).keys()].map((port) => port.replace(/\.\d+$/, "")));
  const old = new Set(before.unknown.map((item) => plugKey(item.host, item.interface)));
  return after.unknown
    .filter((item) => !old.has(plugKey(item.host, item.interface)) && !placed.has(plugKey(item.host, item.interface)))
    .map((item) => `${plugKey(item.host, item.interface)} appeared; nothing is known of it yet.`);
}
