"""Holds what the agents found against the truth."""

from collections.abc import Iterable
from dataclasses import dataclass

from bellrock.beacon import EvidenceFound, EvidenceLost
from bellrock.model import EvidenceGone, EvidenceKind, EvidenceSeen, Host, HostSeen, InterfaceSeen, Observation, Port
from bellrock.topology import infer
from tests.sim.fabric import Plug, Tag
from tests.sim.reference import Partition, Truth
from tests.sim.scenario import LAST_MOVE, Builder, Scenario

ON_LINK = (EvidenceKind.HEARD, EvidenceKind.CONFIRMED, EvidenceKind.OWN_BEACON)
NEW_TRUTH = 2.0
"""Seconds from the first frame that shows where a moved port is, until all who share its segment are joined to it."""
OLD_CLAIM = 90.0
"""Seconds from a move until nobody claims the old place any more."""


@dataclass
class Verdict:
    """What was wrong, as sentences; empty lists are what everyone hopes for."""

    seed: int
    what: str
    false_merges: list[str]
    missed_joins: list[str]
    late: list[str]
    """Moves whose new truth took longer than NEW_TRUTH, or whose old claims outlived OLD_CLAIM."""
    joins: int = 0
    """Pairs of ports that the evidence joins."""
    moves: int = 0
    checked: int = 0
    """Moved ports whose new truth was looked at two seconds after the first frame."""
    frames: int = 0

    @property
    def wrong(self) -> list[str]:
        return self.false_merges + self.missed_joins + self.late


class Judge:
    """Watches one scenario run and judges it."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.net = scenario.net
        self.late: list[str] = []
        self.checked = 0
        self._links: dict[tuple[Port, Port], float] = {}
        self._first: dict[Port, float] = {}
        self._plugs: dict[tuple[str, str], Plug] = {}
        self.net.delivered = self._delivered

    def run(self) -> Verdict:
        """Let it happen, to the end of the grace time after the last move."""
        scenario, net = self.scenario, self.net
        net.run_until(scenario.settled + (LAST_MOVE if scenario.planned_moves else 0.0))
        if scenario.moves:
            net.run_until(scenario.moves[-1][0] + OLD_CLAIM)
        false, missed, joins = self._partition()
        return Verdict(
            scenario.seed,
            repr(scenario),
            false,
            missed,
            self.late,
            joins,
            len(scenario.moves),
            self.checked,
            net.frames,
        )

    def _port(self, plug: Plug, tag: Tag) -> Port | None:
        """The port that an agent makes of it; None where it does not listen, or sits behind a plain peer's plug."""
        listener = self.net.hosts[plug]
        return listener.port_of(plug, tag)

    def _delivered(self, origin: Plug, tag: Tag, plug: Plug, seen: Tag) -> None:
        ours, theirs = self._port(plug, seen), self._port(origin, tag)
        if ours is None or theirs is None or not self.net.hosts[plug].keeps_evidence:
            return
        self._links[ours, theirs] = self.net.time
        if self.scenario.moves and not self.net.weather.loss:
            self._watch(ours, plug, theirs)
            self._watch(theirs, origin, ours)

    def _watch(self, moved: Port, plug: Plug, other: Port) -> None:
        """The first frame after its move that a port sends or hears: two seconds later all must be clear."""
        when = max((at for at, what in self.scenario.moves if what is plug), default=None)
        if when is None or self._first.get(moved, -1.0) >= when or moved.host == other.host:
            return
        self._first[moved] = self.net.time
        self.net.at(self.net.time + NEW_TRUTH, lambda: self._check_move(moved, when))

    def _check_move(self, moved: Port, when: float) -> None:
        if len(self.scenario.moves) > 1:
            # The other end may have been moved along: then its frames show nothing new.
            return
        self.checked += 1
        truth, found = self.truth(), self.found()
        here = self.domain(truth, moved)
        for port in self._real_ports():
            if port != moved and here is not None and self.domain(truth, port) == here and not found.same(port, moved):
                self.late.append(
                    f"{moved} moved at {when:.3f}, first frame at {self._first[moved]:.3f}, not yet joined to {port}"
                )
        for host in self.scenario.hosts:
            for kind, ours, peer in host.held:
                if ours == moved and kind is EvidenceKind.CONFIRMED and self.domain(truth, peer) != here:
                    self.late.append(f"{moved} moved at {when:.3f}, and still claims {peer} at {self.net.time:.3f}")

    def truth(self) -> Truth:
        return Truth(self.net.devices, frozenset(self.net.vids | {98, 99}))

    def domain(self, truth: Truth, port: Port) -> object | None:
        plug = self._where().get((port.host, port.interface))
        return None if plug is None else truth.domain(plug, port.vid)

    def _where(self) -> dict[tuple[str, str], Plug]:
        if len(self._plugs) != len(self.net.hosts):
            self._plugs = {listener.identity_of(plug): plug for plug, listener in self.net.hosts.items()}
        return self._plugs

    def _real_ports(self) -> Iterable[Port]:
        for host in self.scenario.hosts:
            yield from host.ports

    def held(self) -> Iterable[tuple[Port, Port]]:
        """The pairs that on-link evidence joins now."""
        for host in self.scenario.hosts:
            for kind, ours, peer in host.held:
                if kind in ON_LINK:
                    yield ours, peer

    def found(self) -> Partition:
        """What the evidence says, by plain union."""
        partition = Partition()
        for ours, peer in self.held():
            partition.union(ours, peer)
        return partition

    def observations(self) -> list[Observation]:
        """All that the agents would have reported, in the order in which it happened."""
        reports: list[Observation] = []
        for host in self.scenario.hosts:
            reports.append(HostSeen(Host(host.name, host.name), self.net.now.wall))
            reports += [InterfaceSeen(host.name, interface) for interface in host.interfaces()]
        events = sorted((entry for host in self.scenario.hosts for entry in host.events), key=lambda entry: entry[0])
        for _, event in events:
            if isinstance(event, EvidenceFound):
                reports.append(EvidenceSeen(event.evidence))
            elif isinstance(event, EvidenceLost):
                reports.append(EvidenceGone(event.key, event.why, event.since))
        return reports

    def inferred(self) -> Partition:
        """What `topology` makes of it."""
        partition = Partition()
        for fabric in infer(self.observations()).fabrics:
            for vlan in fabric.vlans:
                for member in vlan.members:
                    partition.union(vlan.members[0].port, member.port)
        return partition

    def _partition(self) -> tuple[list[str], list[str], int]:
        truth, joins = self.truth(), set(self.held())
        false = self._false(truth, self.found(), "by evidence") + self._false(truth, self.inferred(), "by inference")
        missed = self._missed(truth, self.found(), "by evidence") + self._missed(truth, self.inferred(), "by inference")
        return false, missed, len(joins)

    def _false(self, truth: Truth, found: Partition, how: str) -> list[str]:
        """Ports in one class that the truth keeps apart."""
        false = []
        for members in found.classes():
            domains = {port: self.domain(truth, port) for port in members}
            first = members[0]
            if len(members) > 1:
                false += [
                    f"{port} is joined to {first} {how}"
                    for port in members
                    if domains[port] is None or domains[port] != domains[first]
                ]
        return false

    def _missed(self, truth: Truth, found: Partition, how: str) -> list[str]:
        """Pairs whose frames arrived, and that are apart."""
        missed = [
            f"{a} heard {b} at {at:.3f}, and is not joined to it {how}"
            for a, b, at in self._allowed()
            if not found.same(a, b)
        ]
        if not self.net.weather.loss and not self.scenario.moves:
            missed += [f"{line} {how}" for line in self._all_pairs(truth, found)]
        return missed

    def _allowed(self) -> Iterable[tuple[Port, Port, float]]:
        """Frames that arrived after the last change of the wiring, and not so long ago that silence speaks against them."""
        since = max((at for at, _ in self.scenario.moves), default=0.0)
        since = max(since + 0.2, self.net.time - 70)
        started = {host.name: host.started_at for host in self.scenario.hosts}
        return [(a, b, at) for (a, b), at in sorted(self._links.items(), key=str) if at >= max(since, started[a.host])]

    def _all_pairs(self, truth: Truth, found: Partition) -> list[str]:
        """Without loss and moves there is no excuse: every domain's ports are joined."""
        first: dict[object, Port] = {}
        missed = []
        for port in self._real_ports():
            domain = self.domain(truth, port)
            if domain is None:
                continue
            other = first.setdefault(domain, port)
            if not found.same(port, other) and port != other:
                missed.append(f"{port} is not joined to {other}")
        return missed


def judge(seed: int, **wishes) -> Verdict:
    """Build the network of a seed, let it run, judge it."""
    return Judge(Builder(seed, **wishes).build()).run()
