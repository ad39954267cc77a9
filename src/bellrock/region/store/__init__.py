"""What the region remembers, in SQLite; the only floor with SQL."""

from bellrock.region.store.changes import mirrors_of
from bellrock.region.store.database import StoreError, StoreFull, move_aside, open_store
from bellrock.region.store.enrolments import Certificate, EnrolmentRow, EnrolmentState, EnrolmentStore
from bellrock.region.store.nodes import NodeRow, NodeStore
from bellrock.region.store.people import AuditRow, People, PeopleStore, SessionRow, TokenRow, UserRow
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
    "CredentialKind",
    "EnrolmentRow",
    "EnrolmentState",
    "EnrolmentStore",
    "EvidenceRow",
    "InterfaceRow",
    "Loaded",
    "NodeRow",
    "NodeStore",
    "NotStored",
    "People",
    "PeopleStore",
    "Registration",
    "SessionRow",
    "Store",
    "StoreError",
    "StoreFull",
    "StoreRefused",
    "TokenRow",
    "UserRow",
    "mirrors_of",
    "move_aside",
    "open_store",
]
