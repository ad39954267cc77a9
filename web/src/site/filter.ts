/** The filter: words that must all fit. `host:`, `if:`, `vlan:` and `mac:` narrow a word to one field. Pure. */

import type { Plug, Rail, Site } from "./site.ts";

export type Filter = (plug: Plug) => boolean;

export function makeFilter(query: string, site: Site): Filter {
  const words = query.trim().toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return () => true;
  const rails = new Map(site.rails.map((rail) => [rail.id, rail]));
  return (plug) => {
    const touched = plug.touches.map((touch) => rails.get(touch.rail)).filter((rail) => rail !== undefined);
    return words.every((word) => fits(word, plug, touched));
  };
}

function fits(word: string, plug: Plug, rails: readonly Rail[]): boolean {
  const [, field, rest] = /^(host|if|vlan|mac):(.*)$/.exec(word) ?? [];
  const wanted = rest ?? word;
  const tests: Readonly<Record<string, () => boolean>> = {
    host: () => plug.host.toLowerCase().includes(wanted),
    if: () => plug.interface.toLowerCase().includes(wanted),
    mac: () => (plug.facts?.mac ?? "").toLowerCase().includes(wanted),
    vlan: () => rails.some((rail) => railFits(wanted, rail)),
    state: () => stateFits(wanted, plug),
    address: () => /[.:]/.test(wanted) && addresses(plug, rails).some((address) => address.startsWith(wanted)),
  };
  if (field) return tests[field]?.() ?? false;
  return Object.values(tests).some((test) => test());
}

function railFits(wanted: string, rail: Rail): boolean {
  if (/^\d+$/.test(wanted)) return rail.vid === Number(wanted);
  return rail.name.toLowerCase().includes(wanted) || rail.fabricName.toLowerCase().includes(wanted);
}

function stateFits(wanted: string, plug: Plug): boolean {
  return (wanted === "unknown" && plug.unknown !== null) || (wanted === "conflict" && plug.conflicts.length > 0);
}

function addresses(plug: Plug, rails: readonly Rail[]): string[] {
  return [...(plug.facts?.addresses ?? []), ...rails.flatMap((rail) => rail.subnets)];
}
