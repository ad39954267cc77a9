"""Where findings are: what a place tells, and which of many is nearest."""

import pytest

from bellrock.diagnosis.places import ADDRESS, HOST, Candidates, parts, split


def place(rule="r", host="", vid="None", client="", address=""):
    return (rule, host, "", vid, "", client, address)


@pytest.mark.parametrize(
    ("address", "apart"),
    [
        ("10.0.0.2:69", ("10.0.0.2", "69")), ("10.0.0.2", ("10.0.0.2", "")), ("[fd00::2]:69", ("fd00::2", "69")), ("fd00::2", ("fd00::2", "")),
        ("[fd00::2]", ("fd00::2", "")), ("02:00:00:00:00:01", ("02:00:00:00:00:01", "")), ("", ("", "")),
    ],
)  # fmt: skip
def test_an_address_and_its_port(address, apart):
    assert split(address) == apart


def test_parts_that_are_not_told_are_empty():
    assert parts(place()) == ("",) * 7
    told = parts(place(host="h", vid="20", address="10.0.0.2:53"))
    assert (told[HOST], told[2], told[ADDRESS:]) == ("h", "20", ("10.0.0.2", "53"))


def candidates(*pairs):
    ranks = {cause: number for number, (_, cause) in enumerate(pairs)}
    known = Candidates(ranks)
    for at, cause in pairs:
        known.add(at, cause)
    return known


def test_the_nearest_is_what_shares_most_then_what_ranks_first():
    anywhere, other, here = place(), place(host="h", client="d"), place(host="h", client="c")
    known = candidates(*((one, one) for one in (anywhere, other, here)))
    assert known.nearest(parts(place(host="h", client="c"))) == (-2, 2, here)
    assert known.nearest(parts(place(host="h", client="d"))) == (-2, 1, other)
    assert known.nearest(parts(place(host="h"))) == (-1, 1, other)
    assert known.nearest(parts(place())) == (0, 0, anywhere), "not what is one client's"
    assert known.nearest(parts(place(host="g"))) == (0, 0, anywhere)


def test_what_must_be_told_is_told():
    known = candidates((place(), place()))
    assert known.nearest(parts(place(host="h")), least=1 << HOST) is None
    assert known.nearest(parts(place(host="h"))) == (0, 0, place())


def test_what_follows_by_way_of_another_is_in_the_place_of_both():
    cause = place("cause", host="h")
    known = candidates((place(vid="10"), cause))
    assert known.nearest(parts(place(host="h", vid="10"))) == (-1, 0, cause)
    assert known.nearest(parts(place(host="h", vid="20"))) is None
    assert known.nearest(parts(place(host="g", vid="10"))) is None
