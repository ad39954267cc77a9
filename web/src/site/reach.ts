/** Who reaches what: agents and flows, in words and marks. Pure. */

import type { Cell, Matrix, Result } from "../api/types.ts";
import { count, natural } from "./words.ts";

/** How a cell is to be taken: `closed` is a flow that must not pass, and does not. */
export type Mood = "works" | "closed" | "degraded" | "fault" | "unknown" | "none";

/** Marks that tell apart without colour. */
export const MARKS: Readonly<Record<Mood, string>> = { works: "●", closed: "◌", degraded: "◐", fault: "✕", unknown: "?", none: "" };

export function mood(cell: Cell | undefined): Mood {
  if (!cell) return "none";
  if (cell.faults > 0) return cell.verdict === "degraded" ? "degraded" : "fault";
  if (cell.verdict === "not-checked") return "unknown";
  return cell.blocked > 0 && cell.blocked === cell.checks ? "closed" : "works";
}

/** Agents, those with the most faults first, then by name; each with its cells by flow. */
export function rows(matrix: Matrix): readonly { readonly agent: Matrix["agents"][number]; readonly cells: ReadonlyMap<string, Cell>; readonly faults: number }[] {
  const cells = new Map(matrix.agents.map((agent) => [agent.id, new Map<string, Cell>()]));
  for (const cell of matrix.cells) cells.get(cell.agent)?.set(cell.flow, cell);
  return matrix.agents
    .map((agent) => {
      const own = cells.get(agent.id) ?? new Map<string, Cell>();
      return { agent, cells: own, faults: [...own.values()].reduce((sum, cell) => sum + cell.faults, 0) };
    })
    .sort((a, b) => b.faults - a.faults || natural(a.agent.name, b.agent.name));
}

/** The flows that somebody tried, in the order of a boot. */
export function columns(matrix: Matrix): Matrix["flows"] {
  const tried = new Set(matrix.cells.map((cell) => cell.flow));
  return matrix.flows.filter((flow) => tried.has(flow.id));
}

const MOODS: Readonly<Record<Mood, string>> = {
  works: "works",
  closed: "closed, as it should be",
  degraded: "works, but not well",
  fault: "fault",
  unknown: "not checked",
  none: "nothing to try",
};

/** "rack-1, DNS: fault, 1 of 3 checks: nothing came back within 5 s", for those who hear the page. */
export function cellWords(agent: string, flow: string, cell: Cell | undefined): string {
  if (!cell) return `${agent}, ${flow}: ${MOODS.none}`;
  const how = cell.faults > 0 ? `${cell.verdict}, ${cell.faults} of ${count(cell.checks, "check")}` : `${MOODS[mood(cell)]}, ${count(cell.checks, "check")}`;
  return `${agent}, ${flow}: ${how}${cell.detail && cell.faults > 0 ? `: ${cell.detail}` : ""}${cell.stale ? "; not tried for long" : ""}`;
}

/** One sentence above the table. */
export function reachHeadline(matrix: Matrix): string {
  const checks = matrix.cells.reduce((sum, cell) => sum + cell.checks, 0);
  if (matrix.site === null && checks === 0) return "No site file is known here, so nothing says who must reach whom. `bellrock site push FILE` tells the region.";
  if (checks === 0) return "Nothing was tried yet.";
  const faults = matrix.cells.reduce((sum, cell) => sum + cell.faults, 0);
  const unknown = matrix.cells.reduce((sum, cell) => sum + (cell.counts["not-checked"] ?? 0), 0);
  const told = faults === 0 ? `Of ${count(checks, "check")} none found a fault` : `${faults} of ${count(checks, "check")} found a fault`;
  return `${told}${unknown > 0 ? `; ${unknown} could not be made` : ""}.`;
}

/** "rack-1 and rack-2 try flows now: 12 of 40 done"; empty where nobody does. */
export function runningWords(matrix: Matrix): string {
  const checks = matrix.running.reduce((sum, run) => sum + run.checks, 0);
  if (matrix.running.length === 0) return "";
  const left = matrix.running.reduce((sum, run) => sum + run.left, 0);
  const names = [...new Set(matrix.running.flatMap((run) => run.agents.map((one) => one.agent)))].sort(natural);
  return `${names.length > 3 ? count(names.length, "agent") : new Intl.ListFormat("en-GB").format(names)} ${names.length === 1 ? "tries" : "try"} flows now: ${checks - left} of ${checks} done.`;
}

/** Whether a result is as it should be: the region's `works` says so of what must not pass as well. */
export function fits(result: Result): boolean {
  return result.verdict === "works";
}

/** The verdict as a person reads it: what must be blocked, and is, does not "work". */
export function verdictWord(result: Result): string {
  return result.expected === "blocked" && result.verdict === "works" ? "blocked" : result.verdict;
}

/** Results that are a fault first, then by target. */
export function byFault(results: readonly Result[]): readonly Result[] {
  const rank = (one: Result): number => (fits(one) ? 2 : one.verdict === "not-checked" ? 1 : 0);
  return [...results].sort((a, b) => rank(a) - rank(b) || natural(a.target, b.target) || natural(a.variant, b.variant));
}

/** "10.0.0.1:53 udp, uefi-x64" */
export function targetWords({ target, protocol, variant }: Pick<Result, "target" | "protocol" | "variant">): string {
  return [`${target}${protocol ? ` ${protocol}` : ""}`, variant].filter(Boolean).join(", ");
}

/** Seconds after the first step, as "+0.4 ms" or "+1.20 s". */
export function afterWords(at: number, first: number): string {
  const seconds = Math.max(0, at - first);
  return seconds < 1 ? `+${(seconds * 1000).toFixed(1)} ms` : `+${seconds.toFixed(2)} s`;
}
