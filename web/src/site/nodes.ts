/** Nodes that reported from their commissioning run: order, counts and words. Pure. */

import type { Finding, Node, NodeInterface } from "../api/types.ts";
import { count, natural } from "./words.ts";

export const SEVERITIES = ["error", "warning", "notice"] as const;

/** Worst first; a severity that this page does not know stands last. */
function rank(severity: string): number {
  const at = SEVERITIES.findIndex((known) => known === severity);
  return at < 0 ? SEVERITIES.length : at;
}

/** Findings, the worst first, then by what they say. */
export function bySeverity(findings: readonly Finding[]): readonly Finding[] {
  return [...findings].sort((a, b) => rank(a.severity) - rank(b.severity) || natural(a.what, b.what));
}

/** Nodes, those with the worst findings first, then by name. */
export function byTrouble(nodes: readonly Node[]): readonly Node[] {
  const worst = new Map(nodes.map((node) => [node, Math.min(SEVERITIES.length + 1, ...node.findings.map((one) => rank(one.severity)))]));
  return [...nodes].sort((a, b) => (worst.get(a) ?? 0) - (worst.get(b) ?? 0) || natural(a.name, b.name));
}

/** Whether every word of a query is in a node's name, its interfaces or its switches. */
export function nodeFits(node: Node, query: string): boolean {
  const text = [node.name, ...node.interfaces.flatMap((one) => [one.name, one.mac, one.switch, one.fabric, ...one.vlans])].join("\n").toLowerCase();
  return query.toLowerCase().split(/\s+/).filter(Boolean).every((word) => text.includes(word.replace(/^(host|if|vlan|mac):/, "")));
}

/** "4 interfaces, 3 placed; 1 error, 2 warnings" */
export function nodeWords(node: Node): string {
  const placed = node.interfaces.filter((one) => one.vlans.length > 0).length;
  const found = SEVERITIES.flatMap((severity) => {
    const n = node.findings.filter((one) => one.severity === severity).length;
    return n > 0 ? [count(n, severity)] : [];
  });
  return `${count(node.interfaces.length, "interface")}, ${placed} placed; ${found.join(", ") || "nothing found wrong"}`;
}

/** Nodes with at least one finding of severity error. */
export function broken(nodes: readonly Node[]): readonly Node[] {
  return nodes.filter((node) => node.findings.some((one) => one.severity === "error"));
}

/** "25 Gbit/s full", "100 Mbit/s half"; empty where neither is known. */
export function speedWords({ speed, duplex }: Pick<NodeInterface, "speed" | "duplex">): string {
  const rate = speed === null || speed <= 0 ? "" : speed >= 1000 ? `${speed / 1000} Gbit/s` : `${speed} Mbit/s`;
  return [rate, duplex].filter(Boolean).join(" ");
}
