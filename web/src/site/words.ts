/** What the page says, in words. Pure, so that every sentence can be tested. */

import type { Explanation, Port, Refusal, Topology, Vlan } from "../api/types.ts";

export function count(n: number, one: string, many = `${one}s`): string {
  return `${n} ${n === 1 ? one : many}`;
}

/** "3 fabrics, 5 VLANs, 10 hosts; 1 conflict; 4 interfaces unknown." */
export function headline(topology: Topology, hosts: number): string {
  const vlans = topology.fabrics.reduce((sum, fabric) => sum + fabric.vlans.length, 0);
  const found = [count(topology.fabrics.length, "fabric"), count(vlans, "VLAN"), count(hosts, "host")].join(", ");
  const conflicts = topology.conflicts.length === 0 ? "no conflicts" : count(topology.conflicts.length, "conflict");
  const unknown = topology.unknown.length === 0 ? "nothing unknown" : `${count(topology.unknown.length, "interface")} unknown`;
  return `${found}; ${conflicts}; ${unknown}.`;
}

/** A port as people type it: `host/interface` or `host/interface.vid`. */
export function portName(port: Port): string {
  return `${port.host}/${port.interface}${port.vid === null ? "" : `.${port.vid}`}`;
}

/** "VLAN 20 storage"; a VLAN whose VID nobody has told is named by its name alone. */
export function vlanName(vlan: Pick<Vlan, "vid" | "name" | "id">): string {
  const name = ownName(vlan);
  if (vlan.vid === null) return `VLAN ${name || vlan.id} (VID not known)`;
  return name ? `VLAN ${vlan.vid} ${name}` : `VLAN ${vlan.vid}`;
}

/** The VLAN's name, unless it merely repeats its VID. */
export function ownName(vlan: Pick<Vlan, "vid" | "name">): string {
  const [, , digits] = /^(vlan[- ]?)?(\d+)$/i.exec(vlan.name) ?? [];
  return digits !== undefined && Number(digits) === vlan.vid ? "" : vlan.name;
}

/** An age in at most five characters: "4 s", "12 min", "3 h", "9 d". */
export function age(seconds: number): string {
  const s = Math.max(0, Math.floor(seconds));
  if (s < 100) return `${s} s`;
  if (s < 6000) return `${Math.floor(s / 60)} min`;
  if (s < 172800) return `${Math.floor(s / 3600)} h`;
  return `${Math.floor(s / 86400)} d`;
}

/** A time span that may be very short, for round trips: "0.31 ms", "12 ms", "1.2 s". */
export function span(seconds: number): string {
  const ms = seconds * 1000;
  if (ms < 10) return `${ms.toFixed(2)} ms`;
  return ms < 1000 ? `${Math.round(ms)} ms` : `${seconds.toFixed(1)} s`;
}

export const STRENGTHS = ["confirmed", "heard", "lldp", "configured", "inferred"] as const;

const STRENGTH_WORDS: Readonly<Record<string, string>> = {
  confirmed: "a beacon went out and its answer came back on the same link",
  heard: "a beacon was received; nothing came back yet",
  lldp: "a switch says so",
  configured: "the host's own configuration says so",
  inferred: "only an address speaks for it",
};

export function strengthMeaning(strength: string): string {
  return STRENGTH_WORDS[strength] ?? strength;
}

const CONFLICT_WORDS: Readonly<Record<string, string>> = {
  "two-vids": "One broadcast domain, two VIDs",
  "vid-split": "One VID, two broadcast domains",
  "subnet-split": "One subnet, two broadcast domains",
  "address-misfit": "Address does not fit",
  "one-way": "One-way link",
  loop: "Loop",
  "duplicate-mac": "Duplicate MAC address",
  relayed: "Relayed between segments",
};

export function conflictTitle(kind: string): string {
  return CONFLICT_WORDS[kind] ?? kind;
}

type Advice = { readonly means: string; readonly todo: string };

const REFUSALS: Readonly<Record<string, Advice>> = {
  "wrong-secret": {
    means: "It speaks, but with another secret: another site on the same wire, or a secret that was changed on one side only.",
    todo: "Compare `bellrock secret show-id` on both hosts; give both the same secret, or keep the two sites apart.",
  },
  skew: {
    means: "Its clock is too far from this host's clock, so its beacons look too old or too new to trust.",
    todo: "Set the clock of the host that is wrong (NTP), then look again.",
  },
  late: {
    means: "It was in time when it came, but was read more than a minute later: this host's agent stood still, or its clock was set.",
    todo: "Nothing, if the host was paused. Otherwise find what keeps the agent from running.",
  },
  "unknown-version": {
    means: "It speaks a beacon version that this Bellrock does not know.",
    todo: "Bring both sides to versions that share a beacon version.",
  },
  replay: {
    means: "The same beacon arrived again. A few are harmless (loops, mirrored ports); many mean a loop or someone replaying frames.",
    todo: "Look for a loop or a mirror port in this segment.",
  },
  malformed: {
    means: "The bytes are not a beacon, although they came to the beacon port.",
    todo: "Find the sender by its MAC address; something else may use UDP port 5240.",
  },
  "too-big": {
    means: "It is larger than any beacon may be, and was not unpacked.",
    todo: "Find the sender by its MAC address. A sane peer never sends this.",
  },
  truncated: {
    means: "The frame ends before it says all that it promised.",
    todo: "Look for a cable, driver or MTU fault between the two hosts.",
  },
  fragment: {
    means: "It came as an IP fragment. Beacons are small and are never sent in fragments.",
    todo: "Look for a link with a very small MTU, or for the sender by its MAC address.",
  },
  "bad-checksum": {
    means: "Its checksum is wrong: it was damaged on the way.",
    todo: "Look at the error counters of the interfaces and switch ports in between.",
  },
  "stacked-tags": {
    means: "It carries more VLAN tags than this port can stand for.",
    todo: "Check the switch port for double tagging (802.1ad).",
  },
  "off-link": {
    means: "It came through a router, or claims an address that does not belong on this link.",
    todo: "Find what forwards multicast between segments; nothing was concluded from it.",
  },
  unsupported: {
    means: "It uses a protocol or option that beacons do not use.",
    todo: "Find the sender by its MAC address; something else may use UDP port 5240.",
  },
  empty: {
    means: "A datagram without content came to the beacon port: usually a port scan.",
    todo: "Nothing, unless it goes on.",
  },
};

/** What a refusal's reason means, and what to do about it. Underscores and hyphens in codes are the same. */
export function advice(reason: string): Advice {
  const code = reason.replaceAll("_", "-").toLowerCase();
  const near: Readonly<Record<string, string>> = { "clock-skew": "skew", version: "unknown-version", "wrong-key": "wrong-secret" };
  return (
    REFUSALS[near[code] ?? code] ?? {
      means: "The frame was refused, and nothing of it was believed.",
      todo: "Find the sender by its MAC address.",
    }
  );
}

/** "41 s ahead" or "3 min behind"; empty where the reason is another. */
export function skewWords(refusal: Pick<Refusal, "skew">): string {
  if (refusal.skew === null) return "";
  return `${age(Math.abs(refusal.skew))} ${refusal.skew >= 0 ? "ahead" : "behind"}`;
}

export function verdictSentence(verdict: Explanation["verdict"], a: string, b: string): string {
  switch (verdict) {
    case "same-vlan":
      return `${a} and ${b} are in one VLAN.`;
    case "same-fabric":
      return `${a} and ${b} share a fabric, but no VLAN.`;
    case "apart":
      return `${a} and ${b} are apart: nothing joins them.`;
    default:
      return `It is not known whether ${a} and ${b} share a VLAN.`;
  }
}

/** Sorts names as people do: eth2 before eth10. */
export function natural(a: string, b: string): number {
  return collator.compare(a, b) || (a < b ? -1 : a > b ? 1 : 0);
}

const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

/** How another machine is made to speak, in one line. */
export const RACK_LINE = "sudo bellrock up --secret-file FILE    # FILE: a copy of this site's secret";
