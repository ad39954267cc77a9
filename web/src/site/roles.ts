/** Who may do what. The region decides; the page only leaves out what it would refuse. Pure. */

export const ROLES = ["viewer", "operator", "admin"] as const;
export type Role = (typeof ROLES)[number];

/** Whether a role includes another. One that this page does not know may look, and no more. */
export function may(role: string, needed: Role): boolean {
  return Math.max(0, ROLES.findIndex((known) => known === role)) >= ROLES.indexOf(needed);
}

/** What the region answers to passwords and names, told before they travel. Empty where nothing is wrong. */
export function newUserTrouble(name: string, password: string, again: string): string {
  if (!name.trim()) return "The user's name is missing.";
  if (!password) return "The password is missing.";
  if (password !== again) return "The two passwords differ.";
  return "";
}
