/** What changed since the message before, put into what is known: of a large site the region sends no more than that. Pure. */

import { dictionary, list, maybe, number, object, text, type Of } from "../api/shape.ts";
import * as shapes from "../api/types.ts";
import type { Found, Host, Interface, Mtu, Topology } from "../api/types.ts";

const place = object({ host: text, interface: text });
const vlan = object({
  id: text,
  name: text,
  vid: maybe(number),
  subnets: list(text),
  changed: list(shapes.member),
  gone: list(shapes.port),
});
const fabric = object({ id: text, name: text, changed: list(vlan), gone: list(text) });

export const hostsDelta = object({ changed: shapes.hosts });
export const interfacesDelta = object({ changed: shapes.interfaces, gone: list(place) });
export const topologyDelta = object({
  revision: number,
  changed: list(fabric),
  gone: list(text),
  conflicts: object({ changed: list(shapes.conflict), gone: list(shapes.conflict) }),
  unknown: object({ changed: list(shapes.unknown), gone: list(place) }),
  names: dictionary(text),
});
export const mtuDelta = object({
  changed: list(shapes.pair),
  gone: list(shapes.way),
  culprits: maybe(shapes.culprits),
  measuring: list(text),
  fine: number,
});
export const findingsDelta = object({ changed: list(shapes.standing), gone: list(text), looked: maybe(number), missed: number });

type Fabric = Topology["fabrics"][number];
type Vlan = Fabric["vlans"][number];

/** Whether a message holds what changed, and not all there is. */
export function isDelta(message: unknown): boolean {
  return typeof message === "object" && message !== null && "changed" in message;
}

export function withHosts(known: readonly Host[], { changed }: Of<typeof hostsDelta>): readonly Host[] {
  return merged(known, changed, [], (host) => host.id);
}

export function withInterfaces(known: readonly Interface[], { changed, gone }: Of<typeof interfacesDelta>): readonly Interface[] {
  return merged(known, changed, gone.map((one) => key(one.host, one.interface)), (one) => key(one.host, one.name));
}

export function withClaims(known: Topology, delta: Of<typeof topologyDelta>): Topology {
  const before = new Map(known.fabrics.map((one) => [one.id, one]));
  const changed = delta.changed.map((one) => withVlans(before.get(one.id), one));
  const { conflicts, unknown } = delta;
  return {
    revision: delta.revision,
    fabrics: merged(known.fabrics, changed, delta.gone, (one) => one.id),
    conflicts: merged(known.conflicts, conflicts.changed, conflicts.gone.map(said), said),
    unknown: merged(known.unknown, unknown.changed, unknown.gone.map((one) => key(one.host, one.interface)), (one) => key(one.host, one.interface)),
    names: { ...known.names, ...delta.names },
  };
}

export function withPairs(known: Mtu, { changed, gone, culprits, measuring, fine }: Of<typeof mtuDelta>): Mtu {
  return { pairs: merged(known.pairs, changed, gone.map(direction), direction), culprits: culprits ?? known.culprits, measuring, fine };
}

export function withFindings(known: Found, { changed, gone, looked, missed }: Of<typeof findingsDelta>): Found {
  return { findings: merged(known.findings, changed, gone, (one) => one.key), looked, missed };
}

function withVlans(known: Fabric | undefined, { id, name, changed, gone }: Of<typeof fabric>): Fabric {
  const vlans = known?.vlans ?? [];
  const before = new Map(vlans.map((one) => [one.id, one]));
  return { id, name, vlans: merged(vlans, changed.map((one) => withMembers(before.get(one.id), one)), gone, (one) => one.id) };
}

function withMembers(known: Vlan | undefined, { id, name, vid, subnets, changed, gone }: Of<typeof vlan>): Vlan {
  const at = (one: Of<typeof shapes.port>): string => key(one.host, one.interface, String(one.vid));
  return { id, name, vid, subnets, members: merged(known?.members ?? [], changed, gone.map(at), at) };
}

/** What is not gone, each where it was, as it is now; and then what is new. */
function merged<T>(known: readonly T[], changed: readonly T[], gone: readonly string[], keyOf: (one: T) => string): readonly T[] {
  const left = new Set(gone);
  const fresh = new Map(changed.map((one) => [keyOf(one), one]));
  const kept = known.filter((one) => fresh.has(keyOf(one)) || !left.has(keyOf(one))).map((one) => take(fresh, keyOf(one)) ?? one);
  return [...kept, ...fresh.values()];
}

function key(...parts: readonly string[]): string {
  return parts.join("\n");
}

function said(one: Of<typeof shapes.conflict>): string {
  return JSON.stringify([one.kind, one.where.map((port) => [port.host, port.interface, port.vid]), one.proof]);
}

function direction(one: Of<typeof shapes.way>): string {
  return key(one.from.host, one.from.interface, one.to.host, one.to.interface, String(one.vid));
}

function take<T>(from: Map<string, T>, at: string): T | undefined {
  const found = from.get(at);
  from.delete(at);
  return found;
}
