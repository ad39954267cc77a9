"""What the parts of the engine share."""

from collections import deque

from bellrock.beacon.compose import Composer
from bellrock.beacon.ids import SeenIds, SentIds
from bellrock.beacon.peers import Peers
from bellrock.beacon.ports import Bucket, Ports, PortState
from bellrock.beacon.refusals import Refusals
from bellrock.beacon.timers import Alarm, Timers
from bellrock.beacon.trickle import Trickle
from bellrock.beacon.values import Config, Event, Identity, Jitter, NewId, Now, PortFacts, Transmission
from bellrock.model import Port


class Core:
    """The state of one engine; its behaviour is in `speaking`, `hearing`, `doubts` and `engine`."""

    def __init__(self, identity: Identity, new_id: NewId, jitter: Jitter, config: Config) -> None:
        self.identity = identity
        self.jitter = jitter
        self.config = config
        self.composer = Composer(identity, new_id)
        self.timers = Timers()
        self.ports = Ports()
        self.sent = SentIds(config.max_ids // 2)
        self.seen = SeenIds(config.max_ids // 2)
        self.refusals = Refusals()
        self.events: deque[Event] = deque()
        self.out: deque[Transmission] = deque()
        self.started: Now | None = None

    def between(self, low: float, high: float) -> float:
        """Uniform in [low, high)."""
        return low + (high - low) * self.jitter()

    def around(self, seconds: float) -> float:
        """Within ±20 % of `seconds`."""
        return seconds * self.between(0.8, 1.2)

    def new_port(self, facts: PortFacts, dynamic: bool, now: Now) -> PortState:
        """A port that just came up, with its timers and tables new."""
        config = self.config
        trickle = Trickle(config.trickle_min, config.trickle_max, config.trickle_k, self.jitter, now.mono)
        bucket = Bucket(*config.maas_replies, now.mono)
        state = PortState(facts, dynamic, trickle, bucket, Peers(facts.port, self.events.append))
        self.ports.add(state)
        return state

    def arm(self, state: PortState, alarm: Alarm, at: float) -> None:
        """Make an alarm of a port due at `at`, unless it is due earlier."""
        self.timers.set_by((state.port, alarm), at)

    def refuse(
        self, port: Port, source_mac: str, reason: str, detail: str, now: Now, skew: float | None = None, times: int = 1
    ) -> None:
        """Count a refusal, and tell it now or later."""
        told = self.refusals.count((port, source_mac, str(reason)), detail, skew, now, times)
        if told is not None:
            self.events.append(told)
        if (due := self.refusals.due) is not None:
            self.timers.set_by((None, Alarm.REFUSALS), due)
