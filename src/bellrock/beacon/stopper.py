"""Ends the scan of VIDs that somebody else runs on a segment: waits for one of its calls, and asks back the way it came."""

from collections import deque
from collections.abc import Iterable
from typing import Final

from bellrock.beacon.compose import Composer, copies
from bellrock.beacon.hearing import is_on_link
from bellrock.beacon.values import Arrival, Identity, NewId, Now, PortFacts, Transmission
from bellrock.model import Monotonic, Port
from bellrock.wire.beacon import ScanCall
from bellrock.wire.ethernet import Tag

AGAIN: Final = 0.1
"""Seconds until a wish that nobody has answered is said again, at the next call."""

Way = tuple[Tag | None, int | None]


class Stopper:
    """One wish that a scan may end. No input makes it raise."""

    def __init__(
        self, identity: Identity, new_id: NewId, interfaces: Iterable[PortFacts], within: float, now: Now
    ) -> None:
        self._composer = Composer(identity, new_id)
        self._facts = {facts.port.interface: facts for facts in interfaces}
        self._until = now.mono + within
        self._said = float("-inf")
        self._out: deque[Transmission] = deque()
        self.scan: tuple[str, str] | None = None
        """Id of the scan that was heard, and the host that runs it."""
        self._agent = ""
        self.stopped = False
        self.over = False
        """It has stopped, or time is up."""

    def receive(self, arrival: Arrival, now: Now) -> None:
        """Take in a beacon, of whatever kind."""
        extension = arrival.beacon.extension
        if extension is None or not is_on_link(arrival):
            return
        if extension.scan is not None and not extension.scan.stop:
            self._heard(arrival, extension.scan, extension.agent, extension.host, now)
        elif extension.scanned is not None and self.scan is not None:
            self.stopped = (extension.scanned.id, extension.agent) == (self.scan[0], self._agent)
            self.over = self.over or self.stopped

    def handle_timeout(self, now: Now) -> None:
        """Give up, if it is time."""
        self.over = self.over or now.mono >= self._until

    def next_deadline(self) -> Monotonic | None:
        """When it is given up; None once it is over."""
        return None if self.over else Monotonic(self._until)

    def poll_transmit(self) -> Transmission | None:
        """Next beacon to send, or None."""
        return self._out.popleft() if self._out else None

    def _heard(self, arrival: Arrival, call: ScanCall, agent: str, host: str, now: Now) -> None:
        facts = self._facts.get(arrival.port.interface)
        if facts is None or (self.scan is not None and self.scan[0] != call.id) or now.mono - self._said < AGAIN:
            return
        self.scan, self._agent, self._said = (call.id, host), agent, now.mono
        untagged: Way = (None, None)
        for outer, vid in {untagged: None, (arrival.outer, arrival.port.vid): None}:
            self._ask(facts, outer, vid, call.id, now)

    def _ask(self, facts: PortFacts, outer: Tag | None, vid: int | None, scan: str, now: Now) -> None:
        wish = ScanCall(id=scan, vid=vid or 0, outer=outer.vid if outer else 0, stop=True)
        beacon = self._composer.scanning(facts, 2, vid, wish, now)
        port, copy = Port(facts.port.host, facts.port.interface, vid), copies(facts)[0]
        self._out.append(
            Transmission(port=port, beacon=beacon, family=copy.family, source_ip=copy.source_ip, outer=outer)
        )
