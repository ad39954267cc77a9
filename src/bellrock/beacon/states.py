"""The states of a peer on a port, as one table: docs/explanation/beacon-engine.md draws its diagram from it."""

from enum import StrEnum
from typing import Final

from bellrock.model import EvidenceKind


class State(StrEnum):
    """What we know of a peer on one port."""

    NEW = "new"
    """Nothing yet."""
    HEARD = "heard"
    """It sent valid on-link beacons; whether it hears us is unknown."""
    CONFIRMED = "confirmed"
    """It acknowledged a fresh beacon of ours on this port."""
    DOUBTED = "doubted"
    """Confirmed, but the port or the peer may have been moved since: it is being asked."""
    ROUTABLE = "routable"
    """It reached us by unicast, perhaps through a router."""
    OWN = "own"
    """It is another port of this host: our own beacons arrive."""
    LOOP = "loop"
    """It is this very port: our own beacons come back."""
    LOST = "lost"
    """It fell silent, or the port is no more."""


class Cause(StrEnum):
    """What moves a peer from state to state."""

    BEACON = "beacon heard"
    ACK = "fresh id acknowledged"
    UNICAST = "unicast heard"
    OWN_BEACON = "own beacon of another port"
    OWN_ECHO = "own beacon of this port"
    DOUBT = "segment changed"
    RESTART = "peer restarted"
    SILENCE = "silent too long"
    DOWN = "port down"


TRANSITIONS: Final[dict[tuple[State, Cause], State]] = {
    (State.NEW, Cause.BEACON): State.HEARD,
    (State.NEW, Cause.UNICAST): State.ROUTABLE,
    (State.NEW, Cause.OWN_BEACON): State.OWN,
    (State.NEW, Cause.OWN_ECHO): State.LOOP,
    (State.HEARD, Cause.BEACON): State.HEARD,
    (State.HEARD, Cause.ACK): State.CONFIRMED,
    (State.HEARD, Cause.RESTART): State.HEARD,
    (State.HEARD, Cause.SILENCE): State.LOST,
    (State.HEARD, Cause.DOWN): State.LOST,
    (State.CONFIRMED, Cause.BEACON): State.CONFIRMED,
    (State.CONFIRMED, Cause.ACK): State.CONFIRMED,
    (State.CONFIRMED, Cause.DOUBT): State.DOUBTED,
    (State.CONFIRMED, Cause.RESTART): State.HEARD,
    (State.CONFIRMED, Cause.SILENCE): State.LOST,
    (State.CONFIRMED, Cause.DOWN): State.LOST,
    (State.DOUBTED, Cause.BEACON): State.CONFIRMED,
    (State.DOUBTED, Cause.RESTART): State.HEARD,
    (State.DOUBTED, Cause.SILENCE): State.LOST,
    (State.DOUBTED, Cause.DOWN): State.LOST,
    (State.ROUTABLE, Cause.UNICAST): State.ROUTABLE,
    (State.ROUTABLE, Cause.SILENCE): State.LOST,
    (State.ROUTABLE, Cause.DOWN): State.LOST,
    (State.OWN, Cause.OWN_BEACON): State.OWN,
    (State.OWN, Cause.SILENCE): State.LOST,
    (State.OWN, Cause.DOWN): State.LOST,
    (State.LOOP, Cause.OWN_ECHO): State.LOOP,
    (State.LOOP, Cause.SILENCE): State.LOST,
    (State.LOOP, Cause.DOWN): State.LOST,
}
"""What is not listed does not happen: `Peer.step` raises KeyError, which the tests would see."""

EVIDENCE: Final[dict[State, tuple[EvidenceKind, ...]]] = {
    State.NEW: (),
    State.HEARD: (EvidenceKind.HEARD,),
    State.CONFIRMED: (EvidenceKind.HEARD, EvidenceKind.CONFIRMED),
    State.DOUBTED: (EvidenceKind.HEARD, EvidenceKind.CONFIRMED),
    State.ROUTABLE: (EvidenceKind.ROUTABLE,),
    State.OWN: (EvidenceKind.OWN_BEACON,),
    State.LOOP: (EvidenceKind.LOOP,),
    State.LOST: (),
}
"""Which evidence is held in which state; a transition finds or loses the difference."""


def mermaid() -> str:
    """The diagram of the table, in Mermaid's language."""
    lines = ["stateDiagram-v2", "    [*] --> new"]
    lines += [f"    {state} --> {new}: {cause}" for (state, cause), new in TRANSITIONS.items()]
    return "\n".join([*lines, "    lost --> [*]"])
