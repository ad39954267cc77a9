/** What a person can do on the page. */

import { addUser, fetchExplanation, fetchMe, login, logout, type Credentials } from "../api/client.ts";
import type { Me } from "../api/types.ts";
import { refusal } from "./refusal.ts";
import * as socket from "./socket.ts";
import { ends, explanation, forget, hovered, marked, me, pinned, session, stamp, trouble, type Selection } from "./store.ts";

/** Enters with a one-time token, or as a user. Returns what went wrong, or nothing. */
export async function enter(credentials: Credentials): Promise<string> {
  try {
    await login(credentials);
    const known = await fetchMe();
    if (known === null) return "The region took the login, and then did not know this browser: are cookies forbidden in it?";
    begin(known);
    return "";
  } catch (error) {
    return refusal(error);
  }
}

export function begin(known: Me): void {
  me.value = known;
  session.value = "in";
  socket.start();
}

/** Makes the first user, who may do everything. Returns what went wrong, or nothing. */
export async function makeFirstUser(name: string, password: string): Promise<string> {
  try {
    await addUser(name, "admin", password);
    const known = await fetchMe();
    if (known !== null) me.value = known;
    else end(`User ${name} is made. Log in as ${name}.`);
    return "";
  } catch (error) {
    return refusal(error);
  }
}

export async function leave(): Promise<void> {
  // First, because the region ends the stream with the session, and that end would look like a lost region.
  socket.stop();
  try {
    await logout();
  } catch (error) {
    trouble.value = refusal(error);
    socket.start();
    return;
  }
  end("");
}

/** Goes back to the login, which says `why`. */
export function end(why: string): void {
  socket.stop();
  forget();
  trouble.value = why;
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
