"""The API's operations, each a method.

Made from the OpenAPI document by `tools/api-client`; do not edit.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Literal

from bellrock.client.caller import Caller, Octets, segment
from bellrock.client.shapes import (
    AdjacentView,
    AuditView,
    AuthorityView,
    CaptureRequest,
    CaptureView,
    CellResultsView,
    ChangeView,
    ConflictKind,
    ConflictView,
    DiagnosisView,
    EnrolmentState,
    EnrolmentView,
    EvidenceKind,
    EvidenceView,
    ExplanationView,
    FabricSummary,
    FindingsView,
    Health,
    HostView,
    InterfaceView,
    LoginRequest,
    LoginToken,
    MadeToken,
    MadeWebhook,
    MatrixView,
    Me,
    MeasureAnswer,
    MeasureRequest,
    MemberView,
    MtuView,
    NewDiagnosis,
    NewName,
    NewPassword,
    NewSchedule,
    NewSite,
    NewToken,
    NewUser,
    NewWebhook,
    NodeView,
    ProbeRequest,
    ProcessView,
    Ready,
    RefusalView,
    Role,
    RunView,
    SchedulePlan,
    ScheduleView,
    SecretView,
    Severity,
    SiteView,
    TestedWebhook,
    TokenView,
    TopologyView,
    UnknownView,
    UserChange,
    UserRole,
    UserView,
    Verdict,
    VlanSummary,
    WalkRequest,
    WalksView,
    WebhookView,
)


class Routes(Caller):
    """The whole API: operations by their ids. Parameters that are not given are not sent."""

    def health(self) -> Health:
        """Whether the region answers. Answers without a login, whatever else is wrong: who gets no answer may start the
        process anew.
        """
        return self.call("GET", "/healthz", Health)

    def ready(self) -> Ready:
        """Whether the region can answer questions. Answers without a login. 503: not now, and why: the store does not
        answer or is not reached, nobody leads, or it is stopping. Ask another process of the region.
        """
        return self.call("GET", "/readyz", Ready)

    def login(self, data: LoginRequest) -> None:
        """Buy a session with a one-time token or a password. Sets the session cookie: `bellrock_session`, over TLS
        `__Host-bellrock_session`. A one-time token works once, and for a day.
        """
        self.call("POST", "/api/v1/login", None, body=data)

    def logout(self) -> None:
        """End the session. Ends the session of the cookie, if there is one."""
        self.call("POST", "/api/v1/logout", None)

    def new_login_token(self) -> LoginToken:
        """A fresh one-time login token. For who holds the API token: opens the page in one more browser."""
        return self.call("POST", "/api/v1/login-tokens", LoginToken)

    def me(self) -> Me:
        """Who is logged in. The caller's name and role, and whether the first user is still to be made."""
        return self.call("GET", "/api/v1/me", Me)

    def change_password(self, data: NewPassword) -> None:
        """Change one's own password. Ends all of the user's sessions but this one, which is made anew."""
        self.call("POST", "/api/v1/me/password", None, body=data)

    def users(
        self, *, limit: int | None = None, cursor: str | None = None, role: UserRole | None = None
    ) -> list[UserView]:
        """The users. All who log in with a password, by name."""
        return self.call("GET", "/api/v1/users", list[UserView], query={"limit": limit, "cursor": cursor, "role": role})

    def each_of_users(self, *, size: int = 100, role: UserRole | None = None) -> Iterator[UserView]:
        """The users. All of them, page by page, `size` at a time. All who log in with a password, by name."""
        return self.pages("/api/v1/users", list[UserView], query={"limit": size, "role": role})

    def add_user(self, data: NewUser) -> UserView:
        """Add a user. The name has 1 to 64 letters, digits and `. _ @ -`, the password 8 to 256 characters."""
        return self.call("POST", "/api/v1/users", UserView, body=data)

    def user(self, user: str) -> UserView:
        """A user. Its role, its last login, and in how many browsers it is logged in."""
        return self.call("GET", f"/api/v1/users/{segment(user)}", UserView)

    def remove_user(self, user: str, *, unchanged: bool = False) -> None:
        """Remove a user. The user's sessions end, and the tokens that the user made."""
        self.call("DELETE", f"/api/v1/users/{segment(user)}", None, unchanged=unchanged)

    def change_user(self, user: str, data: UserChange, *, unchanged: bool = False) -> None:
        """Change a user. Another role, another password, or both; the user's sessions end."""
        self.call("PATCH", f"/api/v1/users/{segment(user)}", None, body=data, unchanged=unchanged)

    def tokens(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        role: UserRole | None = None,
        owner: str | None = None,
    ) -> list[TokenView]:
        """Tokens. All that have not expired, API tokens first, then the oldest first; not the tokens themselves, which
        nobody has but who was given them.
        """
        return self.call(
            "GET",
            "/api/v1/tokens",
            list[TokenView],
            query={"limit": limit, "cursor": cursor, "role": role, "owner": owner},
        )

    def each_of_tokens(
        self, *, size: int = 100, role: UserRole | None = None, owner: str | None = None
    ) -> Iterator[TokenView]:
        """Tokens. All of them, page by page, `size` at a time. All that have not expired, API tokens first, then the
        oldest first; not the tokens themselves, which nobody has but who was given them.
        """
        return self.pages("/api/v1/tokens", list[TokenView], query={"limit": size, "role": role, "owner": owner})

    def add_token(self, data: NewToken) -> MadeToken:
        """Make a token. For a program, to be sent as a bearer token. It is shown this once. One that a token makes ends
        with it, and goes with its owner.
        """
        return self.call("POST", "/api/v1/tokens", MadeToken, body=data)

    def revoke_token(self, token: str) -> None:
        """Revoke a token. By its id, or by its name where one program's token has it. It works no more from now on; of
        an API token, another is made at the next start.
        """
        self.call("DELETE", f"/api/v1/tokens/{segment(token)}", None)

    def audit(
        self,
        *,
        before: int | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        since: float | None = None,
    ) -> list[AuditView]:
        """Who changed what. Changes, logins and tries at them, the newest first. The oldest go when there are too many."""
        return self.call(
            "GET",
            "/api/v1/audit",
            list[AuditView],
            query={"before": before, "limit": limit, "cursor": cursor, "since": since},
        )

    def each_of_audit(
        self, *, size: int = 100, before: int | None = None, since: float | None = None
    ) -> Iterator[AuditView]:
        """Who changed what. All of them, page by page, `size` at a time. Changes, logins and tries at them, the newest
        first. The oldest go when there are too many.
        """
        return self.pages("/api/v1/audit", list[AuditView], query={"before": before, "limit": size, "since": since})

    def enrolments(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        state: EnrolmentState | None = None,
        role: Role | None = None,
    ) -> list[EnrolmentView]:
        """Agents that joined, or asked to. Those who wait for a decision first, then by name."""
        return self.call(
            "GET",
            "/api/v1/enrolments",
            list[EnrolmentView],
            query={"limit": limit, "cursor": cursor, "state": state, "role": role},
        )

    def each_of_enrolments(
        self, *, size: int = 100, state: EnrolmentState | None = None, role: Role | None = None
    ) -> Iterator[EnrolmentView]:
        """Agents that joined, or asked to. All of them, page by page, `size` at a time. Those who wait for a decision
        first, then by name.
        """
        return self.pages(
            "/api/v1/enrolments", list[EnrolmentView], query={"limit": size, "state": state, "role": role}
        )

    def approve(self, agent: str, *, code: str | None = None) -> None:
        """Let an agent in. One that waits, or one that was revoked, which may ask again then; unless the policy is auto,
        it waits to be approved anew.
        """
        self.call("POST", f"/api/v1/enrolments/{segment(agent)}/approve", None, query={"code": code})

    def revoke(self, agent: str) -> None:
        """Take an agent's certificate back. Its session ends at once. One that waits is turned down."""
        self.call("POST", f"/api/v1/enrolments/{segment(agent)}/revoke", None)

    def secrets(self) -> list[SecretView]:
        """Which secrets are in force, and who uses them. By their public ids. When only `signs` has agents, the others
        can be retired.
        """
        return self.call("GET", "/api/v1/secrets", list[SecretView])

    def authority(self) -> AuthorityView:
        """The region's certificate authority. What agents hold the region's certificate to, and where it listens with
        TLS now.
        """
        return self.call("GET", "/api/v1/authority", AuthorityView)

    def mtu(self, *, host: str | None = None) -> MtuView:
        """What passes between neighbours, and culprits. The largest IP packet that passed, for each direction between
        two ports of a link, as it was measured last. Where more than 2,000 directions were measured, those that pass
        as expected are counted (`fine`), and listed for one `host` at a time.
        """
        return self.call("GET", "/api/v1/mtu", MtuView, query={"host": host})

    def measure_mtu(self, data: MeasureRequest) -> MeasureAnswer:
        """Measure now. Agents measure by themselves every ten minutes, and when something changes."""
        return self.call("POST", "/api/v1/mtu/measure", MeasureAnswer, body=data)

    def site(self) -> SiteView:
        """The site file. As the region was given it."""
        return self.call("GET", "/api/v1/site", SiteView)

    def put_site(self, data: NewSite, *, unchanged: bool = False) -> SiteView:
        """Give the region a site file. It says who plays which role, and so what agents are to try. With the first one,
        a schedule begins.
        """
        return self.call("PUT", "/api/v1/site", SiteView, body=data, unchanged=unchanged)

    def probe(self, data: ProbeRequest) -> RunView:
        """Try flows now. What the site says stands in the matrix afterwards; what is asked for beside it is in the run's
        results alone.
        """
        return self.call("POST", "/api/v1/probes", RunView, body=data)

    def probe_run(self, run: str) -> RunView:
        """What became of a run. How many checks are left and, of a run whose results are not kept, all that came in so
        far. Runs are forgotten after a while.
        """
        return self.call("GET", f"/api/v1/probes/runs/{segment(run)}", RunView)

    def probe_history(
        self,
        *,
        agent: str | None = None,
        flow: str | None = None,
        before: int | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        since: float | None = None,
    ) -> list[ChangeView]:
        """Verdicts that changed. The newest first; one by one for a week, then by the hour for a year, within the disk
        that history may take.
        """
        return self.call(
            "GET",
            "/api/v1/probes/history",
            list[ChangeView],
            query={"agent": agent, "flow": flow, "before": before, "limit": limit, "cursor": cursor, "since": since},
        )

    def each_of_probe_history(
        self,
        *,
        size: int = 100,
        agent: str | None = None,
        flow: str | None = None,
        before: int | None = None,
        since: float | None = None,
    ) -> Iterator[ChangeView]:
        """Verdicts that changed. All of them, page by page, `size` at a time. The newest first; one by one for a week,
        then by the hour for a year, within the disk that history may take.
        """
        return self.pages(
            "/api/v1/probes/history",
            list[ChangeView],
            query={"agent": agent, "flow": flow, "before": before, "limit": size, "since": since},
        )

    def matrix(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        agent: str | None = None,
        flow: str | None = None,
        verdict: Verdict | None = None,
        stale: bool | None = None,
    ) -> MatrixView:
        """Agents × flows. The worst verdict of each agent and flow, how many checks it stands for, and how old the
        oldest is. Filters and pages are of `cells`.
        """
        return self.call(
            "GET",
            "/api/v1/matrix",
            MatrixView,
            query={"limit": limit, "cursor": cursor, "agent": agent, "flow": flow, "verdict": verdict, "stale": stale},
        )

    def matrix_cell(self, agent: str, flow: str) -> CellResultsView:
        """The checks of a cell, with evidence. What was sent, what came back and when, for each check of an agent, by
        name or id, and a flow; the worst first.
        """
        return self.call("GET", f"/api/v1/matrix/{segment(agent)}/{segment(flow)}", CellResultsView)

    def schedules(self, *, limit: int | None = None, cursor: str | None = None) -> list[ScheduleView]:
        """What is tried again and again. By name."""
        return self.call("GET", "/api/v1/schedules", list[ScheduleView], query={"limit": limit, "cursor": cursor})

    def each_of_schedules(self, *, size: int = 100) -> Iterator[ScheduleView]:
        """What is tried again and again. All of them, page by page, `size` at a time. By name."""
        return self.pages("/api/v1/schedules", list[ScheduleView], query={"limit": size})

    def schedule(self, schedule: str) -> SchedulePlan:
        """What a schedule does. Without when it ran and will run, which the list tells: its ETag changes when the
        schedule does.
        """
        return self.call("GET", f"/api/v1/schedules/{segment(schedule)}", SchedulePlan)

    def put_schedule(self, schedule: str, data: NewSchedule, *, unchanged: bool = False) -> None:
        """Keep a schedule. In place of the one of this name. Intervals have a tenth of play; a run is never begun beside
        the one before.
        """
        self.call("PUT", f"/api/v1/schedules/{segment(schedule)}", None, body=data, unchanged=unchanged)

    def remove_schedule(self, schedule: str, *, unchanged: bool = False) -> None:
        """Remove a schedule. What it alone asked for stands in the matrix no longer."""
        self.call("DELETE", f"/api/v1/schedules/{segment(schedule)}", None, unchanged=unchanged)

    def captures(
        self, *, limit: int | None = None, cursor: str | None = None, over: bool | None = None
    ) -> list[CaptureView]:
        """Captures that are known. Those that go on, and the last that are over, the oldest first."""
        return self.call(
            "GET", "/api/v1/captures", list[CaptureView], query={"limit": limit, "cursor": cursor, "over": over}
        )

    def each_of_captures(self, *, size: int = 100, over: bool | None = None) -> Iterator[CaptureView]:
        """Captures that are known. All of them, page by page, `size` at a time. Those that go on, and the last that are
        over, the oldest first.
        """
        return self.pages("/api/v1/captures", list[CaptureView], query={"limit": size, "over": over})

    def begin_capture(self, data: CaptureRequest) -> CaptureView:
        """Capture at several agents. It goes on until its time is over, its files are full, or it is ended; then the
        files can be fetched for some minutes.
        """
        return self.call("POST", "/api/v1/captures", CaptureView, body=data)

    def capture(self, capture: str) -> CaptureView:
        """How a capture goes. Counters are told about once a second."""
        return self.call("GET", f"/api/v1/captures/{segment(capture)}", CaptureView)

    def forget_capture(self, capture: str) -> None:
        """Forget a capture. End it, and remove its files at the agents."""
        self.call("DELETE", f"/api/v1/captures/{segment(capture)}", None)

    def end_capture(self, capture: str) -> CaptureView:
        """End a capture now. Its files stay."""
        return self.call("POST", f"/api/v1/captures/{segment(capture)}/end", CaptureView)

    def capture_file(self, capture: str, place: str) -> AbstractContextManager[Octets]:
        """The file of a place. As pcapng. It comes from the agent piece by piece; where that ends early, the connection
        does, too.
        """
        return self.octets("GET", f"/api/v1/captures/{segment(capture)}/points/{segment(place)}")

    def webhooks(self, *, limit: int | None = None, cursor: str | None = None) -> list[WebhookView]:
        """Who is told of changes. Without their secrets, in the order in which they were made; pages go by id."""
        return self.call("GET", "/api/v1/webhooks", list[WebhookView], query={"limit": limit, "cursor": cursor})

    def each_of_webhooks(self, *, size: int = 100) -> Iterator[WebhookView]:
        """Who is told of changes. All of them, page by page, `size` at a time. Without their secrets, in the order in
        which they were made; pages go by id.
        """
        return self.pages("/api/v1/webhooks", list[WebhookView], query={"limit": size})

    def add_webhook(self, data: NewWebhook) -> MadeWebhook:
        """Tell somebody of changes. A POST is sent whenever a verdict has become another and stayed so for two runs.

        Redirects are not followed.
        """
        return self.call("POST", "/api/v1/webhooks", MadeWebhook, body=data)

    def test_webhook(self, webhook: str) -> TestedWebhook:
        """Send a test. One delivery without alerts, of type `test`, at once; it is not tried again."""
        return self.call("POST", f"/api/v1/webhooks/{segment(webhook)}/test", TestedWebhook)

    def remove_webhook(self, webhook: str) -> None:
        """Tell somebody no more. What still waits for it is not delivered."""
        self.call("DELETE", f"/api/v1/webhooks/{segment(webhook)}", None)

    def findings(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        state: Literal["standing", "all", "open", "flapping", "unseen", "explained", "gone"] | None = None,
        severity: Severity | None = None,
        host: str | None = None,
        id: str | None = None,
        interface: str | None = None,
        vid: int | None = None,
        flow: str | None = None,
        since: float | None = None,
    ) -> FindingsView:
        """What is wrong. By all that the region knows, the gravest first: cause, proof, fix, and what merely follows
        from it. Pages are of `findings`.
        """
        return self.call(
            "GET",
            "/api/v1/findings",
            FindingsView,
            query={
                "limit": limit,
                "cursor": cursor,
                "state": state,
                "severity": severity,
                "host": host,
                "id": id,
                "interface": interface,
                "vid": vid,
                "flow": flow,
                "since": since,
            },
        )

    def add_diagnosis(self, data: NewDiagnosis) -> DiagnosisView:
        """Hand in a diagnosis. Its findings are judged together with what else is known, for an hour, or until another
        of the same source comes. Nothing found is worth handing in as well.
        """
        return self.call("POST", "/api/v1/diagnoses", DiagnosisView, body=data)

    def metrics(self) -> AbstractContextManager[Octets]:
        """For Prometheus. In Prometheus' text format 0.0.4. A scraper sends a viewer's token as a bearer token."""
        return self.octets("GET", "/metrics")

    def walks(self, data: WalkRequest) -> WalksView:
        """Try a flow from both ends. Two agents send and watch for the flow's first packets; the answer says where they
        died, and comes after some seconds.
        """
        return self.call("POST", "/api/v1/walks", WalksView, body=data)

    def nodes(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        host: str | None = None,
        since: float | None = None,
    ) -> list[NodeView]:
        """Machines in commissioning. The last report of each, where the region places its interfaces, and what is wrong;
        by name.
        """
        return self.call(
            "GET",
            "/api/v1/nodes",
            list[NodeView],
            query={"limit": limit, "cursor": cursor, "host": host, "since": since},
        )

    def each_of_nodes(
        self, *, size: int = 100, host: str | None = None, since: float | None = None
    ) -> Iterator[NodeView]:
        """Machines in commissioning. All of them, page by page, `size` at a time. The last report of each, where the
        region places its interfaces, and what is wrong; by name.
        """
        return self.pages("/api/v1/nodes", list[NodeView], query={"limit": size, "host": host, "since": since})

    def cluster(self, *, limit: int | None = None, cursor: str | None = None) -> list[ProcessView]:
        """The region's processes. Those that are there at this moment, the one that has run longest first."""
        return self.call("GET", "/api/v1/cluster", list[ProcessView], query={"limit": limit, "cursor": cursor})

    def each_of_cluster(self, *, size: int = 100) -> Iterator[ProcessView]:
        """The region's processes. All of them, page by page, `size` at a time. Those that are there at this moment, the
        one that has run longest first.
        """
        return self.pages("/api/v1/cluster", list[ProcessView], query={"limit": size})

    def hosts(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        host: str | None = None,
        role: Role | None = None,
        connected: bool | None = None,
    ) -> list[HostView]:
        """The agents. Every agent that has ever reported, connected or not, by name."""
        return self.call(
            "GET",
            "/api/v1/hosts",
            list[HostView],
            query={"limit": limit, "cursor": cursor, "host": host, "role": role, "connected": connected},
        )

    def each_of_hosts(
        self, *, size: int = 100, host: str | None = None, role: Role | None = None, connected: bool | None = None
    ) -> Iterator[HostView]:
        """The agents. All of them, page by page, `size` at a time. Every agent that has ever reported, connected or not,
        by name.
        """
        return self.pages(
            "/api/v1/hosts", list[HostView], query={"limit": size, "host": host, "role": role, "connected": connected}
        )

    def host(self, host: str) -> HostView:
        """One agent. By its name or id."""
        return self.call("GET", f"/api/v1/hosts/{segment(host)}", HostView)

    def neighbours(self, host: str, *, limit: int | None = None, cursor: str | None = None) -> list[AdjacentView]:
        """Who is behind an agent's ports. What the agent itself observes of others, by port: agents that its beacons
        reach, and devices that tell themselves by LLDP or CDP.
        """
        return self.call(
            "GET",
            f"/api/v1/hosts/{segment(host)}/neighbours",
            list[AdjacentView],
            query={"limit": limit, "cursor": cursor},
        )

    def each_of_neighbours(self, host: str, *, size: int = 100) -> Iterator[AdjacentView]:
        """Who is behind an agent's ports. All of them, page by page, `size` at a time. What the agent itself observes of
        others, by port: agents that its beacons reach, and devices that tell themselves by LLDP or CDP.
        """
        return self.pages(f"/api/v1/hosts/{segment(host)}/neighbours", list[AdjacentView], query={"limit": size})

    def interfaces(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        host: str | None = None,
        interface: str | None = None,
        vlan: str | None = None,
        fabric: str | None = None,
        vid: int | None = None,
        placed: bool | None = None,
    ) -> list[InterfaceView]:
        """The interfaces of all agents. As their kernels describe them, with their place in the topology, or why they
        have none; by host name and the kernel's index.
        """
        return self.call(
            "GET",
            "/api/v1/interfaces",
            list[InterfaceView],
            query={
                "limit": limit,
                "cursor": cursor,
                "host": host,
                "interface": interface,
                "vlan": vlan,
                "fabric": fabric,
                "vid": vid,
                "placed": placed,
            },
        )

    def each_of_interfaces(
        self,
        *,
        size: int = 100,
        host: str | None = None,
        interface: str | None = None,
        vlan: str | None = None,
        fabric: str | None = None,
        vid: int | None = None,
        placed: bool | None = None,
    ) -> Iterator[InterfaceView]:
        """The interfaces of all agents. All of them, page by page, `size` at a time. As their kernels describe them,
        with their place in the topology, or why they have none; by host name and the kernel's index.
        """
        return self.pages(
            "/api/v1/interfaces",
            list[InterfaceView],
            query={
                "limit": size,
                "host": host,
                "interface": interface,
                "vlan": vlan,
                "fabric": fabric,
                "vid": vid,
                "placed": placed,
            },
        )

    def evidence(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        host: str | None = None,
        interface: str | None = None,
        vid: int | None = None,
        kind: EvidenceKind | None = None,
        since: float | None = None,
    ) -> list[EvidenceView]:
        """Observations. What agents observed and did not take back, each in a sentence; by host name, interface, VID and
        kind.
        """
        return self.call(
            "GET",
            "/api/v1/evidence",
            list[EvidenceView],
            query={
                "limit": limit,
                "cursor": cursor,
                "host": host,
                "interface": interface,
                "vid": vid,
                "kind": kind,
                "since": since,
            },
        )

    def each_of_evidence(
        self,
        *,
        size: int = 100,
        host: str | None = None,
        interface: str | None = None,
        vid: int | None = None,
        kind: EvidenceKind | None = None,
        since: float | None = None,
    ) -> Iterator[EvidenceView]:
        """Observations. All of them, page by page, `size` at a time. What agents observed and did not take back, each in
        a sentence; by host name, interface, VID and kind.
        """
        return self.pages(
            "/api/v1/evidence",
            list[EvidenceView],
            query={"limit": size, "host": host, "interface": interface, "vid": vid, "kind": kind, "since": since},
        )

    def refusals(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        host: str | None = None,
        interface: str | None = None,
        vid: int | None = None,
        reason: str | None = None,
        since: float | None = None,
    ) -> list[RefusalView]:
        """Refused frames. How many frames were refused on each port, from whom and why; the most recent first."""
        return self.call(
            "GET",
            "/api/v1/refusals",
            list[RefusalView],
            query={
                "limit": limit,
                "cursor": cursor,
                "host": host,
                "interface": interface,
                "vid": vid,
                "reason": reason,
                "since": since,
            },
        )

    def each_of_refusals(
        self,
        *,
        size: int = 100,
        host: str | None = None,
        interface: str | None = None,
        vid: int | None = None,
        reason: str | None = None,
        since: float | None = None,
    ) -> Iterator[RefusalView]:
        """Refused frames. All of them, page by page, `size` at a time. How many frames were refused on each port, from
        whom and why; the most recent first.
        """
        return self.pages(
            "/api/v1/refusals",
            list[RefusalView],
            query={"limit": size, "host": host, "interface": interface, "vid": vid, "reason": reason, "since": since},
        )

    def topology(self) -> TopologyView:
        """What shares a VLAN and a fabric, with proof. Fabrics, VLANs and their members with evidence; conflicts; and
        what stays unknown, and why.
        """
        return self.call("GET", "/api/v1/topology", TopologyView)

    def explain(self, *, a: str, b: str) -> ExplanationView:
        """Why two ports are one VLAN. The chain of observations that makes them one, or what is missing to say so."""
        return self.call("GET", "/api/v1/topology/explain", ExplanationView, query={"a": a, "b": b})

    def fabrics(
        self, *, limit: int | None = None, cursor: str | None = None, name: str | None = None
    ) -> list[FabricSummary]:
        """The fabrics. Without their VLANs; by id."""
        return self.call(
            "GET", "/api/v1/fabrics", list[FabricSummary], query={"limit": limit, "cursor": cursor, "name": name}
        )

    def each_of_fabrics(self, *, size: int = 100, name: str | None = None) -> Iterator[FabricSummary]:
        """The fabrics. All of them, page by page, `size` at a time. Without their VLANs; by id."""
        return self.pages("/api/v1/fabrics", list[FabricSummary], query={"limit": size, "name": name})

    def fabric(self, identity: str) -> FabricSummary:
        """A fabric. Its name, and how many VLANs are in it."""
        return self.call("GET", f"/api/v1/fabrics/{segment(identity)}", FabricSummary)

    def name_fabric(self, identity: str, data: NewName, *, unchanged: bool = False) -> None:
        """Name a fabric. The name survives recomputation."""
        self.call("PATCH", f"/api/v1/fabrics/{segment(identity)}", None, body=data, unchanged=unchanged)

    def vlans(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        fabric: str | None = None,
        name: str | None = None,
        vid: int | None = None,
    ) -> list[VlanSummary]:
        """The VLANs. Without their members; by id."""
        return self.call(
            "GET",
            "/api/v1/vlans",
            list[VlanSummary],
            query={"limit": limit, "cursor": cursor, "fabric": fabric, "name": name, "vid": vid},
        )

    def each_of_vlans(
        self, *, size: int = 100, fabric: str | None = None, name: str | None = None, vid: int | None = None
    ) -> Iterator[VlanSummary]:
        """The VLANs. All of them, page by page, `size` at a time. Without their members; by id."""
        return self.pages(
            "/api/v1/vlans", list[VlanSummary], query={"limit": size, "fabric": fabric, "name": name, "vid": vid}
        )

    def vlan(self, identity: str) -> VlanSummary:
        """A VLAN. Its name, its VID, its subnets, and how many ports are in it."""
        return self.call("GET", f"/api/v1/vlans/{segment(identity)}", VlanSummary)

    def name_vlan(self, identity: str, data: NewName, *, unchanged: bool = False) -> None:
        """Name a VLAN. The name survives recomputation."""
        self.call("PATCH", f"/api/v1/vlans/{segment(identity)}", None, body=data, unchanged=unchanged)

    def vlan_members(
        self,
        identity: str,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        host: str | None = None,
        interface: str | None = None,
    ) -> list[MemberView]:
        """The ports in a VLAN. With what speaks for each."""
        return self.call(
            "GET",
            f"/api/v1/vlans/{segment(identity)}/members",
            list[MemberView],
            query={"limit": limit, "cursor": cursor, "host": host, "interface": interface},
        )

    def each_of_vlan_members(
        self, identity: str, *, size: int = 100, host: str | None = None, interface: str | None = None
    ) -> Iterator[MemberView]:
        """The ports in a VLAN. All of them, page by page, `size` at a time. With what speaks for each."""
        return self.pages(
            f"/api/v1/vlans/{segment(identity)}/members",
            list[MemberView],
            query={"limit": size, "host": host, "interface": interface},
        )

    def conflicts(
        self, *, limit: int | None = None, cursor: str | None = None, kind: ConflictKind | None = None
    ) -> list[ConflictView]:
        """Contradictions in the evidence. Each with where it is, and one sentence that proves it."""
        return self.call(
            "GET", "/api/v1/conflicts", list[ConflictView], query={"limit": limit, "cursor": cursor, "kind": kind}
        )

    def each_of_conflicts(self, *, size: int = 100, kind: ConflictKind | None = None) -> Iterator[ConflictView]:
        """Contradictions in the evidence. All of them, page by page, `size` at a time. Each with where it is, and one
        sentence that proves it.
        """
        return self.pages("/api/v1/conflicts", list[ConflictView], query={"limit": size, "kind": kind})

    def unknown(
        self, *, limit: int | None = None, cursor: str | None = None, host: str | None = None
    ) -> list[UnknownView]:
        """Interfaces that nothing is known about. And what would settle it."""
        return self.call(
            "GET", "/api/v1/unknown", list[UnknownView], query={"limit": limit, "cursor": cursor, "host": host}
        )

    def each_of_unknown(self, *, size: int = 100, host: str | None = None) -> Iterator[UnknownView]:
        """Interfaces that nothing is known about. All of them, page by page, `size` at a time. And what would settle it."""
        return self.pages("/api/v1/unknown", list[UnknownView], query={"limit": size, "host": host})
