import { CallError } from "../api/client.ts";

/** What the region refused, as a sentence for the one who asked. */
export function refusal(error: unknown): string {
  if (error instanceof CallError) {
    if (error.status === 429) return `${error.message} Wait a moment, then try again.`;
    return error.message;
  }
  return error instanceof Error ? error.message : String(error);
}
