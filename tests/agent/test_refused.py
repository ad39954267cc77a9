"""Refused beacons in words: each source and reason once, lately, bounded."""

import pytest

from bellrock.agent import refused
from bellrock.agent.refused import LATELY, MAX_SOURCES, Refusals
from bellrock.beacon import Refused, Settled
from bellrock.model import Monotonic, Port, Wall

PORT, OTHER = Port("rack-1", "eth0"), Port("rack-1", "eth1")


def event(reason="wrong-secret", mac="02:00:00:00:00:09", count=1, port=PORT, detail="", skew=None):
    return Refused(port, mac, reason, detail, count, skew, Wall(0.0))


@pytest.mark.parametrize(
    ("reason", "detail", "skew", "why"),
    [
        ("wrong-secret", "", None, "wrong secret"),
        ("unknown-version", "beacon version 3; 1 and 2 are known", None, "version 3"),
        ("skew", "", 312.4, "clock skew +310 s"),
        ("skew", "", -41.2, "clock skew -41 s"),
        ("skew", "", -86400.0, "clock skew -86000 s"),
        ("skew", "", None, "skew"),
        ("replay", "", None, "replay"),
    ],
)
def test_in_words(reason, detail, skew, why):
    assert refused.why(event(reason, detail=detail, skew=skew)) == why


def test_each_port_counts_for_itself_and_the_last_word_holds():
    one = Refusals()
    for told in (event(count=3), event(count=5), event(count=2, port=OTHER), event("replay", count=9)):
        one.note(told, Monotonic(10.0))
    assert one.lately(Monotonic(11.0)) == (
        ("02:00:00:00:00:09", "replay", 9),
        ("02:00:00:00:00:09", "wrong secret", 7),
    )


def test_what_was_long_ago_says_nothing_of_now():
    one = Refusals()
    one.note(event(), Monotonic(10.0))
    assert one.lately(Monotonic(10.0 + LATELY)) == ()


def test_other_events_are_none_of_its_business():
    one = Refusals()
    one.note(Settled(PORT), Monotonic(1.0))
    assert one.lately(Monotonic(1.0)) == ()


def test_a_flood_of_sources_and_of_ports_is_bounded():
    one = Refusals()
    for number in range(MAX_SOURCES + 10):
        one.note(event(mac=f"02:00:00:00:{number >> 8:02x}:{number & 255:02x}"), Monotonic(1.0))
    found = one.lately(Monotonic(1.0))
    assert len(found) == MAX_SOURCES
    assert found[0][0] == "02:00:00:00:01:09", "who came last is kept"
    many = Refusals()
    for number in range(MAX_SOURCES + 10):
        many.note(event(port=Port("rack-1", f"eth{number}")), Monotonic(1.0))
    assert many.lately(Monotonic(1.0))[0][2] == MAX_SOURCES


def test_it_says_whether_somebody_is_new():
    one = Refusals()
    said = [
        one.note(told, Monotonic(1.0)) for told in (event(), event(), event("replay"), Settled(PORT), event(port=OTHER))
    ]
    assert said == [True, False, True, False, False]
