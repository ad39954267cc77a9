import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.diagnosis.on_host import clock_skew
from bellrock.model.here import Neighbour
from tests.diagnosis.sites import case, found, here, whats

MAC = "02:00:00:00:00:09"


@pytest.mark.parametrize(
    ("offset", "severity", "what"),
    [
        (312.4, "error", "rack-1's clock is 312 s ahead of the region's"),
        (-3600.0, "error", "rack-1's clock is 3600 s behind the region's"),
        (20.0, "warning", "rack-1's clock is 20 s ahead of the region's"),
    ],
)
@pytest.mark.parametrize("kept", [True, False, None])
def test_a_clock_that_is_off(offset, severity, what, kept):
    given = case(here(clock_offset=offset, clock_error=1.0, clock_synchronised=kept))
    assert whats(clock_skew, given) == [(severity, what)]
    [one] = found(clock_skew, given)
    assert len(one.proof) == (1 if kept is None else 2)
    assert "chronyc" in one.fix[0]


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"clock_offset": 0.4, "clock_error": 1.0},
        {"clock_offset": 5.5, "clock_error": 1.0},
        {"clock_offset": -90.0, "clock_error": 100.0},
        {"clock_offset": None, "clock_synchronised": False},
        {"refused": ((MAC, "clock skew", 9), (MAC, "clock skew x s", 9), (MAC, "replay", 9))},
    ],
    ids=[
        "nothing",
        "small",
        "within its error",
        "not known well",
        "nobody keeps it, and it is right",
        "other refusals",
    ],
)
def test_a_clock_that_is_right_or_not_known(told):
    assert found(clock_skew, case(here(**told))) == []


def test_a_peer_whose_beacons_are_refused_for_it():
    refused = ((MAC, "clock skew +310 s", 12),)
    assert whats(clock_skew, case(here(refused=refused))) == [
        ("error", f"the clocks of {MAC} and rack-1 differ by 310 s: its beacons are refused")
    ]
    assert [one.confidence for one in found(clock_skew, case(here(refused=refused)))] == ["likely"], "one witness"
    [both] = found(clock_skew, case(here(refused=refused), here("rack-2", refused=refused)))
    assert (both.address, both.confidence) == (MAC, "certain")
    assert "within one minute of their time" in both.cause, "as `wire.token` takes them"
    assert len(both.proof) == 2


def test_one_wrong_clock_is_told_once_whoever_refuses_whom():
    refused = ((MAC, "clock skew +310 s", 12),)
    [own] = found(clock_skew, case(here(refused=refused, clock_offset=-310.0, clock_error=1.0)))
    assert (own.host, own.address) == ("rack-1", "")
    [other] = found(clock_skew, case(here(refused=refused), here("host-8", clock_offset=305.0, clock_error=1.0)))
    assert other.host == "host-8"
    assert (
        len(found(clock_skew, case(here(refused=refused), here("host-8", clock_offset=9000.0, clock_error=1.0)))) == 2
    )


RIGHT = {"clock_offset": 0.1, "clock_error": 0.5}


@pytest.mark.parametrize(
    ("peer", "told"),
    [
        ("10.0.0.1", {"addresses": (("eth0", "10.0.0.1/24"),)}),
        ("host-8", {}),
        (MAC, {"addresses": (("eth0", "10.0.0.1/24"),), "neighbours": (Neighbour("10.0.0.1", MAC, "eth0"),)}),
    ],
    ids=["address", "name", "mac"],
)
def test_what_one_host_says_against_what_is_known_of_both_clocks_is_about_that_host(peer, told):
    liar = here(refused=((peer, "clock skew +900 s", 50),), **RIGHT)
    [one] = found(clock_skew, case(liar, here("host-8", **told, **RIGHT)))
    assert (one.host, one.address, one.severity, one.confidence) == ("rack-1", "", "notice", "possible")
    assert "knows both clocks of 1 of these 1" in one.proof[-1]
    [not_known] = found(clock_skew, case(liar, here("host-8", **told)))
    assert (not_known.address, not_known.confidence) == (peer, "likely")


def test_many_clocks_that_one_host_alone_finds_wrong_are_one_finding_about_it():
    refused = tuple((f"02:00:00:00:00:{number:02}", "clock skew -400 s", 9) for number in range(10, 30))
    [one] = found(clock_skew, case(here(refused=refused)))
    assert (one.host, one.severity, one.confidence, len(one.proof)) == ("rack-1", "warning", "likely", 8)


OFF = st.floats(clock_skew.WARN, 1000.0)


@given(OFF, st.lists(OFF, max_size=8), st.floats(0.75, 1.3))
def test_a_clock_is_alike_if_it_is_like_any_that_is_known(off, others, share):
    known = sorted([*others, off * share])
    naive = any(abs(off - it) <= clock_skew.ALIKE * it for it in known)
    assert clock_skew._alike(off, known) == clock_skew._alike(-off, known) == naive
