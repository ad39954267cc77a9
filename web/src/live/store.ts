/** What the page knows, as signals: components read them and are drawn anew when they change. */

import { batch, computed, signal } from "@preact/signals";
import type { Authority, Enrolment, Explanation, Found, Host, Interface, Matrix, Me, Mtu, Node, Port, Refusal, Secret, Topology } from "../api/types.ts";
import { changes, shorten } from "../site/changes.ts";
import { makeFilter } from "../site/filter.ts";
import { fold } from "../site/fold.ts";
import { through } from "../site/mtu.ts";
import { may, type Role } from "../site/roles.ts";
import { makeSite, type Site } from "../site/site.ts";

/** A value and when it arrived (ms of this browser's monotonic clock): ages in it were true then. */
export type Stamped<T> = { readonly value: T; readonly at: number };
export type Session = "asking" | "in" | "out";
export type Selection = { readonly kind: "plug" | "rail"; readonly key: string };
export type Change = { readonly clock: string; readonly text: string; readonly number: number };
export type Link = { readonly state: "connecting" | "live" | "lost"; readonly lastWord: number; readonly retryAt: number };

const MAX_CHANGES = 60;
const SPOKEN_CHANGES = 3;

export const session = signal<Session>("asking");
/** Whose session it is; null while nobody is in. */
export const me = signal<Me | null>(null);
export const trouble = signal("");
export const link = signal<Link>({ state: "connecting", lastWord: performance.now(), retryAt: 0 });
export const now = signal(performance.now());

export const topology = signal<Stamped<Topology> | null>(null);
export const hosts = signal<Stamped<readonly Host[]> | null>(null);
export const interfaces = signal<Stamped<readonly Interface[]> | null>(null);
export const refusals = signal<Stamped<readonly Refusal[]> | null>(null);
export const nodes = signal<Stamped<readonly Node[]> | null>(null);
export const mtu = signal<Stamped<Mtu> | null>(null);
export const matrix = signal<Stamped<Matrix> | null>(null);
export const findings = signal<Stamped<Found> | null>(null);
/** Null also for those who may not see them. */
export const enrolments = signal<Stamped<readonly Enrolment[]> | null>(null);
export const secrets = signal<readonly Secret[] | null>(null);
export const authority = signal<Authority | null>(null);

export const changeList = signal<readonly Change[]>([]);
export const spoken = signal("");

export const query = signal("");
export const view = signal<"picture" | "table">("picture");
export const hovered = signal<Selection | null>(null);
export const pinned = signal<Selection | null>(null);
export const selection = computed(() => hovered.value ?? pinned.value);
/** Ports that something else on the page points at: a conflict, or a chain of explanation. */
export const marked = signal<readonly Port[]>([]);
export const ends = signal<{ readonly a: string; readonly b: string }>({ a: "", b: "" });
export const explanation = signal<{ readonly a: string; readonly b: string; readonly answer: Stamped<Explanation> } | null>(null);

export const site = computed<Site>(() =>
  topology.value ? makeSite(topology.value.value, interfaces.value?.value ?? []) : { rails: [], plugs: [] },
);
/** By interface, what was measured to pass less than it should. */
export const passing = computed(() => through(mtu.value?.value.pairs ?? []));
export const filter = computed(() => makeFilter(query.value, site.value));

/** The hosts that the filter leaves, with all their plugs: a narrowed picture still shows a host as it is. */
export const shownSite = computed<Site>(() => {
  if (!query.value.trim()) return site.value;
  const kept = new Set(site.value.plugs.filter(filter.value).map((plug) => plug.host));
  return { rails: site.value.rails, plugs: site.value.plugs.filter((plug) => kept.has(plug.host)) };
});

/** Whether hosts that are wired alike share one card in the picture. */
export const folded = signal(false);

/** What the picture draws. A host that something points at is never folded away. */
export const drawnSite = computed<Site>(() => {
  if (!folded.value) return shownSite.value;
  const apart = new Set(marked.value.map((port) => port.host));
  return fold(shownSite.value, apart);
});

/** Whether one host at most is known, as an agent or by its beacons. */
export const alone = computed(() => {
  if (hosts.value === null) return false;
  return new Set([...hosts.value.value.map((host) => host.name), ...site.value.plugs.map((plug) => plug.host)]).size <= 1;
});

export function stamp<T>(value: T): Stamped<T> {
  return { value, at: performance.now() };
}

/** Takes a new topology in, and tells what changed since the last one. */
export function learn(next: Topology): void {
  const before = topology.peek();
  const told = before && before.value.revision !== next.revision ? changes(before.value, next) : [];
  batch(() => {
    topology.value = stamp(next);
    if (told.length === 0) return;
    const clock = new Date().toLocaleTimeString("en-GB");
    const first = (changeList.peek()[0]?.number ?? 0) + told.length;
    const fresh = told.map((text, index) => ({ clock, text, number: first - index }));
    changeList.value = [...fresh, ...changeList.peek()].slice(0, MAX_CHANGES);
    spoken.value = shorten(told, SPOKEN_CHANGES);
  });
}

/** Whether who is in may do what needs this role; for components, which are drawn anew when it changes. */
export function allowed(needed: Role): boolean {
  return me.value !== null && may(me.value.role, needed);
}

export function forget(): void {
  batch(() => {
    for (const known of [me, topology, hosts, interfaces, refusals, mtu, nodes, matrix, findings, enrolments, secrets, authority]) known.value = null;
    changeList.value = [];
    pinned.value = hovered.value = null;
    explanation.value = null;
  });
}
