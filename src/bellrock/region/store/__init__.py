"""What the region remembers, in SQLite; the only floor with SQL."""

from bellrock.region.store.changes import mirrors_of
from bellrock.region.store.database import StoreError, StoreFull, move_aside, open_store
from bellrock.region.store.enrolments import Certificate, EnrolmentRow, EnrolmentState, EnrolmentStore
from bellrock.region.store.nodes import NodeRow, NodeStore
from bellrock.region.store.people import AuditRow, People, PeopleStore, SessionRow, TokenRow, UserRow
from bellrock.region.store.probes import (
    Change,
    LoadedProbes,
    ProbeStore,
    ScheduleRow,
    SiteRow,
    Standing,
    WebhookRow,
    check_key,
)
from bellrock.region.store.rows import (
    Accepted,
    AgentRow,
    CredentialKind,
    EvidenceRow,
    InterfaceRow,
    Loaded,
    Registration,
)
from bellrock.region.store.store import JOURNAL_ROWS, NotStored, Store, StoreRefused

__all__ = [
    "JOURNAL_ROWS",
    "Accepted",
    "AgentRow",
    "AuditRow",
    "Certificate",
    "Change",
    "CredentialKind",
    "EnrolmentRow",
    "EnrolmentState",
    "EnrolmentStore",
    "EvidenceRow",
    "InterfaceRow",
    "Loaded",
    "LoadedProbes",
    "NodeRow",
    "NodeStore",
    "NotStored",
    "People",
    "PeopleStore",
    "ProbeStore",
    "Registration",
    "ScheduleRow",
    "SessionRow",
    "SiteRow",
    "Standing",
    "Store",
    "StoreError",
    "StoreFull",
    "StoreRefused",
    "TokenRow",
    "UserRow",
    "WebhookRow",
    "check_key",
    "mirrors_of",
    "move_aside",
    "open_store",
]
