"""The engine."""

from bellrock.beacon.values import (
    Arrival,
    Config,
    Deadline,
    Event,
    Identity,
    Jitter,
    NewId,
    Now,
    PortFacts,
    Refusal,
    Transmission,
)
from bellrock.model import Port


class Engine:
    """One host's half of the beacon protocol, on all its ports."""

    def __init__(self, identity: Identity, new_id: NewId, jitter: Jitter, config: Config = Config()) -> None:  # noqa: B008
        raise NotImplementedError

    def receive(self, input: PortFacts | Arrival | Refusal, now: Now) -> None:
        """Take in a frame, a refusal, or a port that came up or changed."""
        raise NotImplementedError

    def drop_port(self, port: Port, now: Now) -> None:
        """A port went down: its evidence is lost, and so are the dynamic ports of its interface if it was the untagged one."""
        raise NotImplementedError

    def handle_timeout(self, now: Now) -> None:
        """Do what is due."""
        raise NotImplementedError

    def poll_transmit(self) -> Transmission | None:
        """Next beacon to send, or None."""
        raise NotImplementedError

    def poll_event(self) -> Event | None:
        """Next event, or None."""
        raise NotImplementedError

    def next_deadline(self) -> Deadline | None:
        """When and why `handle_timeout` is wanted next."""
        raise NotImplementedError
