/** The shapes of the region's API, version 1. Ages are in seconds at the moment of sending. */

import { dictionary, flag, list, maybe, number, object, or, text, type Of } from "./shape.ts";

export const port = object({ host: text, interface: text, vid: maybe(number) });

export const member = object({
  host: text,
  interface: text,
  vid: maybe(number),
  strength: text,
  age: or(number, 0),
  evidence: or(list(text), []),
});

export const members = list(member);

const vlan = object({
  id: text,
  name: or(text, ""),
  vid: maybe(number),
  members: list(member),
  subnets: or(list(text), []),
});

const fabric = object({ id: text, name: or(text, ""), vlans: list(vlan) });
export const fabrics = list(fabric);
export const conflict = object({ kind: text, where: list(port), proof: text });
export const unknown = object({ host: text, interface: text, why: text });

export const topology = object({
  revision: or(number, 0),
  fabrics,
  conflicts: or(list(conflict), []),
  unknown: or(list(unknown), []),
  names: or(dictionary(text), {}),
});

export const hosts = list(
  object({
    id: text,
    name: text,
    role: or(text, ""),
    connected: flag,
    seen_age: maybe(number),
    clock_offset: maybe(number),
    interfaces: or(number, 0),
  }),
);

const neighbour = object({
  system: or(text, ""),
  port: or(text, ""),
  protocol: or(text, ""),
  pvid: maybe(number),
});

export const interfaces = list(
  object({
    host: text,
    name: text,
    mac: or(text, ""),
    kind: or(text, ""),
    carrier: maybe(flag),
    up: or(flag, true),
    mtu: maybe(number),
    addresses: or(list(text), []),
    parents: or(list(text), []),
    master: maybe(text),
    vid: maybe(number),
    speaks: or(flag, true),
    settled: or(flag, true),
    neighbour: maybe(neighbour),
    vlans: or(list(object({ fabric: text, vlan: text, vid: maybe(number), strength: or(text, "") })), []),
    unknown: maybe(text),
  }),
);

export const refusals = list(
  object({
    host: text,
    interface: text,
    vid: maybe(number),
    source_mac: text,
    reason: text,
    count: number,
    detail: or(text, ""),
    skew: maybe(number),
    age: or(number, 0),
  }),
);

export const evidence = list(
  object({
    kind: text,
    port: maybe(port),
    peer: maybe(port),
    peer_name: or(text, ""),
    sentence: text,
    round_trip: maybe(number),
    since_age: maybe(number),
    age: or(number, 0),
    source_mac: or(text, ""),
    proof: or(list(text), []),
    lapsed: or(flag, false),
  }),
);

export const explanation = object({
  verdict: text,
  chain: or(list(object({ a: port, b: maybe(port), kind: text, sentence: text, age: or(number, 0) })), []),
  missing: or(text, ""),
});

export const me = object({ user: or(text, ""), role: text, first_run: or(flag, false) });

export const enrolments = list(
  object({
    agent: text,
    name: text,
    role: or(text, ""),
    state: text,
    code: or(text, ""),
    address: or(text, ""),
    requested: maybe(number),
    expires: maybe(number),
    connected: or(flag, false),
    secret: or(text, ""),
    old_secret: or(flag, false),
  }),
);

export const secrets = list(
  object({
    id: text,
    signs: flag,
    accepted: or(flag, true),
    agents: or(list(object({ agent: text, name: or(text, ""), how: or(text, "") })), []),
  }),
);

export const authority = object({ fingerprint: text, regions: or(list(text), []) });

const end = object({ host: text, interface: text });
export const way = object({ from: end, to: end, vid: maybe(number) });
export const pair = object({ from: end, to: end, vid: maybe(number), mtu: number, limited_by: or(text, ""), expected: number });
const culprit = object({ what: text, where: or(list(port), []), proof: or(list(text), []) });

export const culprits = list(culprit);
export const mtu = object({ pairs: list(pair), culprits: or(culprits, []), measuring: or(list(text), []), fine: or(number, 0) });

const nowhere = { host: "", interface: "", vlan: null, flow: "", client: "", address: "" };
const where = object({
  host: or(text, ""),
  interface: or(text, ""),
  vlan: maybe(number),
  flow: or(text, ""),
  client: or(text, ""),
  address: or(text, ""),
});
const findingFields = {
  id: text,
  key: or(text, ""),
  severity: text,
  what: text,
  where: or(where, nowhere),
  cause: or(text, ""),
  proof: or(list(text), []),
  evidence: or(list(text), []),
  confidence: or(text, "certain"),
  fix: or(list(text), []),
  recheck: or(text, ""),
  symptoms: or(list(text), []),
};
const finding = object(findingFields);

/** What is wrong by all that the region knows. Times are seconds since 1970 by the region's clock; `missed`: looks in a row that failed. */
export const standing = object({ ...findingFields, state: or(text, "open"), opened: number, seen: number, gone: maybe(number), origin: or(text, "") });
export const findings = object({ findings: list(standing), looked: maybe(number), missed: or(number, 0) });

const nodeInterface = object({
  name: text,
  mac: or(text, ""),
  carrier: maybe(flag),
  speed: maybe(number),
  duplex: or(text, ""),
  mtu: maybe(number),
  vlans: or(list(text), []),
  fabric: or(text, ""),
  switch: or(text, ""),
});

export const nodes = list(
  object({
    agent: text,
    name: text,
    age: maybe(number),
    via: or(text, ""),
    interfaces: list(nodeInterface),
    findings: or(list(finding), []),
  }),
);

const agentRun = object({ agent: text, checks: number, left: number });
const run = object({ run: text, checks: number, left: number, agents: or(list(agentRun), []) });
const traced = object({ at: number, direction: text, what: text, octets: or(number, 0) });

export const results = object({
  agent: text,
  flow: text,
  results: list(
    object({
      target: text,
      verdict: text,
      detail: text,
      rtt_ms: maybe(number),
      evidence: or(list(traced), []),
      variant: or(text, ""),
      protocol: or(text, ""),
      expected: or(text, "pass"),
      age: maybe(number),
      since_age: maybe(number),
    }),
  ),
  findings: or(list(finding), []),
});

export const matrix = object({
  site: maybe(text),
  agents: list(object({ id: text, name: text, roles: or(list(text), []), connected: or(flag, true) })),
  flows: list(object({ id: text, title: text })),
  cells: list(
    object({
      agent: text,
      flow: text,
      verdict: text,
      checks: number,
      faults: number,
      blocked: or(number, 0),
      counts: or(dictionary(number), {}),
      detail: or(text, ""),
      age: number,
      stale: or(flag, false),
    }),
  ),
  running: or(list(run), []),
  untried: or(list(object({ agent: text, flow: text, role: or(text, ""), why: text })), []),
});

export const users = list(object({ name: text, role: text, created: number, seen: maybe(number), sessions: or(number, 0) }));

export const audit = list(
  object({
    id: number,
    at: number,
    who: text,
    how: or(text, ""),
    address: or(text, ""),
    action: text,
    subject: or(text, ""),
    before: or(text, ""),
    after: or(text, ""),
    outcome: or(text, ""),
  }),
);

export const problem = object({ title: or(text, ""), detail: or(text, "") });

export type Me = Of<typeof me>;
export type Enrolment = Of<typeof enrolments>[number];
export type Secret = Of<typeof secrets>[number];
export type Authority = Of<typeof authority>;
export type Mtu = Of<typeof mtu>;
export type Pair = Mtu["pairs"][number];
export type Culprit = Mtu["culprits"][number];
export type Finding = Of<typeof finding>;
export type Standing = Of<typeof findings>["findings"][number];
export type Found = Of<typeof findings>;
export type NodeInterface = Of<typeof nodeInterface>;
export type Node = Of<typeof nodes>[number];
export type Matrix = Of<typeof matrix>;
export type Cell = Matrix["cells"][number];
export type Results = Of<typeof results>;
export type Result = Results["results"][number];
export type User = Of<typeof users>[number];
export type AuditEntry = Of<typeof audit>[number];
export type Port = Of<typeof port>;
export type Topology = Of<typeof topology>;
export type Fabric = Topology["fabrics"][number];
export type Vlan = Fabric["vlans"][number];
export type Member = Vlan["members"][number];
export type Conflict = Topology["conflicts"][number];
export type Unknown = Topology["unknown"][number];
export type Host = Of<typeof hosts>[number];
export type Interface = Of<typeof interfaces>[number];
export type Refusal = Of<typeof refusals>[number];
export type Evidence = Of<typeof evidence>[number];
export type Explanation = Of<typeof explanation>;
