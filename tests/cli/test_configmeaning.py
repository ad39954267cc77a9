"""Values that have the right type and mean nothing."""

import pytest

from bellrock.cli.configmeaning import meaningless


@pytest.mark.parametrize(
    ("key", "value", "why"),
    [
        ("listen", "127.0.0.1:5240", ""),
        ("listen", "5240", "expected IPV4:PORT"),
        ("vlan", "eth1:10", ""),
        ("vlan", "eth1", "expected IF:VID"),
        ("url", "https://a:1", ""),
        ("url", "a", "expected https://HOST:PORT"),
        ("region", "", ""),
        ("region", "unix:", "expected https://HOST:PORT"),
        ("name", "rack-1", ""),
        ("name", "a/b", "such as rack-1"),
        ("database", "postgresql://a@h/d", ""),
        ("database", "region.sqlite", ""),
        ("database", "mysql://x/y", "no database that a region can use"),
        ("database", "postgresql://", "the name of a database is needed"),
        ("database", "postgresql://a@h:99999/d", "a port is a number"),
        ("policy", "anything", ""),
        ("verbose", 3, ""),
    ],
)
def test_the_checks_are_those_of_the_options(key, value, why):
    told = meaningless(key, value)
    assert why in told
    assert bool(told) is bool(why)
    assert not told.startswith("--")
