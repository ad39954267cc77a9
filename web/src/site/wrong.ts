/** What is wrong, by all that the region knows: order, counts and words. Pure. */

import type { Finding, Found, Standing } from "../api/types.ts";
import { SEVERITIES } from "./nodes.ts";
import { count } from "./words.ts";

/** Looks in a row that failed before that is told: one may, where something changes under it. As in `bellrock findings`. */
const MISSED = 3;

/** That what is shown is not what is so now; nothing while the region looks as it should. */
export function missedWords({ missed }: Pick<Found, "missed">): string {
  return missed < MISSED ? "" : `The last ${missed} looks failed, so this may be old; the region's log says why: look-failed.`;
}

/** "2 errors, 1 warning; they explain 14 symptoms". */
export function wrongWords(found: Found): string {
  if (found.findings.length === 0) {
    if (found.looked === null) return "The region has not looked yet.";
    return missedWords(found) ? "Nothing was known to be wrong." : "Nothing is known to be wrong.";
  }
  const counts = SEVERITIES.flatMap((severity) => {
    const n = found.findings.filter((one) => one.severity === severity).length;
    return n > 0 ? [count(n, severity)] : [];
  });
  const symptoms = found.findings.reduce((sum, one) => sum + one.symptoms.length, 0);
  const explained = symptoms > 0 ? `; ${count(symptoms, "symptom")} of ${count(found.findings.length, "cause")}` : "";
  return `${counts.join(", ")}${explained}.`;
}

/** Where it is, as far as that is known: "rack-1/eth1, VLAN 20, dhcp". */
export function placeWords({ where }: Pick<Finding, "where">): string {
  const port = [where.host, where.interface].filter(Boolean).join("/");
  return [port, where.vlan === null ? "" : `VLAN ${where.vlan}`, where.flow, where.client && `client ${where.client}`, where.address].filter(Boolean).join(", ");
}

const STATES: Readonly<Record<string, string>> = {
  flapping: "comes and goes",
  unseen: "not seen at the last look",
};

/** What is to be said of its state; nothing of one that simply stands. */
export function stateWords(one: Pick<Standing, "state">): string {
  return STATES[one.state] ?? (one.state === "open" ? "" : one.state);
}

const SURE: Readonly<Record<string, string>> = { certain: "certain", likely: "likely: another cause is possible, and rarer", possible: "possible: one of several causes" };

export function sureWords({ confidence }: Pick<Finding, "confidence">): string {
  return SURE[confidence] ?? confidence;
}

/** Whether every word of a query is in what a finding says, or in where it is. */
export function findingFits(one: Finding, query: string): boolean {
  const text = [one.id, one.what, one.cause, placeWords(one), ...one.symptoms].join("\n").toLowerCase();
  return query.toLowerCase().split(/\s+/).filter(Boolean).every((word) => text.includes(word.replace(/^(host|if|vlan|mac):/, "")));
}
