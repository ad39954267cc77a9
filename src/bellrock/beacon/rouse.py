"""Asks who is there when nobody has answered: agents with another secret say a word to whoever begins to speak (`strangers`).

A scan that finds nobody cannot tell a silent segment from one whose agents have another secret, unless one of these happens to speak.
"""

from collections import deque
from collections.abc import Iterable
from typing import Final

from bellrock.beacon.compose import Composer, copies
from bellrock.beacon.strangers import ROUNDS
from bellrock.beacon.values import Arrival, Config, Identity, NewId, Now, PortFacts, Transmission
from bellrock.model import Monotonic
from bellrock.wire.beacon import ScanCall

SPACING: Final = 0.06
"""Seconds between two words: more than copies of one word are apart, and few enough that they count as a beginning."""
MARGIN: Final = 0.2
"""Seconds for which an answer is waited for beyond the longest delay that an agent makes before it speaks."""


class Rouser:
    """As many words on each interface as agents take for somebody who begins to speak. No input makes it raise."""

    def __init__(self, identity: Identity, new_id: NewId, interfaces: Iterable[PortFacts], now: Now) -> None:
        self._composer = Composer(identity, new_id)
        self._ports = tuple(interfaces)
        # Whom this secret opens shall take no notice: a wish that a scan may end that nobody runs makes no peer and no evidence.
        self._said = ScanCall(id=new_id(2, now.wall), vid=0, stop=True)
        self._left = ROUNDS
        self._until: float = now.mono
        self._out: deque[Transmission] = deque()
        self.over = False
        """Whoever has something to say has said it."""

    def receive(self, arrival: Arrival, now: Now) -> None:
        """Those whom this secret opens have been asked by the scan."""

    def handle_timeout(self, now: Now) -> None:
        """Say the next word, or be done."""
        if self.over or now.mono < self._until:
            return
        if not self._left:
            self.over = True
            return
        self._left -= 1
        for facts in self._ports:
            copy = copies(facts)[0]
            beacon = self._composer.scanning(facts, 2, None, self._said, now)
            said = Transmission(port=facts.port, beacon=beacon, family=copy.family, source_ip=copy.source_ip)
            self._out.append(said)
        self._until = now.mono + (SPACING if self._left else Config().stranger_delay[1] + MARGIN)

    def next_deadline(self) -> Monotonic | None:
        """When `handle_timeout` is wanted next; None when all is over."""
        return None if self.over else Monotonic(self._until)

    def poll_transmit(self) -> Transmission | None:
        """Next beacon to send, or None."""
        return self._out.popleft() if self._out else None
