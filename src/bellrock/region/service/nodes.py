"""Machines that are being commissioned: each reports once, by itself or through a rack, and is told where it is."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Collection, Iterable
from typing import Final, Protocol

import msgspec
from msgspec import structs

from bellrock.contract import MAX_OBSERVATIONS, Delivered, NodeAnswer, NodeReport, Placed, Relayed, Report
from bellrock.contract.letters import MAX_FINDINGS
from bellrock.diagnosis import Cable, Lies, Look, vlan_not_checked, wrong_vlan
from bellrock.diagnosis.findings_document import all_told
from bellrock.model import EvidenceSeen, Finding, Host, Interface, InterfaceSeen, Role, Topology, Wall
from bellrock.region.logs import line
from bellrock.region.service.check import MAX_LABEL, flaw, labels
from bellrock.region.service.clock import Offset, is_time
from bellrock.region.service.findingviews import flaw as finding_flaw
from bellrock.region.service.ingest import Told
from bellrock.region.service.places import places_at, places_of
from bellrock.region.service.shapes import NodeInterfaceView, NodeView
from bellrock.region.service.state import State
from bellrock.region.store import NodeRow, NodeStore, NotStored

MAX_NODES: Final = 4096
"""Machines that are remembered; beyond, the one that reported longest ago is forgotten."""
MAX_EXPECTED: Final = 256
MAX_KEPT: Final = 128 * 1024
"""Octets of JSON that are kept of one machine: some hundreds of interfaces."""
HOLDS: Final = 86_400.0
"""Seconds for which a node's word about itself tells of now."""
REMEMBERED: Final = 256
"""Answers that are given again to a report that comes once more, by another rack."""
PATIENCE: Final = 3.0
"""Seconds for the store to take a report; a node waits no longer."""

log = logging.getLogger(__name__)


class Source(Protocol):
    """Who passes a report on: an agent's session."""

    host: Host


class _Voice:
    """Stands for a node where reports are taken in, as the sessions of other agents do."""

    def __init__(self, host: Host, via: Host, sent: Wall, received: Wall) -> None:
        self.host = host
        self.software = "" if via.id == host.id else f"told by {via.name}"[:MAX_LABEL]
        self.offset = Offset()
        self.offset.start(sent, received)
        self.decided: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def ack(self, seq: int) -> None:  # noqa: ARG002 -- it has one report
        """It is on disk."""
        if not self.decided.done():
            self.decided.set_result("")

    def refuse(self, why: str) -> None:
        """It was not taken."""
        if not self.decided.done():
            self.decided.set_result(why)


class Nodes:
    """Takes reports of nodes in, and remembers them."""

    def __init__(
        self, store: NodeStore, rows: Iterable[NodeRow], region: str, state: State,
        tell: Callable[[Told], Awaitable[None]], topology: Callable[[], Topology], enrolled: Callable[[str], bool],
        clock: Callable[[], Wall], changed: Callable[[], None],
    ) -> None:  # fmt: skip
        """`enrolled`: whether an agent has a certificate of its own, so that nobody else speaks for it."""
        self._store = store
        self._rows = {row.agent: row for row in rows}
        self._region = region
        self._state = state
        self._tell = tell
        self._topology = topology
        self._enrolled = enrolled
        self._clock = clock
        self._changed = changed
        self._answers: OrderedDict[tuple[str, str], tuple[NodeAnswer, bool]] = OrderedDict()
        """To (node, boot), and whether the node itself brought the report."""
        self._taking = asyncio.Lock()

    async def take(self, source: Source, message: Relayed) -> Delivered:
        """Take a report in that a node or a rack brings; the answer to be passed back."""
        async with self._taking:
            answer = await self._answer(source, message)
        return Delivered(message.letter, answer)

    async def _answer(self, source: Source, message: Relayed) -> NodeAnswer:
        report, kept = message.report, _kept(message.report)
        if why := self._flaw(source, message) or _too_large(kept):
            log.warning(line("node-refused", agent=report.host.id, via=source.host.name, why=why))
            return NodeAnswer(region=self._region, why=why)
        again, own = (report.host.id, report.boot), source.host.id == report.host.id
        # Anybody with the secret can bring a report before the node does; the node's own is taken all the same.
        if (known := self._answers.get(again)) is not None and known[1] >= own:
            return known[0]
        received = self._clock()
        if why := await self._commit(source.host, report, received):
            return NodeAnswer(region=self._region, why=why)
        answer = self._conclude(kept)
        await self._keep(source.host, kept, answer, received)
        self._answers[again] = answer, own
        if len(self._answers) > REMEMBERED:
            self._answers.popitem(last=False)
        return answer

    def _flaw(self, source: Source, message: Relayed) -> str:
        """Why a report is not taken at all; empty if it may be. Of its observations those that will not do are left out."""
        host, report = message.report.host, message.report
        account = self._state.accounts.get(host.id)
        if source.host.id == host.id:
            known = host.role == Role.NODE == source.host.role
        else:
            known = host.role == Role.NODE and source.host.role in (Role.RACK, Role.REGION)
        if not known:
            return f"{source.host.name} may not report for {host.name}: a node reports by itself or through a rack"
        if source.host.id != host.id and self._enrolled(host.id):
            return f"{host.name} has a certificate of its own and reports by itself"
        if account is not None and account.host.role != Role.NODE:
            return f"{host.name} has the id of {account.host.name}, which is a {account.host.role or 'rack'}"
        if why := labels(host.id, host.name, report.boot, message.letter):
            return f"its id, name, boot or letter: {why}"
        if not (host.id and is_time(report.sent)):
            return "it has no id, or a clock that tells no time"
        return _too_much(report)

    async def _commit(self, via: Host, report: NodeReport, received: Wall) -> str:
        account = self._state.accounts.get(report.host.id)
        seq = account.last + 1 if account else 1
        voice = _Voice(report.host, via, report.sent, received)
        # One report is a whole account: what an earlier run of this machine told holds no longer.
        one = Report(seq, report.boot, report.sent, report.observations, begin=True, complete=True)
        try:
            async with asyncio.timeout(PATIENCE):
                await self._tell(Told(voice, one, received))
                return await voice.decided
        except TimeoutError:
            return "the region's disk does not take reports now"

    def _conclude(self, report: NodeReport) -> NodeAnswer:
        topology = self._topology()
        placed, lies = placements(topology, report), placements(topology, report, untagged=True)
        names = {vlan.name for fabric in topology.fabrics for vlan in fabric.vlans}
        return NodeAnswer(region=self._region, placed=placed, findings=_misplaced(report, lies, names))

    async def _keep(self, via: Host, report: NodeReport, answer: NodeAnswer, received: Wall) -> None:
        findings = _together(report.findings, answer.findings)
        told_by = "" if via.id == report.host.id else via.id
        row = NodeRow(
            agent=report.host.id, seen=received, via=told_by, report=structs.replace(report, findings=()),
            placed=answer.placed, findings=findings,
        )  # fmt: skip
        gone = self._replaced(row)
        self._rows[row.agent] = row
        for agent in gone:
            del self._rows[agent]
        log.info(line("node-reported", agent=row.agent, name=report.host.name, via=via.name, findings=len(findings)))
        self._changed()
        try:
            await self._store.save(row, gone)
        except NotStored as error:
            log.error(line(error.event, error=str(error), hint="the node's report is kept in memory"))  # noqa: TRY400

    def _replaced(self, row: NodeRow) -> list[str]:
        """Earlier reports of the same cards under another id, and the oldest where there are too many."""
        macs = _macs(row.report)
        gone = [
            agent for agent, other in self._rows.items()
            if agent != row.agent and macs and _macs(other.report) == macs and self._may_replace(row, other)
        ]  # fmt: skip
        left = [agent for agent in self._rows if agent not in gone and agent != row.agent]
        excess = len(left) + 1 - MAX_NODES
        return gone + sorted(left, key=lambda agent: self._rows[agent].seen)[: max(0, excess)]

    def _may_replace(self, row: NodeRow, other: NodeRow) -> bool:
        """What a rack brings may be anybody's with the secret; it does not outweigh what a machine said of itself."""
        return not row.via or (bool(other.via) and not self._enrolled(other.agent))

    def found(self) -> dict[str, tuple[Finding, ...]]:
        """What nodes have found of themselves, each by its name, and what was added here; of those that told it lately."""
        now = self._clock()
        return {row.report.host.name: row.findings for row in self._rows.values() if now - row.seen <= HOLDS}

    def views(self) -> list[NodeView]:
        """All nodes, by name."""
        now, names = self._clock(), {account.host.id: account.host.name for account in self._state.accounts.values()}
        views = [
            NodeView(
                row.agent, row.report.host.name, row.seen, round(max(0.0, now - row.seen), 3), names.get(row.via, row.via),
                tuple(_interface(one, row) for one in _interfaces(row.report)), all_told(row.findings),
            )
            for row in self._rows.values()
        ]  # fmt: skip
        return sorted(views, key=lambda view: (view.name, view.agent))


def placements(topology: Topology, report: NodeReport, *, untagged: bool = False) -> tuple[Placed, ...]:
    """Where the region places the interfaces of a node, those that it does place; `untagged`: by their untagged frames alone."""
    places = places_of(topology)
    fabrics = {fabric.id: fabric.name for fabric in topology.fabrics}
    vlans = {vlan.id: vlan.name for fabric in topology.fabrics for vlan in fabric.vlans}
    placed = []
    for interface in _interfaces(report):
        found = places_at(places, report.host.id, interface)
        if untagged:
            found = [place for place in found if place.member.port.vid is None]
        if found:
            names = tuple(vlans[place.vlan] for place in found)
            vids = tuple(place.vid for place in found)
            placed.append(Placed(interface.name, fabrics[found[0].fabric], names, vids))
    return tuple(placed)


def _misplaced(report: NodeReport, placed: tuple[Placed, ...], names: Collection[str]) -> tuple[Finding, ...]:
    """What only the region can tell: an interface that is not in the VLAN that was expected, or of which nothing shows it.

    By VID or by a name that it knows.
    """
    unknown = {vlan for _, vlan in report.expected if not vlan.isdecimal() and vlan not in names}
    expected = tuple(pair for pair in report.expected if pair[1] not in unknown)
    neighbours = {
        one.evidence.port.interface: one.evidence.neighbour for one in report.observations if isinstance(one, EvidenceSeen)
        if one.evidence.neighbour
    }  # fmt: skip
    cables = tuple(
        Cable(interface=one, looked=0.0, carrier_for=0.0 if one.carrier else None, neighbour=neighbours.get(one.name))
        for one in _interfaces(report)
    )
    lies = tuple(Lies(one.interface, one.fabric, one.vlans, one.vids) for one in placed)
    look = Look(host=report.host.name, cables=cables, placed=lies, expected=report.expected)
    return (*wrong_vlan.find(structs.replace(look, expected=expected)), *vlan_not_checked.unchecked(look, unknown))


def _together(own: tuple[Finding, ...], added: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Where both tell of the same, the region's counts: it has seen more."""
    said = {(one.id, one.interface) for one in added}
    return (*(one for one in own if (one.id, one.interface) not in said), *added)


def _too_much(report: NodeReport) -> str:
    texts = [
        text for one in report.findings for some in (one.proof, one.evidence, one.fix, one.symptoms) for text in some
    ]
    words = [text for pair in report.expected for text in pair]
    many = len(report.observations) > MAX_OBSERVATIONS or len(report.findings) > MAX_FINDINGS
    if many or len(report.expected) > MAX_EXPECTED or len(texts) > MAX_FINDINGS * 16:
        return "it tells too much for one machine"
    if why := labels(*words):
        return f"its expectations: {why}"
    return next((f"its findings: {why}" for one in report.findings if (why := finding_flaw(one))), "")


def _kept(report: NodeReport) -> NodeReport:
    """What is shown of it, each observation judged as any agent's is; the rest is in the topology's evidence."""
    shown = tuple(
        one for one in report.observations
        if isinstance(one, InterfaceSeen) or (isinstance(one, EvidenceSeen) and one.evidence.neighbour)
        if not flaw(report.host.id, one)
    )  # fmt: skip
    # It speaks of itself, whatever it says.
    own = tuple(structs.replace(one, host=report.host.name) for one in report.findings)
    return structs.replace(report, observations=shown, findings=own)


def _too_large(kept: NodeReport) -> str:
    size = len(msgspec.json.encode(kept))
    return f"it tells too much for one machine: {size} octets to keep, {MAX_KEPT} at most" if size > MAX_KEPT else ""


def _interfaces(report: NodeReport) -> list[Interface]:
    return [one.interface for one in report.observations if isinstance(one, InterfaceSeen)]


def _macs(report: NodeReport) -> frozenset[str]:
    return frozenset(one.permanent_mac or one.mac for one in _interfaces(report))


def _interface(one: Interface, row: NodeRow) -> NodeInterfaceView:
    placed = next((place for place in row.placed if place.interface == one.name), Placed(one.name))
    switch = next(
        (
            f"{told.neighbour.system_name or told.neighbour.chassis_id} {told.neighbour.port_id}"
            for seen in row.report.observations
            if isinstance(seen, EvidenceSeen) and (told := seen.evidence).neighbour and told.port.interface == one.name
        ),
        "",
    )
    return NodeInterfaceView(
        one.name, one.mac, one.carrier, one.speed, one.duplex, one.mtu, placed.vlans, placed.fabric, switch
    )
