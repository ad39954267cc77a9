"""What a region does, without SQL and without HTTP: agents' sessions, ingest, inference, publishing, access."""

from bellrock.region.service.access import Access
from bellrock.region.service.agents import HANDSHAKE, TurnedAway, check_host, refuse_version
from bellrock.region.service.agentsession import Session
from bellrock.region.service.applicant import AlreadySo, Applicant, Policy, UnknownAgent
from bellrock.region.service.ends import UnknownEnd
from bellrock.region.service.enrol import not_stored
from bellrock.region.service.guesses import TooManyFailures
from bellrock.region.service.names import UnknownHost, UnknownPort
from bellrock.region.service.outpost import Outpost
from bellrock.region.service.publish import Topic, Watcher
from bellrock.region.service.region import Region, monotonic, wall
from bellrock.region.service.secrets import MAX_SECRETS, Secret, Secrets, secrets_of
from bellrock.region.service.standby import Readied, silent_of
from bellrock.region.service.walks import Busy, Unwalkable, Wanted

__all__ = [
    "HANDSHAKE",
    "MAX_SECRETS",
    "Access",
    "AlreadySo",
    "Applicant",
    "Busy",
    "Outpost",
    "Policy",
    "Readied",
    "Region",
    "Secret",
    "Secrets",
    "Session",
    "TooManyFailures",
    "Topic",
    "TurnedAway",
    "UnknownAgent",
    "UnknownEnd",
    "UnknownHost",
    "UnknownPort",
    "Unwalkable",
    "Wanted",
    "Watcher",
    "check_host",
    "monotonic",
    "not_stored",
    "refuse_version",
    "secrets_of",
    "silent_of",
    "wall",
]
