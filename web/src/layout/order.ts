/** The order of hosts in the picture: hosts wired alike stand together, and few lines cross rails they do not touch. Pure. */

import type { Plug, Site } from "../site/site.ts";
import { natural } from "../site/words.ts";

export type HostPlugs = { readonly host: string; readonly plugs: readonly Plug[] };

/** Hosts that touch the same rails. `rails` are positions in the site's rail list, rising. */
type Group = { readonly rails: readonly number[]; readonly hosts: readonly HostPlugs[] };

/** More groups than this are left in their first order: the search is quadratic. */
const MAX_GROUPS = 120;
const MAX_PASSES = 8;

export function orderHosts(site: Site): HostPlugs[] {
  return improve(groupsOf(site)).flatMap((group) => group.hosts);
}

/** How much an order costs: the length of all rails in hosts, plus each rail that a host's lines cross without touching it. */
export function cost(hosts: readonly HostPlugs[], site: Site): number {
  const index = new Map(site.rails.map((rail, position) => [rail.id, position]));
  return groupCost(hosts.map((host) => ({ rails: railsOf(host, index), hosts: [host] })));
}

function groupsOf(site: Site): Group[] {
  const index = new Map(site.rails.map((rail, position) => [rail.id, position]));
  const groups = new Map<string, { rails: number[]; hosts: HostPlugs[] }>();
  for (const host of byHost(site.plugs)) {
    const rails = railsOf(host, index);
    const key = rails.join(",");
    const group = groups.get(key) ?? { rails, hosts: [] };
    group.hosts.push(host);
    groups.set(key, group);
  }
  return [...groups.values()].sort(compareGroups);
}

function byHost(plugs: readonly Plug[]): HostPlugs[] {
  const hosts = new Map<string, Plug[]>();
  for (const plug of plugs) {
    const known = hosts.get(plug.host);
    if (known) known.push(plug);
    else hosts.set(plug.host, [plug]);
  }
  return [...hosts].map(([host, own]) => ({ host, plugs: own }));
}

function railsOf(host: HostPlugs, index: ReadonlyMap<string, number>): number[] {
  const found = new Set(host.plugs.flatMap((plug) => plug.touches.map((touch) => index.get(touch.rail) ?? -1)));
  return [...found].filter((rail) => rail >= 0).sort((a, b) => a - b);
}

/** Hosts that touch nothing come last; before them by rails, those with more rails first where the beginning is the same. */
function compareGroups(a: Group, b: Group): number {
  if ((a.rails.length === 0) !== (b.rails.length === 0)) return a.rails.length === 0 ? 1 : -1;
  for (let i = 0; i < Math.min(a.rails.length, b.rails.length); i++) {
    const difference = (a.rails[i] ?? 0) - (b.rails[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return b.rails.length - a.rails.length || natural(a.hosts[0]?.host ?? "", b.hosts[0]?.host ?? "");
}

/** Exchanges neighbouring groups while that makes the picture cheaper. Hosts that touch nothing stay last. */
function improve(groups: Group[]): Group[] {
  if (groups.length > MAX_GROUPS) return groups;
  const order = [...groups];
  let best = groupCost(order);
  for (let pass = 0; pass < MAX_PASSES; pass++) {
    const before = best;
    for (let i = 0; i + 1 < order.length; i++) {
      if (order[i + 1]?.rails.length === 0) continue;
      swap(order, i);
      const now = groupCost(order);
      if (now < best) best = now;
      else swap(order, i);
    }
    if (best === before) break;
  }
  return order;
}

function swap(order: Group[], i: number): void {
  const [a, b] = [order[i], order[i + 1]];
  if (a && b) [order[i], order[i + 1]] = [b, a];
}

function groupCost(groups: readonly Group[]): number {
  const first = new Map<number, number>();
  const last = new Map<number, number>();
  let position = 0;
  for (const group of groups) {
    for (const rail of group.rails) {
      if (!first.has(rail)) first.set(rail, position);
      last.set(rail, position + group.hosts.length - 1);
    }
    position += group.hosts.length;
  }
  let total = 0;
  for (const [rail, from] of first) total += (last.get(rail) ?? from) - from;
  position = 0;
  for (const group of groups) {
    total += crossings(group.rails, position, first, last) * group.hosts.length;
    position += group.hosts.length;
  }
  return total;
}

function crossings(rails: readonly number[], at: number, first: ReadonlyMap<number, number>, last: ReadonlyMap<number, number>): number {
  const lowest = rails.at(-1) ?? -1;
  let crossed = 0;
  for (const [rail, from] of first) if (rail < lowest && from <= at && at <= (last.get(rail) ?? -1) && !rails.includes(rail)) crossed++;
  return crossed;
}
