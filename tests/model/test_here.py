"""A host as it sees itself: what it did not tell is not known, which is neither none nor nothing."""

import msgspec
import pytest

from bellrock.model.here import Answers, Blocked, Here, Load, Neighbour, Route


def test_what_was_not_told_is_not_known():
    one = Here(host="rack-1")
    unknown = {
        "listeners",
        "neighbours",
        "routes",
        "blocked",
        "resolvers",
        "clock_offset",
        "clock_synchronised",
        "answers",
        "load",
    }
    assert {name for name in one.__struct_fields__ if getattr(one, name) is None} == unknown


@pytest.mark.parametrize(
    "value",
    [
        Neighbour("10.0.0.1", "02:00:00:00:00:01", "eth0", "known"), Route("0.0.0.0/0", "eth0", "10.0.0.1", 100), Answers("eth0", 1, 2),
        Blocked("tftp", "through", "udp a > b", "policy drop", helper=True, fix=("nft …",)), Load(cpu=0.1, over=60.0, agents=1),
    ],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_values_survive_json_and_are_frozen(value):
    assert msgspec.json.decode(msgspec.json.encode(value), type=type(value)) == value
    with pytest.raises(AttributeError):
        setattr(value, value.__struct_fields__[0], "x")
