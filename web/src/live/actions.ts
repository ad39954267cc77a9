/** What a person can do on the page. */

import { CallError, fetchExplanation, login, logout } from "../api/client.ts";
import * as socket from "./socket.ts";
import { ends, explanation, forget, hovered, marked, pinned, session, stamp, trouble, type Selection } from "./store.ts";

/** Enters with a one-time token. Returns what went wrong, or nothing. */
export async function enter(token: string): Promise<string> {
  try {
    await login(token);
  } catch (error) {
    return refusal(error);
  }
  begin();
  return "";
}

export function begin(): void {
  session.value = "in";
  socket.start();
}

export async function leave(): Promise<void> {
  try {
    await logout();
  } catch (error) {
    trouble.value = refusal(error);
    return;
  }
  socket.stop();
  forget();
  session.value = "out";
}

export function pin(selection: Selection): void {
  const same = pinned.value?.kind === selection.kind && pinned.value.key === selection.key;
  pinned.value = same ? null : selection;
}

export function clear(): void {
  pinned.value = hovered.value = null;
  marked.value = [];
}

export function chooseEnd(end: "a" | "b", port: string): void {
  ends.value = { ...ends.value, [end]: port };
  const { a, b } = ends.value;
  if (a && b) void explain();
}

/** Asks what makes the two chosen ports one VLAN, and marks the chain in the picture. */
export async function explain(): Promise<string> {
  const { a, b } = ends.value;
  if (!a.trim() || !b.trim()) return "Name two ports, each as host/interface or host/interface.VID.";
  try {
    const answer = await fetchExplanation(a.trim(), b.trim());
    explanation.value = { a: a.trim(), b: b.trim(), answer: stamp(answer) };
    marked.value = answer.chain.flatMap((step) => [step.a, step.b]).filter((port) => port !== null);
    return "";
  } catch (error) {
    explanation.value = null;
    return refusal(error);
  }
}

export function refusal(error: unknown): string {
  if (error instanceof CallError) {
    if (error.status === 429) return `${error.message} Wait a moment, then try again.`;
    return error.message;
  }
  return error instanceof Error ? error.message : String(error);
}
