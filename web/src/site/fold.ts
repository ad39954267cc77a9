/** Folds hosts that are wired alike into one card, so that a large site fits one view. Pure. */

import type { Plug, Site } from "./site.ts";

/** Fewer than this are not worth folding. */
const LEAST = 3;

/**
 * The site with one host standing for all that have the same interfaces in the same VLANs, known equally well.
 * Hosts that are in a conflict, or in `apart`, always stand for themselves.
 */
export function fold(site: Site, apart: ReadonlySet<string>): Site {
  const hosts = groupByHost(site.plugs);
  const alike = new Map<string, string[]>();
  for (const [host, plugs] of hosts) {
    const key = apart.has(host) || plugs.some((plug) => plug.conflicts.length > 0) ? `alone ${host}` : JSON.stringify(plugs.map(looks));
    alike.set(key, [...(alike.get(key) ?? []), host]);
  }
  const others = new Map<string, readonly string[]>();
  for (const [first, ...rest] of alike.values()) {
    if (first !== undefined && rest.length + 1 >= LEAST) others.set(first, rest);
  }
  const gone = new Set([...others.values()].flat());
  return {
    rails: site.rails,
    plugs: site.plugs.filter((plug) => !gone.has(plug.host)).map((plug) => ({ ...plug, alike: others.get(plug.host) ?? [] })),
  };
}

function groupByHost(plugs: readonly Plug[]): Map<string, Plug[]> {
  const hosts = new Map<string, Plug[]>();
  for (const plug of plugs) hosts.set(plug.host, [...(hosts.get(plug.host) ?? []), plug]);
  return hosts;
}

/** All of a plug that the picture shows. */
function looks(plug: Plug): unknown {
  return [plug.interface, plug.facts?.carrier ?? null, plug.touches.map((touch) => [touch.rail, touch.vid, touch.strength])];
}
