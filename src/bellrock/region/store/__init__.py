"""What the region remembers, in SQLite; the only floor with SQL."""

from bellrock.region.store.changes import mirrors_of
from bellrock.region.store.database import StoreError, StoreFull, move_aside, open_store
from bellrock.region.store.rows import (
    Accepted,
    AgentRow,
    CredentialKind,
    EvidenceRow,
    InterfaceRow,
    Loaded,
    Registration,
)
from bellrock.region.store.store import JOURNAL_ROWS, Store

__all__ = [
    "JOURNAL_ROWS",
    "Accepted",
    "AgentRow",
    "CredentialKind",
    "EvidenceRow",
    "InterfaceRow",
    "Loaded",
    "Registration",
    "Store",
    "StoreError",
    "StoreFull",
    "mirrors_of",
    "move_aside",
    "open_store",
]
