/** Sites for tests, made by hand or at random from a seed. */

import type { Interface, Topology } from "../src/api/types.ts";
import { makeSite, type Site } from "../src/site/site.ts";

export type Wiring = Readonly<Record<string, Readonly<Record<string, readonly (string | [string, number])[]>>>>;

/** `vlans` maps VLAN ids to [fabric, VID]; `wiring` maps hosts to interfaces to the VLANs they touch (with a VID where tagged). */
export function topologyOf(vlans: Readonly<Record<string, [string, number | null]>>, wiring: Wiring): Topology {
  const fabrics = new Map<string, { id: string; name: string; vlans: Topology["fabrics"][number]["vlans"][number][] }>();
  for (const [id, [fabric, vid]] of Object.entries(vlans)) {
    const known = fabrics.get(fabric) ?? { id: fabric, name: fabric, vlans: [] };
    fabrics.set(fabric, known);
    known.vlans.push({ id, name: `name-${id}`, vid, members: membersOf(id, wiring), subnets: [`10.${vid ?? 0}.0.0/24`] });
  }
  const unknown = portsOf(wiring)
    .filter(([, , touched]) => touched.length === 0)
    .map(([host, name]) => ({ host, interface: name, why: "silence" }));
  return { revision: 1, fabrics: [...fabrics.values()], conflicts: [], unknown, names: {} };
}

export function siteOf(vlans: Readonly<Record<string, [string, number | null]>>, wiring: Wiring): Site {
  return makeSite(topologyOf(vlans, wiring), []);
}

export function facts(host: string, name: string, more: Partial<Interface> = {}): Interface {
  return {
    host,
    name,
    mac: "52:54:00:00:00:01",
    kind: "physical",
    carrier: true,
    up: true,
    mtu: 1500,
    addresses: [],
    parents: [],
    master: null,
    vid: null,
    speaks: true,
    settled: true,
    neighbour: null,
    vlans: [],
    unknown: null,
    ...more,
  };
}

/** A random site of so many hosts; the same seed makes the same site. */
export function randomSite(seed: number, hosts: number): Site {
  const next = generator(seed);
  const pick = (n: number): number => Math.floor(next() * n);
  const vlans: Record<string, [string, number | null]> = {};
  for (let v = 0; v < 2 + pick(10); v++) vlans[`v${v}`] = [`fabric-${pick(3)}`, pick(9) === 0 ? null : 10 * (v + 1)];
  const ids = Object.keys(vlans);
  const wiring: Record<string, Record<string, (string | [string, number])[]>> = {};
  for (let h = 0; h < hosts; h++) {
    const own: Record<string, (string | [string, number])[]> = {};
    for (let i = 0; i <= pick(4); i++) {
      const touched = ids.filter(() => next() < 0.25);
      own[pick(5) === 0 ? `enp${h}s${i}f0np1` : `eth${i}`] = touched.map((id, at) => (at === 0 ? id : [id, vlans[id]?.[1] ?? 7]));
    }
    wiring[pick(6) === 0 ? `a-host-with-quite-a-long-name-${h}.example.net` : `host-${h}`] = own;
  }
  return siteOf(vlans, wiring);
}

/** mulberry32. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

function portsOf(wiring: Wiring): [string, string, readonly (string | [string, number])[]][] {
  return Object.entries(wiring).flatMap(([host, own]) =>
    Object.entries(own).map(([name, touched]): [string, string, readonly (string | [string, number])[]] => [host, name, touched]),
  );
}

function membersOf(id: string, wiring: Wiring): Topology["fabrics"][number]["vlans"][number]["members"] {
  return portsOf(wiring).flatMap(([host, name, touched]) =>
    touched
      .filter((touch) => (typeof touch === "string" ? touch : touch[0]) === id)
      .map((touch) => ({ host, interface: name, vid: typeof touch === "string" ? null : touch[1], strength: "confirmed", age: 1, evidence: [] })),
  );
}
