"""The beacon protocol engine: frames and time in; frames to send, evidence and the next deadline out.

Pure: no sockets, no clock, no randomness. The shell (`agent.loop`) decodes frames with `wire`, hands them in,
drains `poll_event` and `poll_transmit`, sends, and calls `handle_timeout` at `next_deadline`.
"""

from bellrock.beacon.engine import Engine
from bellrock.beacon.hearing import is_on_link
from bellrock.beacon.values import (
    BY_HAND,
    Arrival,
    Config,
    Deadline,
    Event,
    EvidenceFound,
    EvidenceLost,
    Identity,
    LetterCame,
    LetterDelivered,
    LetterLost,
    MtuMeasured,
    MtuSearched,
    MtuUnanswered,
    Now,
    PortFacts,
    Refusal,
    Refused,
    Settled,
    TooBig,
    Transmission,
)

__all__ = [
    "BY_HAND",
    "Arrival",
    "Config",
    "Deadline",
    "Engine",
    "Event",
    "EvidenceFound",
    "EvidenceLost",
    "Identity",
    "LetterCame",
    "LetterDelivered",
    "LetterLost",
    "MtuMeasured",
    "MtuSearched",
    "MtuUnanswered",
    "Now",
    "PortFacts",
    "Refusal",
    "Refused",
    "Settled",
    "TooBig",
    "Transmission",
    "is_on_link",
]
