/** Calls to the region. Every answer is checked against its shape before anyone uses it. */

import type { Shape } from "./shape.ts";
import * as shapes from "./types.ts";
import type { AuditEntry, Authority, Evidence, Explanation, Host, Me, Member, Refusal, Results, Secret, Topology, User } from "./types.ts";

/** The region answered, and not with what was asked for. `status` is the HTTP status, 0 where no answer came. */
export class CallError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = "CallError";
    this.status = status;
  }
}

export type Credentials = { readonly token: string } | { readonly user: string; readonly password: string };

export async function login(credentials: Credentials): Promise<void> {
  await call("POST", "/api/v1/login", credentials);
}

export async function logout(): Promise<void> {
  await call("POST", "/api/v1/logout");
}

/** Who this browser's session belongs to; null where it holds none. */
export async function fetchMe(): Promise<Me | null> {
  try {
    return await read("/api/v1/me", shapes.me);
  } catch (error) {
    if (error instanceof CallError && (error.status === 401 || error.status === 403)) return null;
    throw error;
  }
}

export function fetchUsers(): Promise<readonly User[]> {
  return read("/api/v1/users", shapes.users);
}

/** Another role; the user's sessions end. */
export async function changeRole(name: string, role: string): Promise<void> {
  await call("PATCH", `/api/v1/users/${encodeURIComponent(name)}`, { role });
}

/** The user's sessions and tokens end. */
export async function removeUser(name: string): Promise<void> {
  await call("DELETE", `/api/v1/users/${encodeURIComponent(name)}`);
}

export async function addUser(name: string, role: string, password: string): Promise<void> {
  await call("POST", "/api/v1/users", { name, role, password });
}

export type State = { readonly topology: Topology; readonly hosts: readonly Host[]; readonly refusals: readonly Refusal[] };

/** What carries ages, afresh. */
export async function fetchState(): Promise<State> {
  const [topology, hosts, refusals] = await Promise.all([
    read("/api/v1/topology", shapes.topology),
    read("/api/v1/hosts", shapes.hosts),
    read("/api/v1/refusals", shapes.refusals),
  ]);
  return { topology, hosts, refusals };
}

export function fetchEvidence(host: string, name: string): Promise<readonly Evidence[]> {
  return read(`/api/v1/evidence?${new URLSearchParams({ host, interface: name })}`, shapes.evidence);
}

/** A port in a VLAN as it is there, tagged and untagged, with what speaks for it. */
export function fetchMembers(vlan: string, host: string, name: string): Promise<readonly Member[]> {
  return read(`/api/v1/vlans/${encodeURIComponent(vlan)}/members?${new URLSearchParams({ host, interface: name })}`, shapes.members);
}

export function fetchExplanation(a: string, b: string): Promise<Explanation> {
  return read(`/api/v1/topology/explain?${new URLSearchParams({ a, b })}`, shapes.explanation);
}

export async function rename(what: "fabrics" | "vlans", id: string, name: string): Promise<void> {
  await call("PATCH", `/api/v1/${what}/${encodeURIComponent(id)}`, { name });
}

/** Lets in the machine whose `code` was compared; refused where another asks under its id by now. */
export async function approve(agent: string, code: string): Promise<void> {
  await call("POST", `/api/v1/enrolments/${encodeURIComponent(agent)}/approve?${new URLSearchParams({ code })}`);
}

export async function revoke(agent: string): Promise<void> {
  await call("POST", `/api/v1/enrolments/${encodeURIComponent(agent)}/revoke`);
}

export function fetchSecrets(): Promise<readonly Secret[]> {
  return read("/api/v1/secrets", shapes.secrets);
}

export function fetchAuthority(): Promise<Authority> {
  return read("/api/v1/authority", shapes.authority);
}

/** Has all agents measure what passes, now. */
export async function measureMtu(): Promise<void> {
  await call("POST", "/api/v1/mtu/measure", {});
}

/** All checks of one agent and one flow, with their evidence. */
export function fetchResults(agent: string, flow: string): Promise<Results> {
  return read(`/api/v1/matrix/${encodeURIComponent(agent)}/${encodeURIComponent(flow)}`, shapes.results);
}

/** Has all agents try all flows, now. */
export async function tryAll(): Promise<void> {
  await call("POST", "/api/v1/probes", {});
}

/** Entries of the audit log, newest first, from below the number `before`. */
export function fetchAudit(before: number | null, limit: number): Promise<readonly AuditEntry[]> {
  const wanted = new URLSearchParams({ limit: String(limit), ...(before === null ? {} : { before: String(before) }) });
  return read(`/api/v1/audit?${wanted}`, shapes.audit);
}

async function read<T>(path: string, shape: Shape<T>): Promise<T> {
  const answer = await call("GET", path);
  return shape(await answer.json(), "");
}

async function call(method: string, path: string, body?: unknown): Promise<Response> {
  const headers: Record<string, string> = { Accept: "application/json" };
  if (method !== "GET") headers["X-Bellrock"] = "1";
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let answer: Response;
  try {
    answer = await fetch(path, { method, headers, credentials: "same-origin", body: body === undefined ? null : JSON.stringify(body) });
  } catch {
    throw new CallError(0, "The region does not answer.");
  }
  if (!answer.ok) throw new CallError(answer.status, await reason(answer));
  return answer;
}

async function reason(answer: Response): Promise<string> {
  try {
    const { title, detail } = shapes.problem(await answer.json(), "");
    return detail || title || `The region answered ${answer.status}.`;
  } catch {
    return `The region answered ${answer.status} without saying why.`;
  }
}
