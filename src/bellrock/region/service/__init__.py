"""What a region does, without SQL and without HTTP: agents' sessions, ingest, inference, publishing, access."""

from bellrock.region.service.access import Access
from bellrock.region.service.agents import HANDSHAKE, Session, TurnedAway, refuse_version
from bellrock.region.service.guesses import TooManyFailures
from bellrock.region.service.names import UnknownPort
from bellrock.region.service.publish import Topic, Watcher
from bellrock.region.service.region import Region, wall
from bellrock.region.service.secrets import MAX_SECRETS, Secret, Secrets, secrets_of

__all__ = [
    "HANDSHAKE",
    "MAX_SECRETS",
    "Access",
    "Region",
    "Secret",
    "Secrets",
    "Session",
    "TooManyFailures",
    "Topic",
    "TurnedAway",
    "UnknownPort",
    "Watcher",
    "refuse_version",
    "secrets_of",
    "wall",
]
