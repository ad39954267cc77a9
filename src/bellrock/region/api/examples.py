"""One example of each answer, for the OpenAPI description."""

from typing import Any, Final

from bellrock.diagnosis.findings_document import Where, told
from bellrock.diagnosis.ledger import Entry
from bellrock.diagnosis.standing import DiagnosisView, FindingsView, view
from bellrock.model import DiedAt, Finding, Severity, Traced, Verdict, Wall
from bellrock.region.api.captures import CaptureView, PointView
from bellrock.region.api.cluster import ProcessView
from bellrock.region.api.health import Health, Ready
from bellrock.region.api.login import LoginToken, Me
from bellrock.region.api.mtu import MeasureAnswer
from bellrock.region.api.paging import cursor_of
from bellrock.region.api.people import AuditView, MadeToken, TokenView, UserView
from bellrock.region.api.problems import Problem
from bellrock.region.api.walks import WalksView
from bellrock.region.api.webhooks import MadeWebhook, TestedWebhook
from bellrock.region.roles import How, UserRole
from bellrock.region.service.probeshapes import (
    AgentRunView,
    CellResultsView,
    CellView,
    ChangeView,
    MatrixAgentView,
    MatrixFlowView,
    MatrixView,
    ResultView,
    RunView,
    SchedulePlan,
    ScheduleView,
    SiteView,
    UntriedView,
    WebhookView,
)
from bellrock.region.service.shapes import (
    AdjacentView,
    AgentSecretView,
    AuthorityView,
    ConflictView,
    CulpritView,
    EndView,
    EnrolmentView,
    EvidenceView,
    ExplanationView,
    FabricSummary,
    FabricView,
    HostView,
    InterfaceView,
    MemberView,
    MtuPairView,
    MtuView,
    NeighbourView,
    NodeInterfaceView,
    NodeView,
    PlaceView,
    PortView,
    RefusalView,
    SecretView,
    StepView,
    TopologyView,
    UnknownView,
    VlanSummary,
    VlanView,
)

_A, _B = PortView("rack1", "eth0", None), PortView("rack2", "eth1", 10)
_SAYS: Final = "rack2/eth1.10 acknowledged a fresh beacon of rack1/eth0 on the link that it was sent on within 0.8 ms."
_MEMBERS = (
    MemberView("rack1", "eth0", None, "confirmed", 2.1, (_SAYS,)),
    MemberView("rack2", "eth1", 10, "confirmed", 2.1, (_SAYS,)),
)
_FABRIC = FabricView("fabric-1", "fabric-1", (VlanView("vlan-1", "pxe", 10, _MEMBERS, ("10.0.0.0/24",)),))
_CONFLICT = ConflictView("loop", (PortView("rack3", "eth2", None),), "rack3/eth2 received its own beacon.")
_UNKNOWN = UnknownView("rack1", "eth3", "no carrier")
_NEIGHBOUR = NeighbourView("lldp", "switch1", "Eth1/1", "02:00:00:00:00:01", "uplink", 10, 9216, 12.5)

_AGENT: Final = "01JD0000000000000000000001"
_SECRET: Final = "3f1c09aa"  # noqa: S105 -- a public id

_LATE: Final = "nothing came back within 5 s: dropped on the way there or back"
_RUN_ID: Final = "01JD0000000000000000000008"
_POINT = PointView(
    place=0,
    agent=_AGENT,
    name="rack1",
    interface="eth0",
    state="capturing",
    why="",
    packets=12,
    dropped=0,
    octets=9000,
    ahead=0.001,
)

_RESULT = ResultView(
    flow="dns", target="10.0.0.53:53", verdict=Verdict.FILTERED, detail=_LATE, rtt_ms=None, protocol="udp", agent="rack1", role="dns",
    age=42.0, since_age=342.0, evidence=(Traced(at=Wall(1.7e9), direction="sent", what="query A region.example", octets=32),),
)  # fmt: skip
_RUN = RunView(
    run=_AGENT, schedule="", kept=False, checks=1, left=0, agents=(AgentRunView("rack1", 1, 0),), results=(_RESULT,)
)
_FINDING: Final = Finding(
    id="dhcp-two-servers", severity=Severity.ERROR, what="Two DHCP servers answer on VLAN 10: 10.0.0.2 and 10.0.0.99", host="rack1", interface="eth1",
    vid=10, flow="dhcp", client="02:00:00:00:00:05", address="10.0.0.99", cause="A second server is on the VLAN.", proof=("Packet 14 offers 10.0.0.57.",),
    evidence=("packet 14",), fix=("Stop the server at 10.0.0.99.",), recheck="bellrock probe dhcp eth1",
)  # fmt: skip
_FINDINGS: Final = FindingsView(
    (view(Entry(finding=_FINDING, opened=Wall(1.7e9), seen=Wall(1.7e9 + 60), origin="diagnosis rack1/eth1")),),
    Wall(1.7e9 + 60),
)

EXAMPLES: Final[tuple[Any, ...]] = (
    Problem("about:blank", "Not Found", 404, "rack1 has no interface 'eht0'; nearest: eth0.", "01JD0000000000000000000009"),
    TopologyView(7, (_FABRIC,), (_CONFLICT,), (_UNKNOWN,), {"01JD0000000000000000000001": "rack1"}),
    ExplanationView("same-vlan", (StepView(_A, _B, "confirmed", _SAYS, 2.1),), ""),
    HostView("01JD0000000000000000000001", "rack1", "rack", True, 2.1, -0.003, "01JD0000000000000000000002", 4),
    InterfaceView(
        host="rack1", name="eth0", mac="02:00:00:00:00:02", kind="physical", carrier=True, up=True, mtu=1500,
        addresses=("10.0.0.1/24",), parents=(), master=None, vid=None, speaks=True, settled=True, neighbour=_NEIGHBOUR,
        vlans=(PlaceView("fabric-1", "vlan-1", 10, "confirmed"),), unknown=None, registered="if-01JD0000000000000000000003",
    ),
    EvidenceView("confirmed", _A, _B, "rack2", _SAYS, 0.0008, 3600.0, 2.1, "02:00:00:00:00:03", ("01JD", "01JE"), False),
    EnrolmentView(
        agent=_AGENT, name="rack1", role="rack", state="approved", code="K7QF-2M7X", address="10.0.0.1", requested=1.7e9,
        expires=1.7e9 + 86400, connected=True, secret=_SECRET, old_secret=False,
    ),
    SecretView(_SECRET, True, True, (AgentSecretView(_AGENT, "rack1", "signs"),)),
    NodeView(
        _AGENT, "node7", Wall(1.7e9), 2.0, "rack1",
        (NodeInterfaceView("eth0", "02:00:00:00:00:05", True, 10000, "full", 1500, ("pxe",), "fabric-1", "switch1 Eth1/2"),),
        (told(Finding(id="no-carrier", severity=Severity.NOTICE, what="node7/eth1 is not connected", host="node7", interface="eth1",
                 proof=("eth1 was up for 4.0 s and its driver reported no carrier.",))),),
    ),
    MtuView(
        (MtuPairView(from_=EndView("rack1", "eth0"), to=EndView("rack2", "eth1"), vid=10, mtu=1500, limited_by="link",
                     expected=9000, tried=9000, lost=1501, age=42.0),),
        (CulpritView(what="All pairs through rack2/eth1 (VID 10) stop at 1,500 while the rest pass 9,000: its switch port or its "
                     "cable, not its own MTU.", where=(_B,), kind="port", direction="both", vids=(10,), mtu=1500, others=9000,
                     proof=("4 measured directions between neighbours show it.",)),),
    ),
    MatrixView(
        site="lab", agents=(MatrixAgentView(_AGENT, "rack1", "rack", ("rack",), True),), flows=(MatrixFlowView("dns", "DNS"),),
        cells=(CellView(agent=_AGENT, flow="dns", verdict=Verdict.FILTERED, checks=2, faults=1, counts={"filtered": 1, "works": 1},
                        detail=_LATE, age=42.0, stale=False, blocked=0),),
        running=(_RUN,), untried=(UntriedView(_AGENT, "ntp", "ntp", "role ntp has no address of its own, only subnets"),),
    ),
    _RUN,
    CellResultsView("rack1", "dns", (_RESULT,), ()),
    _RESULT,
    ChangeView(id=7, at=Wall(1.7e9), agent="rack1", flow="dns", target="10.0.0.53:53", protocol="udp", variant="", before="works",
               verdict=Verdict.FILTERED, detail=_LATE),
    SiteView(title="lab", text='title = "lab"\n', by="anna", at=Wall(1.7e9)),
    ScheduleView(id="site", every=300.0, agents=(), flows=(), to=(), by="anna", next=12.5, last_age=287.5),
    WebhookView(id="w-1f00", url="https://alerts.example/bellrock", flows=(), by="anna", waiting=0, delivered=3, failed=0, last="204"),
    _FINDINGS,
    _FINDINGS.findings[0],
    told(_FINDING),
    Where(host="rack1", interface="eth1", vlan=10, flow="dhcp", client="02:00:00:00:00:05", address="10.0.0.99"),
    DiagnosisView("rack1/eth1", 1, Wall(1.7e9), Wall(1.7e9 + 3600)),
    AuthorityView("ab" * 32, "-----BEGIN CERTIFICATE-----\n…", ("https://10.0.0.1:5443",)),
    RefusalView("rack1", "eth0", None, "02:00:00:00:00:04", "skew", 12, "the peer's clock is 3600 s ahead", 3600.0, 1.5),
    AdjacentView("eth0", None, "confirmed", "01JD0000000000000000000004", "rack2", "eth1", 10, _SAYS, 2.1, False),
    FabricSummary("fabric-1", "fabric-1", 3),
    VlanSummary("vlan-1", "pxe", 10, "fabric-1", 2, ("10.0.0.0/24",)),
    _MEMBERS[0],
    _CONFLICT,
    _UNKNOWN,
    SchedulePlan(id="site", every=300.0, agents=(), flows=(), to=(), by="anna"),
    ProcessView("5f0c1d2e3a4b5c6d", "region-a", ("https://10.0.0.1:5443",), "1.0", 1.7e9, True),
    Health(),
    Ready(),
    MeasureAnswer(("rack1",)),
    WalksView(Verdict.WORKS, DiedAt.NOWHERE, "rack1 answered.", ()),
    UserView("anna", UserRole.OPERATOR, 1.7e9, 1.7e9 + 60, 1),
    TokenView("t-1f00", "grafana", UserRole.VIEWER, "anna", 1.7e9, 1.7e9 + 90 * 86400, None),
    MadeToken("t-1f00", "bellrock_…", 1.7e9 + 90 * 86400),
    AuditView(12, 1.7e9, "change", "anna", "password", "10.0.0.7", "name VLAN", "vlan-1", "vlan-1", "pxe", "done"),
    MadeWebhook("w-1f00", "…"),
    TestedWebhook(True, "delivered: 204"),
    LoginToken("…"),
    Me("anna", UserRole.OPERATOR, How.PASSWORD, False),
    CaptureView(id=_RUN_ID, who="anna", seconds=30.0, over=False, points=(_POINT,)),
)  # fmt: skip
"""Each is an instance of the Struct that it exemplifies."""

BODIES: Final[dict[str, Any]] = {
    "metrics": "# HELP bellrock_agents Agents that are known.\n# TYPE bellrock_agents gauge\nbellrock_agents 2.0\n",
    "capture_file": "the octets of a pcapng file",
}
"""By operation: answers that are not JSON."""

PARAMETERS: Final[dict[tuple[str, str], Any]] = {
    ("", "limit"): 100, ("", "cursor"): cursor_of(("rack1", _AGENT, 2, "eth0")), ("", "host"): "rack1", ("", "interface"): "eth0",
    ("", "vlan"): "pxe", ("", "fabric"): "fabric-1", ("", "vid"): 10, ("", "placed"): False, ("", "role"): "rack", ("", "connected"): True,
    ("", "since"): 1.7e9, ("", "reason"): "skew", ("evidence", "kind"): "confirmed", ("conflicts", "kind"): "loop", ("", "name"): "pxe",
    ("fabric", "identity"): "fabric-1", ("name_fabric", "identity"): "fabric-1", ("", "identity"): "vlan-1", ("users", "role"): "viewer",
    ("tokens", "role"): "viewer", ("", "owner"): "anna", ("", "user"): "anna", ("", "token"): "t-1f00", ("", "before"): 1000,
    ("enrolments", "state"): "waiting", ("findings", "state"): "all", ("", "severity"): "error", ("", "id"): "dhcp-two-servers",
    ("", "flow"): "dns", ("", "agent"): "rack1", ("approve", "agent"): _AGENT, ("revoke", "agent"): _AGENT, ("", "code"): "K7QF-2M7X",
    ("", "run"): _AGENT, ("", "verdict"): "filtered", ("", "stale"): False, ("", "schedule"): "site", ("", "over"): False,
    ("change_password", "body"): {"old": "correct horse battery", "new": "staple correct horse"}, ("change_user", "body"): {"role": "operator"},
    ("", "webhook"): "w-1f00", ("", "capture"): _RUN_ID, ("", "place"): "0",
}  # fmt: skip
"""(operation, or empty for all others; parameter, or `body`) → an example of it."""
