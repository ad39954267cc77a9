"""From beacons to the regions that could be joined: which there are, where, and which address first."""

import pytest

from bellrock.agent.candidates import MAX_URLS, Candidate, candidates, is_fingerprint, nearest_first
from bellrock.agent.sight import Heard, Sight
from bellrock.model import Interface, Monotonic, Port
from bellrock.wire.beacon import Beacon, BeaconType, Extension, Remote
from bellrock.wire.keys import Key, Keyring

A, B = "ab" * 32, "cd" * 32
HERE = Interface(name="eth0", index=2, mac="52:54:00:00:00:01", addresses=("10.1.0.9/24", "fe80::1/64"))


def beacon(host, role="rack", regions=(), authority=A, plain=False):
    said = Extension(agent=f"agent-{host}", host=host, role=role, boot="b", regions=tuple(regions), authority=authority)
    return Beacon(
        version=2, type=BeaconType.ADVERTISEMENT, id="01M3250V7TXQRSP72K94ZGK2AA",
        remote=Remote("eth0", "52:54:00:00:00:02"), extension=None if plain else said,
    )  # fmt: skip


def sight(*heard, skewed=()):
    seen = Sight("us", Keyring([Key(b"k" * 32)]), lambda: None)
    seen.known([HERE])
    for table, entries in ((seen._heard, heard), (seen._skewed, skewed)):
        for number, (vid, skew, one) in enumerate(entries):
            port = Port("us", "eth0", vid)
            table[port, str(number), ""] = Heard(port, "", one, skew, Monotonic(0.0))
    return seen


def test_one_region_told_by_itself_and_by_racks_is_one_candidate():
    (found,) = candidates(
        sight(
            (20, 0.4, beacon("rack-1", regions=["https://10.2.0.1:5443"])),
            (None, -0.1, beacon("region-1", "region", ["https://10.9.0.1:5443", "https://10.1.0.1:5443"])),
        )
    )
    assert found == Candidate(
        A,
        ("https://10.1.0.1:5443", "https://10.9.0.1:5443", "https://10.2.0.1:5443"),
        ("region-1",),
        ("region-1 on eth0", "rack-1 on eth0.20"),
        -0.1,
    )
    assert found.label == (
        "region-1 at https://10.1.0.1:5443, https://10.9.0.1:5443, https://10.2.0.1:5443 (authority abababababababab, "
        "told by region-1 on eth0, rack-1 on eth0.20)"
    )


def test_two_authorities_are_two_regions_those_that_speak_for_themselves_first():
    found = candidates(
        sight(
            (None, 0.0, beacon("rack-1", regions=["https://10.2.0.1:1"])),
            (None, 0.0, beacon("region-2", "region", ["https://10.3.0.1:1"], B)),
        )
    )
    assert [one.authority for one in found] == [B, A]
    assert found[1].label.startswith("a region at")


def test_a_clock_that_is_off_hides_no_region():
    (found,) = candidates(sight(skewed=[(None, 3600.0, beacon("region-1", "region", ["https://10.1.0.1:1"]))]))
    assert found.skew == 3600.0


@pytest.mark.parametrize(
    "useless",
    [
        beacon("rack-1", regions=["http://10.1.0.1:5240"]),
        beacon(
            "rack-1", regions=["https://127.0.0.1:1", "https://[::1]:1", "https://0.0.0.0:1", "https://[fe80::1]:1"]
        ),
        beacon("rack-1", regions=["https://10.1.0.1:1"], authority=""),
        beacon("rack-1", regions=["https://10.1.0.1:1"], authority="AB" * 32),
        beacon("rack-1", regions=["https://10.1.0.1:1/x", "https://10.1.0.1:1?y=", "https://10.1.0.1:1#z"]),
        beacon("rack-1", regions=["https://a:b@10.1.0.1:1", "https://@10.1.0.1:1", "https://:1", "https://[::1"]),
        beacon("rack-1", regions=["https://10.1.0.1:0", "https://10.1.0.1:70000", "https://", "https:///x"]),
        beacon("rack-1"),
        beacon("maas", plain=True),
    ],
)
def test_what_cannot_be_joined_from_here_is_no_candidate(useless):
    assert candidates(sight((None, 0.0, useless))) == []


def test_addresses_are_bounded_whoever_tells_them():
    many = [(None, 0.0, beacon(f"rack-{n}", regions=[f"https://10.{n}.0.{m}:1" for m in range(8)])) for n in range(40)]
    (found,) = candidates(sight(*many))
    assert len(found.urls) == MAX_URLS
    assert found.urls[0].startswith("https://10.1.0."), "own subnets first"


def test_names_and_what_is_no_url_come_after_own_subnets():
    urls = ["https://region.example:1", "https://[::1", "https://10.1.0.1:1", "https://10.1.0.1:1"]
    assert nearest_first(urls, [HERE]) == ("https://10.1.0.1:1", "https://region.example:1", "https://[::1")


@pytest.mark.parametrize(
    ("wanted", "meant"),
    [
        ("region-1", True), ("https://10.1.0.1:1/", True), ("abababab", True), ("ABABABAB", True),
        ("abab", False), ("region", False), ("https://10.1.0.2:1", False), ("", False),
    ],
)  # fmt: skip
def test_what_somebody_types_means_it_or_not(wanted, meant):
    assert Candidate(A, ("https://10.1.0.1:1",), ("region-1",), (), 0.0).is_called(wanted) is meant


def test_a_fingerprint_is_64_digits():
    assert is_fingerprint(A)
    assert not any(is_fingerprint(text) for text in ("", "ab", "zz" * 32, A + "0"))
