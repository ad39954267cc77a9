/** The stream of the region: connects, reconnects, and knows how long it has been silent. */

import { CallError, fetchMe, fetchState } from "../api/client.ts";
import { object, text } from "../api/shape.ts";
import * as shapes from "../api/types.ts";
import { refreshAdmission } from "./admission.ts";
import {
  findingsDelta,
  hostsDelta,
  interfacesDelta,
  isDelta,
  mtuDelta,
  topologyDelta,
  withClaims,
  withFindings,
  withHosts,
  withInterfaces,
  withPairs,
} from "./deltas.ts";
import { enrolments, findings, forget, hosts, interfaces, learn, link, matrix, me, mtu, nodes, now, refusals, session, stamp, topology, trouble } from "./store.ts";

/** The region pings every 20 s; after this much silence the connection is taken for dead. */
const SILENCE = 25_000;
const FIRST_RETRY = 500;
const LAST_RETRY = 8_000;
/** Ages in a state are as of its sending, and states are sent on change only: ask again this often. */
const REFRESH = 15_000;

/** Hosts from which on that costs more than it tells: what changes is told as it changes. */
const MANY = 300;

const envelope = object({ type: text });
const hostsMessage = object({ hosts: shapes.hosts });
const interfacesMessage = object({ interfaces: shapes.interfaces });
const refusalsMessage = object({ refusals: shapes.refusals });
const nodesMessage = object({ nodes: shapes.nodes });
const enrolmentsMessage = object({ enrolments: shapes.enrolments });

let socket: WebSocket | null = null;
let retry = FIRST_RETRY;
let timers: ReturnType<typeof setTimeout>[] = [];

/** Starts listening; the session must be there. */
export function start(): void {
  stop();
  retry = FIRST_RETRY;
  timers = [setInterval(tick, 1000), setInterval(refresh, REFRESH)];
  connect();
}

export function stop(): void {
  for (const timer of timers) clearTimeout(timer);
  timers = [];
  const open = socket;
  socket = null;
  open?.close();
}

function connect(): void {
  const address = new URL("/api/v1/live?deltas=1", location.href);
  address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
  const opened = new WebSocket(address);
  socket = opened;
  opened.onmessage = (event: MessageEvent<unknown>) => {
    if (socket !== opened) return;
    heard();
    take(event.data);
  };
  opened.onclose = () => {
    if (socket === opened) void lost();
  };
}

function heard(): void {
  retry = FIRST_RETRY;
  link.value = { state: "live", lastWord: performance.now(), retryAt: 0 };
}

async function lost(): Promise<void> {
  socket = null;
  const wait = retry;
  retry = Math.min(retry * 2, LAST_RETRY);
  link.value = { ...link.peek(), state: "lost", retryAt: performance.now() + wait };
  if (await sessionEnded()) {
    stop();
    forget();
    session.value = "out";
    return;
  }
  timers.push(setTimeout(connect, wait));
}

async function sessionEnded(): Promise<boolean> {
  try {
    const known = await fetchMe();
    if (known !== null) me.value = known;
    return known === null;
  } catch {
    return false;
  }
}

function tick(): void {
  now.value = performance.now();
  const { state, lastWord } = link.peek();
  if (state === "live" && now.value - lastWord > SILENCE) socket?.close();
}

async function refresh(): Promise<void> {
  if (document.hidden || link.peek().state !== "live") return;
  if ((hosts.peek()?.value.length ?? 0) > MANY) return;
  try {
    const state = await fetchState();
    if (state.topology.revision >= (topology.peek()?.value.revision ?? 0)) learn(state.topology);
    hosts.value = stamp(state.hosts);
    refusals.value = stamp(state.refusals);
    await refreshAdmission();
  } catch (error) {
    // The stream notices a lost region by itself; only an answer that does not fit is worth a word here.
    if (!(error instanceof CallError)) trouble.value = String(error);
  }
}

function take(data: unknown): void {
  if (data === "ping" || typeof data !== "string") return;
  try {
    dispatch(JSON.parse(data));
    trouble.value = "";
  } catch (error) {
    trouble.value = error instanceof Error ? error.message : String(error);
  }
}

/** What changed, put into what is known. Without anything known there is nothing to put it into: the whole comes first. */
function change(message: unknown): void {
  const [claims, known, ports, sizes, wrong] = [topology.peek(), hosts.peek(), interfaces.peek(), mtu.peek(), findings.peek()];
  switch (envelope(message, "").type) {
    case "topology":
      if (claims) learn(withClaims(claims.value, topologyDelta(message, "")));
      break;
    case "hosts":
      if (known) hosts.value = stamp(withHosts(known.value, hostsDelta(message, "")));
      break;
    case "interfaces":
      if (ports) interfaces.value = stamp(withInterfaces(ports.value, interfacesDelta(message, "")));
      break;
    case "mtu":
      if (sizes) mtu.value = stamp(withPairs(sizes.value, mtuDelta(message, "")));
      break;
    case "findings":
      if (wrong) findings.value = stamp(withFindings(wrong.value, findingsDelta(message, "")));
      break;
    default: // something that a newer region says
  }
}

function dispatch(message: unknown): void {
  if (isDelta(message)) return change(message);
  switch (envelope(message, "").type) {
    case "topology":
      learn(shapes.topology(message, ""));
      break;
    case "hosts":
      hosts.value = stamp(hostsMessage(message, "").hosts);
      break;
    case "interfaces":
      interfaces.value = stamp(interfacesMessage(message, "").interfaces);
      break;
    case "refusals":
      refusals.value = stamp(refusalsMessage(message, "").refusals);
      break;
    case "mtu":
      mtu.value = stamp(shapes.mtu(message, ""));
      break;
    case "matrix":
      matrix.value = stamp(shapes.matrix(message, ""));
      break;
    case "findings":
      findings.value = stamp(shapes.findings(message, ""));
      break;
    case "nodes":
      nodes.value = stamp(nodesMessage(message, "").nodes);
      break;
    case "enrolments":
      enrolments.value = stamp(enrolmentsMessage(message, "").enrolments);
      void refreshAdmission();
      break;
    default: // a ping, or something that a newer region says
  }
}
