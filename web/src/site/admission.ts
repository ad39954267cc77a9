/** Who asks to be let in, who was, and what secrets they use: order and words. Pure. */

import type { Enrolment, Secret } from "../api/types.ts";
import { count, natural } from "./words.ts";

const ORDER: Readonly<Record<string, number>> = { waiting: 0, approved: 1, revoked: 3 };

/** Those that wait first, then those that were let in, then those that no longer may; by name in each. */
export function byNeed(enrolments: readonly Enrolment[]): readonly Enrolment[] {
  const rank = (one: Enrolment): number => ORDER[one.state] ?? 2;
  return [...enrolments].sort((a, b) => rank(a) - rank(b) || natural(a.name, b.name) || natural(a.agent, b.agent));
}

export function waiting(enrolments: readonly Enrolment[]): readonly Enrolment[] {
  return enrolments.filter((one) => one.state === "waiting");
}

const STATES: Readonly<Record<string, string>> = {
  waiting: "waits for approval",
  approved: "let in",
  revoked: "revoked",
};

export function stateWords(state: string): string {
  return STATES[state] ?? state;
}

/** A moment of the region's clock (Unix seconds) as this browser's calendar has it. Never an age: the two clocks may differ. */
export function moment(seconds: number, timeZone?: string): string {
  const style = { dateStyle: "medium", timeStyle: "short", ...(timeZone === undefined ? {} : { timeZone }) } as const;
  return new Date(seconds * 1000).toLocaleString("en-GB", style);
}

/** Who still uses a secret, and what may be done with it. `backticks` mark what is typed. */
export function secretWords(secret: Secret): string {
  const users = secret.agents.length;
  if (!secret.accepted) return `no longer taken, and last used by ${count(users, "agent")}: nothing that proves itself by it comes in`;
  if (secret.signs) return users === 0 ? "signs; no agent uses it yet" : `signs; used by ${count(users, "agent")}`;
  if (users === 0) return "old, and no agent uses it any more: `bellrock secret retire FILE` drops it";
  return `old, and still used by ${count(users, "agent")}: give them the new one before it is dropped`;
}
