"""What the API answers and takes, as it travels.

Made from the OpenAPI document by `tools/api-client`; do not edit.
"""

from typing import Any, Literal

from msgspec import Struct, field


class AdjacentView(Struct, frozen=True, kw_only=True):
    """What an agent sees behind one of its ports: another agent (`host` is its id), or a device that says so itself
    by LLDP or CDP (`host` empty). `kind`: the strongest evidence of it. `lapsed`: the agent that saw it is
    silent.
    """

    interface: str
    vid: int | None
    kind: str
    host: str
    name: str
    port: str
    peer_vid: int | None
    sentence: str
    age: float
    lapsed: bool


class AgentRunView(Struct, frozen=True, kw_only=True):
    """An agent's part in a run: how many checks, and how many of them are not told yet."""

    agent: str
    checks: int
    left: int


class AgentSecretView(Struct, frozen=True, kw_only=True):
    """An agent uses a secret: it `joined` with it, `streams` with it, or `signs` its beacons with it, whichever was
    seen last.
    """

    agent: str
    name: str
    how: str


class AuditView(Struct, frozen=True, kw_only=True):
    """Who did what. `at` is seconds since 1970; no secret is ever in it."""

    id: int
    at: float
    kind: str
    who: str
    how: str
    address: str
    action: str
    subject: str
    before: str
    after: str
    outcome: str


class AuthorityView(Struct, frozen=True, kw_only=True):
    """The certificate authority of the region, by SHA-256 and as PEM, and where the region listens with TLS."""

    fingerprint: str
    certificate: str
    regions: tuple[str, ...]


class CaptureRequest(Struct, frozen=True, kw_only=True):
    """Where, for how long, and what is to be captured. Payloads are left out, or known secrets in them are blanked,
    at the agents.
    """

    on: tuple[str, ...]
    seconds: float = 60.0
    octets: int = 67108864
    program: tuple[tuple[int, int, int, int], ...] = ()
    expression: str = ""
    headers_only: bool = True


class PointView(Struct, frozen=True, kw_only=True):
    """One place of a capture."""

    place: int
    agent: str
    name: str
    interface: str
    state: str
    why: str
    packets: int
    dropped: int
    octets: int
    ahead: float | None


class CaptureView(Struct, frozen=True, kw_only=True):
    """A capture."""

    id: str
    who: str
    seconds: float
    over: bool
    points: tuple[PointView, ...]


Confidence = Literal["certain", "likely", "possible"]
"""How sure the cause is, surest first. What was observed is certain in any case: this is about what it means."""

Severity = Literal["error", "notice", "warning"]
"""How much it matters, most first."""


class Where(Struct, frozen=True, kw_only=True):
    """Where a finding is, as far as that is known: empty, and null for the VLAN, where it is not."""

    host: str = ""
    interface: str = ""
    vlan: int | None = None
    flow: str = ""
    client: str = ""
    address: str = ""


class FindingDocument(Struct, frozen=True, kw_only=True):
    """What is wrong, as JSON: every key is always there. `what` names the place, `cause` says why, `proof` what was
    observed, `evidence` where to look that up, `fix` what to do, `recheck` the command that shows whether it is
    mended, `symptoms` what merely follows from it.
    """

    id: str
    key: str
    severity: Severity
    what: str
    where: Where = Where()
    cause: str = ""
    proof: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    confidence: Confidence = "certain"
    fix: tuple[str, ...] = ()
    recheck: str = ""
    symptoms: tuple[str, ...] = ()


class Traced(Struct, frozen=True, kw_only=True):
    """One step of what a probe saw."""

    at: float
    direction: Literal["noticed", "received", "sent"]
    what: str
    octets: int = 0


Verdict = Literal[
    "authentication-needed",
    "degraded",
    "exposed",
    "filtered",
    "not-checked",
    "refused",
    "tls-fault",
    "unreachable",
    "works",
    "wrong-service",
]
"""What a probe says of a service, seen from one place."""


class ResultView(Struct, frozen=True, kw_only=True):
    """What became of one check. `agent`: by name; `expected`: pass or blocked; `age`, `since_age`: of the check, and
    of its verdict; `place`: of the try, among those that were asked for.
    """

    flow: str
    target: str
    verdict: Verdict
    detail: str
    rtt_ms: float | None
    evidence: tuple[Traced, ...]
    variant: str = ""
    protocol: str = ""
    agent: str
    role: str = ""
    expected: str = "pass"
    age: float | None = None
    since_age: float | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    place: int = 0


class CellResultsView(Struct, frozen=True, kw_only=True):
    """All checks of one agent and one flow, with their evidence, and what is wrong."""

    agent: str
    flow: str
    results: tuple[ResultView, ...]
    findings: tuple[FindingDocument, ...]


class CellView(Struct, frozen=True, kw_only=True):
    """One agent and one flow. `verdict`: the worst; `counts`: how many checks have which; `blocked`: how many must
    be blocked, and are; `age`: of the oldest check; `stale`: too old to trust.
    """

    agent: str
    flow: str
    verdict: Verdict
    checks: int
    faults: int
    counts: dict[str, int]
    detail: str
    age: float
    stale: bool
    blocked: int


class HourView(Struct, frozen=True, kw_only=True):
    """How often a verdict became what within an hour. `at`: when the hour began, `first`: when it changed first;
    seconds since 1970.
    """

    at: float
    first: float
    counts: dict[str, int]


class ChangeView(Struct, frozen=True, kw_only=True):
    """A verdict that changed. `before` is empty where it was the first. `at`: seconds since 1970. With `hour`: all
    changes of a target within an hour, of which only this is kept: from `before`, before the first, to `verdict`,
    since the last, which was `at`. Without agent, flow and target: of those that were too many to be kept each.
    """

    id: int
    at: float
    agent: str
    flow: str
    target: str
    protocol: str
    variant: str
    before: str
    verdict: Verdict
    detail: str
    hour: HourView | None = None


ConflictKind = Literal[
    "address-misfit", "duplicate-mac", "loop", "one-way", "relayed", "subnet-split", "two-vids", "vid-split"
]
"""The contradictions that evidence can show."""


class PortView(Struct, frozen=True, kw_only=True):
    """A port: host name, interface, and VID or null for untagged frames."""

    host: str
    interface: str
    vid: int | None


class ConflictView(Struct, frozen=True, kw_only=True):
    """A contradiction in the evidence, with one sentence that proves it."""

    kind: str
    where: tuple[PortView, ...]
    proof: str


class CulpritView(Struct, frozen=True, kw_only=True):
    """Who is to blame. `where`: the port, or those on one side, `towards` those on the other; `direction`: out, in
    or both, as seen from there.
    """

    what: str
    where: tuple[PortView, ...]
    kind: str
    direction: str
    towards: tuple[PortView, ...] = ()
    vids: tuple[int, ...] = ()
    mtu: int
    others: int
    proof: tuple[str, ...]


class DiagnosisView(Struct, frozen=True, kw_only=True):
    """A diagnosis that was taken: how many findings, when, and until when it counts if nothing of this source takes
    its place. A look that began at `at` or later has judged it.
    """

    source: str
    findings: int
    at: float
    until: float


DiedAt = Literal[
    "",
    "answered-elsewhere",
    "dropped-by-target",
    "lost-on-the-way",
    "no-listener",
    "not-sent",
    "reply-dropped",
    "reply-lost",
    "reply-not-sent",
    "unknown",
]
"""Where a flow's packets died, as both ends saw it."""


class EndView(Struct, frozen=True, kw_only=True):
    """One end of a measured direction."""

    host: str
    interface: str


EnrolmentState = Literal["waiting", "approved", "revoked"]
"""What was decided about an agent."""


class EnrolmentView(Struct, frozen=True, kw_only=True):
    """An agent that joined, or asked to. Times are seconds since 1970; `code` is what its own side shows as well."""

    agent: str
    name: str
    role: str
    state: str
    code: str
    address: str
    requested: float
    expires: float | None
    connected: bool
    secret: str
    old_secret: bool


EvidenceKind = Literal["confirmed", "heard", "lldp", "loop", "own-beacon", "routable"]
"""The kinds of observation that tell something about a port."""


class EvidenceView(Struct, frozen=True, kw_only=True):
    """One observation. `lapsed`: its agent is silent, so nothing is concluded from it."""

    kind: str
    port: PortView
    peer: PortView | None
    peer_name: str
    sentence: str
    round_trip: float | None
    since_age: float
    age: float
    source_mac: str
    proof: tuple[str, ...]
    lapsed: bool


class StepView(Struct, frozen=True, kw_only=True):
    """One link in a chain of proof."""

    a: PortView
    b: PortView
    kind: str
    sentence: str
    age: float | None


class ExplanationView(Struct, frozen=True, kw_only=True):
    """Whether two ports are one VLAN (`same-vlan`, `same-fabric`, `apart`, `unknown`), why, and what is missing."""

    verdict: str
    chain: tuple[StepView, ...]
    missing: str


class FabricSummary(Struct, frozen=True, kw_only=True):
    """A fabric, and how many VLANs are in it."""

    id: str
    name: str
    vlans: int


class MemberView(Struct, frozen=True, kw_only=True):
    """A port in a VLAN; `evidence` says in sentences what speaks for it, strongest first."""

    host: str
    interface: str
    vid: int | None
    strength: str
    age: float
    evidence: tuple[str, ...]


class VlanView(Struct, frozen=True, kw_only=True):
    """A broadcast domain; `vid` is null while nothing has told it."""

    id: str
    name: str
    vid: int | None
    members: tuple[MemberView, ...]
    subnets: tuple[str, ...]


class FabricView(Struct, frozen=True, kw_only=True):
    """VLANs that share a trunk."""

    id: str
    name: str
    vlans: tuple[VlanView, ...]


State = Literal["explained", "flapping", "gone", "open", "unseen"]
"""How a finding stands."""


class FindingView(Struct, frozen=True, kw_only=True):
    """A finding and how it stands. Times are seconds since 1970. `origin`: the diagnosis that was handed in, or the
    node that told it; empty: the region's own. `by`: key of the finding that explains it.
    """

    id: str
    key: str
    severity: Severity
    what: str
    where: Where = Where()
    cause: str = ""
    proof: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    confidence: Confidence = "certain"
    fix: tuple[str, ...] = ()
    recheck: str = ""
    symptoms: tuple[str, ...] = ()
    state: State = "open"
    opened: float
    seen: float
    gone: float | None = None
    origin: str = ""
    by: str = ""


class FindingsView(Struct, frozen=True, kw_only=True):
    """What is wrong, the gravest first. `looked`: when the region's last look began, seconds since 1970; null: none
    is over yet. `missed`: looks since then that failed; the region's log says why (`look-failed`), and what
    stands here may be old.
    """

    findings: tuple[FindingView, ...]
    looked: float | None = None
    missed: int = 0


class Health(Struct, frozen=True, kw_only=True):
    """The region answers."""

    status: str = "ok"


class Hop(Struct, frozen=True, kw_only=True):
    """A place on the way of a flow's packets, in order."""

    address: str
    name: str = ""
    interface: str = ""
    request: bool | None = None
    reply: bool | None = None


class HostView(Struct, frozen=True, kw_only=True):
    """An agent. `clock_offset`: seconds to add to its clock to get the region's."""

    id: str
    name: str
    role: str
    connected: bool
    seen_age: float | None
    clock_offset: float | None
    boot: str
    interfaces: int


How = Literal["api-token", "one-time", "password", "token"]
"""How a caller showed who it is."""


class NeighbourView(Struct, frozen=True, kw_only=True):
    """The device at the other end of the cable, by LLDP or CDP."""

    protocol: str
    system: str
    port: str
    chassis: str
    description: str
    pvid: int | None
    max_frame_size: int | None
    age: float


class PlaceView(Struct, frozen=True, kw_only=True):
    """Fabric id, VLAN id and VID in which an interface is, and how strongly that is held."""

    fabric: str
    vlan: str
    vid: int | None
    strength: str


class InterfaceView(Struct, frozen=True, kw_only=True):
    """An interface. `registered` is its id, null until beaconing has had its say; `unknown` says why it has no
    place.
    """

    host: str
    name: str
    mac: str
    kind: str
    carrier: bool | None
    up: bool
    mtu: int
    addresses: tuple[str, ...]
    parents: tuple[str, ...]
    master: str | None
    vid: int | None
    speaks: bool
    settled: bool
    neighbour: NeighbourView | None
    vlans: tuple[PlaceView, ...]
    unknown: str | None
    registered: str | None


class LoginRequest(Struct, frozen=True, kw_only=True):
    """A one-time token, from the fragment of the address that the region printed; or a user's name and password."""

    token: str | None = None
    user: str | None = None
    password: str | None = None


class LoginToken(Struct, frozen=True, kw_only=True):
    """A fresh one-time token."""

    token: str


class MadeToken(Struct, frozen=True, kw_only=True):
    """A token that was made; it is not shown again."""

    id: str
    token: str
    expires: float


class MadeWebhook(Struct, frozen=True, kw_only=True):
    """A webhook that was made. `secret` signs what is sent to it; it is not shown again."""

    id: str
    secret: str


class MatrixAgentView(Struct, frozen=True, kw_only=True):
    """A row of the matrix. `roles`: its own and those that the site has for its addresses."""

    id: str
    name: str
    role: str
    roles: tuple[str, ...]
    connected: bool


class MatrixFlowView(Struct, frozen=True, kw_only=True):
    """A column of the matrix, in the order of a boot."""

    id: str
    title: str


class RunView(Struct, frozen=True, kw_only=True):
    """Checks that were ordered. `results` is empty where they stand in the matrix (`kept`). `schedule`: which one
    ordered them.
    """

    run: str
    schedule: str
    kept: bool
    checks: int
    left: int
    agents: tuple[AgentRunView, ...]
    results: tuple[ResultView, ...] = ()


class UntriedView(Struct, frozen=True, kw_only=True):
    """What cannot be tried from an agent, because the site does not say where."""

    agent: str
    flow: str
    role: str
    why: str


class MatrixView(Struct, frozen=True, kw_only=True):
    """Agents × flows. `site`: its title, null while none is known; `running`: runs under way."""

    site: str | None
    agents: tuple[MatrixAgentView, ...]
    flows: tuple[MatrixFlowView, ...]
    cells: tuple[CellView, ...]
    running: tuple[RunView, ...] = ()
    untried: tuple[UntriedView, ...] = ()


UserRole = Literal["admin", "operator", "viewer"]
"""What a user or token may do; each role includes those before it."""


class Me(Struct, frozen=True, kw_only=True):
    """Who is logged in."""

    user: str
    role: UserRole
    how: How
    first_run: bool


class MeasureAnswer(Struct, frozen=True, kw_only=True):
    """The agents that were told to measure. `GET /api/v1/mtu` lists in `measuring` those that have not finished."""

    agents: tuple[str, ...]


class MeasureRequest(Struct, frozen=True, kw_only=True):
    """Who is to measure: one agent, by name or id, or all; on one interface, or on all."""

    host: str = ""
    interface: str = ""


class MtuPairView(Struct, frozen=True, kw_only=True, rename={"from_": "from"}):
    """The largest IP packet, in octets, that passed from one port to another of the same link. 0: not even 1,280.

    `limited_by`: interface (the sender's MTU), peer (the receiver's), link (larger ones vanish), icmp, fragments.
    `expected`: what the two interfaces let one expect; `tried`: the largest that was sent; `lost`: the smallest
    that was sent three times and never seen.
    """

    from_: EndView
    to: EndView
    vid: int | None
    mtu: int
    limited_by: str
    expected: int
    tried: int
    lost: int
    age: float


class MtuView(Struct, frozen=True, kw_only=True):
    """What passes between neighbours. `measuring`: agents that were told to measure and have not finished. Where
    more than 2,000 directions were measured, `pairs` has those that fall short, and `fine` says how many others
    there are.
    """

    pairs: tuple[MtuPairView, ...]
    culprits: tuple[CulpritView, ...]
    measuring: tuple[str, ...] = ()
    fine: int = 0


class NewDiagnosis(Struct, frozen=True, kw_only=True):
    """What was found in a capture. `source`: what was looked at; a later diagnosis of the same source takes the
    place of this one.
    """

    source: str
    findings: tuple[FindingDocument, ...]


class NewName(Struct, frozen=True, kw_only=True):
    """A name that a person gives; it survives recomputation."""

    name: str


class NewPassword(Struct, frozen=True, kw_only=True):
    """The password that was, and the one that is to be."""

    old: str
    new: str


class NewSchedule(Struct, frozen=True, kw_only=True):
    """What is to be tried again and again; `every` in seconds."""

    every: float = 300.0
    agents: tuple[str, ...] = ()
    flows: tuple[str, ...] = ()
    to: tuple[str, ...] = ()


class NewSite(Struct, frozen=True, kw_only=True):
    """A site file, as text."""

    text: str


class NewToken(Struct, frozen=True, kw_only=True):
    """A token for a program."""

    name: str
    role: UserRole = "viewer"
    days: int = 90


class NewUser(Struct, frozen=True, kw_only=True):
    """Somebody who is to log in with a password."""

    name: str
    password: str
    role: UserRole = "viewer"


class NewWebhook(Struct, frozen=True, kw_only=True):
    """Who is to be told. `flows`: of these alone; `authority`: PEM that vouches for its certificate, else the
    system's.
    """

    url: str
    flows: tuple[str, ...] = ()
    authority: str = ""


class NodeInterfaceView(Struct, frozen=True, kw_only=True):
    """An interface of a machine that reported once. `vlans`: names; `switch`: system and port by LLDP or CDP, or
    empty.
    """

    name: str
    mac: str
    carrier: bool | None
    speed: int | None
    duplex: str
    mtu: int
    vlans: tuple[str, ...]
    fabric: str
    switch: str


class NodeView(Struct, frozen=True, kw_only=True):
    """A machine that reported from an ephemeral system. `via`: the rack that passed the report on; empty: it came by
    itself.
    """

    agent: str
    name: str
    seen: float
    age: float
    via: str
    interfaces: tuple[NodeInterfaceView, ...]
    findings: tuple[FindingDocument, ...]


class Try(Struct, frozen=True, kw_only=True):
    """One flow to be tried at one target."""

    flow: str
    address: str = ""
    port: int = 0
    protocol: str = ""
    name: str = ""
    interface: str = ""
    options: dict[str, str] = field(default_factory=dict)
    within: float = 5.0


class ProbeRequest(Struct, frozen=True, kw_only=True):
    """What is to be tried now. Without `to` and `tries`: what the site says; without `agents`: by all that are
    connected.
    """

    agents: tuple[str, ...] = ()
    flows: tuple[str, ...] = ()
    to: tuple[str, ...] = ()
    tries: tuple[Try, ...] = ()


class Problem(Struct, frozen=True, kw_only=True):
    """What went wrong: `detail` is one sentence for a person; `request_id` is the answer's `X-Request-Id`, by which
    the region's log names it.
    """

    type: str
    title: str
    status: int
    detail: str
    request_id: str = ""


class ProcessView(Struct, frozen=True, kw_only=True):
    """A process of the region. `id` changes with each start; it is empty where there can be but one, on SQLite."""

    id: str
    name: str
    urls: tuple[str, ...]
    version: str
    started: float
    leads: bool


class Ready(Struct, frozen=True, kw_only=True):
    """The region can answer what it is asked."""

    status: str = "ready"
    warnings: tuple[str, ...] = ()


class RefusalView(Struct, frozen=True, kw_only=True):
    """Frames that were refused on a port, from one source, for one reason; `skew` is the peer's clock minus ours."""

    host: str
    interface: str
    vid: int | None
    source_mac: str
    reason: str
    count: int
    detail: str
    skew: float | None
    age: float


Role = Literal["node", "rack", "region"]
"""What a Bellrock process is."""


class SchedulePlan(Struct, frozen=True, kw_only=True):
    """What a schedule is to do, without when it did: what a change of it is held against (`If-Match`)."""

    id: str
    every: float
    agents: tuple[str, ...]
    flows: tuple[str, ...]
    to: tuple[str, ...]
    by: str


class ScheduleView(Struct, frozen=True, kw_only=True):
    """What is tried again and again. Empty `agents`, `flows`: all; empty `to`: where the site says. `next`: seconds
    until its next run; null while one goes on.
    """

    id: str
    every: float
    agents: tuple[str, ...]
    flows: tuple[str, ...]
    to: tuple[str, ...]
    by: str
    next: float | None
    last_age: float | None


class SecretView(Struct, frozen=True, kw_only=True):
    """A shared secret by its public id: whether it is the one to use (`signs`), whether the region takes it, and who
    uses it.
    """

    id: str
    signs: bool
    accepted: bool
    agents: tuple[AgentSecretView, ...]


class SiteView(Struct, frozen=True, kw_only=True):
    """The site file that the region was given: its text, who gave it and when, and what is worth a look in it."""

    title: str
    text: str
    by: str
    at: float
    notices: tuple[str, ...] = ()


class TestedWebhook(Struct, frozen=True, kw_only=True):
    """What became of a test delivery, in words."""

    delivered: bool
    what: str


class TokenView(Struct, frozen=True, kw_only=True):
    """A program's token, or the API token of a state directory. Times are seconds since 1970."""

    id: str
    name: str
    role: UserRole
    owner: str
    created: float
    expires: float | None
    used: float | None


class UnknownView(Struct, frozen=True, kw_only=True):
    """An interface that nothing is known about, and what would settle it."""

    host: str
    interface: str
    why: str


class TopologyView(Struct, frozen=True, kw_only=True):
    """All claims. `revision` grows whenever they change; `names` maps host ids to host names."""

    revision: int
    fabrics: tuple[FabricView, ...]
    conflicts: tuple[ConflictView, ...]
    unknown: tuple[UnknownView, ...]
    names: dict[str, str]


class UserChange(Struct, frozen=True, kw_only=True):
    """What is to be changed of a user; one of the two, or both."""

    role: UserRole | None = None
    password: str | None = None


class UserView(Struct, frozen=True, kw_only=True):
    """Somebody who logs in with a password. Times are seconds since 1970."""

    name: str
    role: UserRole
    created: float
    seen: float | None
    sessions: int


class VlanSummary(Struct, frozen=True, kw_only=True):
    """A VLAN, the id of its fabric, and how many ports are in it."""

    id: str
    name: str
    vid: int | None
    fabric: str
    members: int
    subnets: tuple[str, ...]


class WalkRequest(Struct, frozen=True, kw_only=True):
    """What is to be walked. Ends are agents by name or id, `HOST/INTERFACE`, an interface that one agent alone has,
    or an address.
    """

    source: str
    target: str
    flow: str
    listen: bool = True
    protocol: Literal["", "tcp", "udp"] = ""
    family: Literal[0, 4, 6] = 0
    port: int = 0
    within: float = 1.5


class Walked(Struct, frozen=True, kw_only=True):
    """How far the packets of a flow came between two agents, and their answers back."""

    flow: str
    source: str
    target: str
    verdict: Verdict
    died_at: DiedAt
    detail: str
    hops: tuple[Hop, ...] = ()
    evidence: tuple[Traced, ...] = ()
    rule: str = ""
    variant: str = ""


class WalksView(Struct, frozen=True, kw_only=True):
    """Every exchange that was walked, and in short the worst of them."""

    verdict: Verdict
    died_at: DiedAt
    detail: str
    walks: tuple[Walked, ...]


class WebhookView(Struct, frozen=True, kw_only=True):
    """Who is told when verdicts change. `waiting`: alerts not delivered yet; `failed`: deliveries given up; `last`:

    what became of the last try.
    """

    id: str
    url: str
    flows: tuple[str, ...]
    by: str
    waiting: int
    delivered: int
    failed: int
    last: str
