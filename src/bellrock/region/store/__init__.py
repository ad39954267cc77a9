"""What the region remembers, in SQLite; the only floor with SQL."""

from bellrock.region.store.changes import mirrors_of
from bellrock.region.store.database import StoreError, StoreFull, move_aside, open_store
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
    "CredentialKind",
    "EvidenceRow",
    "InterfaceRow",
    "Loaded",
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
