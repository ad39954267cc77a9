"""What the database takes is measured, whichever it is."""

from __future__ import annotations

import pytest

from bellrock.model import Wall
from bellrock.region.instruments import DATABASE_FAILURES, DATABASE_SECONDS, TRANSACTION_SECONDS
from bellrock.region.store import CredentialKind, open_store
from bellrock.region.store.errors import StoreFull
from bellrock.region.store.timing import OPERATIONS, operation, transaction
from tests.region.support import asynchronous


def counted():
    return {one: DATABASE_SECONDS.count(one) for one in (*OPERATIONS, "commit", "other")} | {
        "transaction": TRANSACTION_SECONDS.count()
    }


@asynchronous
async def test_statements_commits_and_transactions(where):
    store = await open_store(where)
    try:
        before = counted()
        await store.add_credential(CredentialKind.LOGIN, "aa", Wall(2.0), Wall(1.0))
        await store.answers()
        after = counted()
    finally:
        await store.close()
    grown = {one: after[one] - before[one] for one in after if after[one] != before[one]}
    assert grown["transaction"] == grown["commit"] == 1
    assert grown["delete"] == 1
    assert grown["insert"] == 1
    assert grown["select"] >= 1


def test_a_transaction_that_is_not_made_is_counted_by_why():
    before, times = DATABASE_FAILURES.value("store-full"), TRANSACTION_SECONDS.count()
    with pytest.raises(StoreFull), transaction():
        raise StoreFull("no space")
    assert DATABASE_FAILURES.value("store-full") == before + 1
    assert TRANSACTION_SECONDS.count() == times + 1


@pytest.mark.parametrize(
    ("statement", "word"),
    [
        ("SELECT 1", "select"),
        ("\n  insert INTO x", "insert"),
        ("PRAGMA x", "other"),
        ("", "other"),
        ("BEGIN", "begin"),
        ("deleterious x", "other"),
    ],
)
def test_statements_are_told_apart_by_their_first_word(statement, word):
    assert operation(statement) == word
