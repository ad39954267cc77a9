/** The audit log in words. Pure. */

import type { AuditEntry } from "../api/types.ts";

/** "name VLAN vlan-7" */
export function whatWords(entry: Pick<AuditEntry, "action" | "subject">): string {
  return [entry.action, entry.subject].filter(Boolean).join(" ");
}

/** "viewer → admin"; what is missing on one side is left out. */
export function changeWords(entry: Pick<AuditEntry, "before" | "after">): string {
  if (!entry.before && !entry.after) return "";
  return entry.before && entry.after ? `${entry.before} → ${entry.after}` : entry.after ? `→ ${entry.after}` : `${entry.before} →`;
}

/** Who, and how that was shown where it is not plain from the name. */
export function whoWords(entry: Pick<AuditEntry, "who" | "how">): string {
  return entry.how === "" || entry.how === "password" || entry.who.includes(" ") ? entry.who : `${entry.who} (${entry.how})`;
}

/** What is shown after more entries came: newest first, each once. */
export function joined(known: readonly AuditEntry[], more: readonly AuditEntry[]): readonly AuditEntry[] {
  const all = new Map([...known, ...more].map((entry) => [entry.id, entry]));
  return [...all.values()].sort((a, b) => b.id - a.id);
}
