/** What the page does about those who join: lets them in, shuts them out, and asks who uses which secret. */

import { approve, CallError, fetchAuthority, fetchSecrets, revoke } from "../api/client.ts";
import { refusal } from "./refusal.ts";
import { allowed, authority, secrets } from "./store.ts";

/** Lets the agent in whose code was compared. Returns what went wrong, or nothing. */
export function letIn(agent: string, code: string): Promise<string> {
  return attempt(() => approve(agent, code));
}

/** Shuts an agent out, at once. Returns what went wrong, or nothing. */
export function shutOut(agent: string): Promise<string> {
  return attempt(() => revoke(agent));
}

/** Asks anew what is not on the stream. What the region refuses to tell stays unknown. */
export async function refreshAdmission(): Promise<void> {
  if (!allowed("operator")) return;
  try {
    secrets.value = await fetchSecrets();
    authority.value ??= await fetchAuthority();
  } catch (error) {
    if (!(error instanceof CallError)) throw error;
  }
}

async function attempt(act: () => Promise<void>): Promise<string> {
  try {
    await act();
    return "";
  } catch (error) {
    return refusal(error);
  }
}
