/** The site as the page draws it: rails (VLANs) and plugs (interfaces), made from what the region sent. Pure. */

import type { Fabric, Interface, Topology } from "../api/types.ts";
import { natural } from "./words.ts";

/** A VLAN, drawn as a rail. */
export type Rail = {
  readonly id: string;
  readonly fabric: string;
  readonly fabricName: string;
  readonly name: string;
  readonly vid: number | null;
  readonly subnets: readonly string[];
  /** 0 to HUES-1; neighbours in one fabric differ while there are enough. */
  readonly hue: number;
};

/** One membership of an interface. `vid` is null where frames are untagged. */
export type Touch = {
  readonly rail: string;
  readonly vid: number | null;
  readonly strength: string;
  readonly age: number;
  readonly evidence: readonly string[];
};

/** An interface, drawn as a jack on its host's card. */
export type Plug = {
  readonly key: string;
  readonly host: string;
  readonly interface: string;
  readonly touches: readonly Touch[];
  /** Why nothing is known, or null where something is. */
  readonly unknown: string | null;
  /** Numbers (from 1) of the conflicts that name it, as they are listed. */
  readonly conflicts: readonly number[];
  readonly facts: Interface | null;
  /** Hosts that this one stands for, where hosts wired alike are folded. */
  readonly alike: readonly string[];
};

export type Site = {
  readonly rails: readonly Rail[];
  readonly plugs: readonly Plug[];
};

export const HUES = 8;

export function plugKey(host: string, name: string): string {
  return `${host}/${name}`;
}

/** Rails by fabric and VID; plugs by host and name, in natural order. */
export function makeSite(topology: Topology, interfaces: readonly Interface[]): Site {
  const plugs = new Map<string, Draft>();
  for (const fabric of topology.fabrics)
    for (const vlan of fabric.vlans)
      for (const { host, interface: name, vid, strength, age, evidence } of vlan.members)
        draft(plugs, host, name).touches.push({ rail: vlan.id, vid, strength, age, evidence });
  for (const { host, interface: name, why } of topology.unknown) draft(plugs, host, name).unknown = why;
  topology.conflicts.forEach((conflict, index) => {
    for (const { host, interface: name } of conflict.where) draft(plugs, host, name).conflicts.add(index + 1);
  });
  const facts = new Map(interfaces.map((item) => [plugKey(item.host, item.name), item]));
  return { rails: rails(topology.fabrics), plugs: [...plugs.values()].sort(byHostAndName).map((plug) => finish(plug, facts)) };
}

type Draft = { host: string; interface: string; touches: Touch[]; unknown: string | null; conflicts: Set<number> };

function draft(plugs: Map<string, Draft>, host: string, name: string): Draft {
  const key = plugKey(host, name);
  const known = plugs.get(key);
  if (known) return known;
  const made: Draft = { host, interface: name, touches: [], unknown: null, conflicts: new Set() };
  plugs.set(key, made);
  return made;
}

function finish(plug: Draft, facts: ReadonlyMap<string, Interface>): Plug {
  const key = plugKey(plug.host, plug.interface);
  const touches = plug.touches.sort((a, b) => (a.vid ?? 0) - (b.vid ?? 0) || natural(a.rail, b.rail));
  return { ...plug, key, touches, conflicts: [...plug.conflicts], facts: facts.get(key) ?? null, alike: [] };
}

function byHostAndName(a: Draft, b: Draft): number {
  return natural(a.host, b.host) || natural(a.interface, b.interface);
}

function rails(fabrics: readonly Fabric[]): Rail[] {
  const hues = assignHues(fabrics);
  return [...fabrics]
    .sort((a, b) => natural(a.name || a.id, b.name || b.id))
    .flatMap((fabric) =>
      [...fabric.vlans]
        .sort((a, b) => (a.vid ?? 4096) - (b.vid ?? 4096) || natural(a.id, b.id))
        .map((vlan) => ({
          id: vlan.id,
          fabric: fabric.id,
          fabricName: fabric.name || fabric.id,
          name: vlan.name,
          vid: vlan.vid,
          subnets: vlan.subnets,
          hue: hues.get(vlan.id) ?? 0,
        })),
    );
}

/** A hue for each VLAN from its id, moved on to the least used one, so that it stays when others come and go. */
function assignHues(fabrics: readonly Fabric[]): Map<string, number> {
  const hues = new Map<string, number>();
  const used = new Array<number>(HUES).fill(0);
  for (const id of fabrics.flatMap((fabric) => fabric.vlans.map((vlan) => vlan.id)).sort(natural)) {
    const least = Math.min(...used);
    let hue = hash(id) % HUES;
    while ((used[hue] ?? 0) > least) hue = (hue + 1) % HUES;
    used[hue] = (used[hue] ?? 0) + 1;
    hues.set(id, hue);
  }
  return hues;
}

/** FNV-1a, 32 bits. */
function hash(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193) >>> 0;
  return h;
}
