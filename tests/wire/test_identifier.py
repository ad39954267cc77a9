import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.wire.identifier import KEYS, NAMES, matches
from tests.wire.vectors import OTHER_ULID, OTHER_UUID1, ULID, UUID1


@pytest.mark.parametrize(
    ("version", "text"), [(1, UUID1), (1, OTHER_UUID1), (2, ULID), (2, OTHER_ULID), (2, ULID.lower())]
)
def test_ids(version, text):
    assert matches[version](text)


@pytest.mark.parametrize(
    ("version", "text"),
    [
        (1, ULID),
        (2, UUID1),
        (1, ""),
        (2, ""),
        (1, "9922259e-b5c6-41f1-8934-3ea8a008cd1a"),
        (1, "9922259e-b5c6-11f1-c934-3ea8a008cd1a"),
        (1, UUID1.replace("-", "")),
        (1, UUID1 + "\n"),
        (1, "{" + UUID1 + "}"),
        (2, "8" + ULID[1:]),
        (2, ULID[:-1]),
        (2, ULID + "0"),
        (2, ULID + "\n"),
        (2, ULID[:-1] + "U"),
        (2, ULID[:-1] + "I"),
        (2, ULID[:-1] + "L"),
        (2, ULID[:-1] + "O"),
    ],
)
def test_other_texts(version, text):
    assert not matches[version](text)


@given(st.uuids())
def test_only_version_1_of_the_rfc_variant(value):
    expected = value.variant == uuid.RFC_4122 and value.version == 1
    assert bool(matches[1](str(value))) == expected


def test_every_version_has_all():
    assert KEYS.keys() == NAMES.keys() == matches.keys() == {1, 2}
