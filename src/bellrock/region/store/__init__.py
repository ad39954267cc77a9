"""What the region remembers, in SQLite or PostgreSQL; the only floor with SQL."""

from bellrock.region.store.database import move_aside, open_store
from bellrock.region.store.enrolments import Certificate, EnrolmentRow, EnrolmentState, EnrolmentStore
from bellrock.region.store.errors import FeedLost, NotStored, StoreAway, StoreError, StoreFull, StoreRefused
from bellrock.region.store.feed import FEED_CHANNEL, Batch, Turn
from bellrock.region.store.findings import DiagnosisRow, FindingStore, LoadedFindings
from bellrock.region.store.nodes import NodeRow, NodeStore
from bellrock.region.store.people import ApiTokenRow, AuditRow, People, PeopleStore, SessionRow, TokenRow, UserRow
from bellrock.region.store.probes import (
    Change,
    LoadedProbes,
    ProbeStore,
    ScheduleRow,
    SiteRow,
    Standing,
    VerdictHour,
    WebhookRow,
    check_key,
)
from bellrock.region.store.retention import BUDGET, Dropped, Retention
from bellrock.region.store.rowkeys import mirrors_of
from bellrock.region.store.rows import (
    Accepted,
    AgentRow,
    CredentialKind,
    InterfaceRow,
    Loaded,
    Registration,
)
from bellrock.region.store.store import Store

__all__ = [
    "BUDGET",
    "FEED_CHANNEL",
    "Accepted",
    "AgentRow",
    "ApiTokenRow",
    "AuditRow",
    "Batch",
    "Certificate",
    "Change",
    "CredentialKind",
    "DiagnosisRow",
    "Dropped",
    "EnrolmentRow",
    "EnrolmentState",
    "EnrolmentStore",
    "FeedLost",
    "FindingStore",
    "InterfaceRow",
    "Loaded",
    "LoadedFindings",
    "LoadedProbes",
    "NodeRow",
    "NodeStore",
    "NotStored",
    "People",
    "PeopleStore",
    "ProbeStore",
    "Registration",
    "Retention",
    "ScheduleRow",
    "SessionRow",
    "SiteRow",
    "Standing",
    "Store",
    "StoreAway",
    "StoreError",
    "StoreFull",
    "StoreRefused",
    "TokenRow",
    "Turn",
    "UserRow",
    "VerdictHour",
    "WebhookRow",
    "check_key",
    "mirrors_of",
    "move_aside",
    "open_store",
]
