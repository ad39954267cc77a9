"""What beacons say of their port, and in which copies they go out."""

import pytest

from bellrock.beacon.compose import Composer, Copy, copies
from bellrock.beacon.values import Identity
from bellrock.model import InterfaceKind
from bellrock.wire.beacon import BeaconType, Remote, ScanAnswer, ScanCall
from tests.beacon.playbook import at, facts

COPIES = [
    ((), (), (Copy(6, None, None),)),
    (("10.0.0.1/24", "10.0.0.2/24"), (), (Copy(4, "10.0.0.1", "10.0.0.1/24"),)),
    ((), ("fe80::1/64",), (Copy(6, "fe80::1", None),)),
    ((), ("2001:db8::1/64",), (Copy(6, None, "2001:db8::1/64"),)),
    (
        ("10.0.0.1/24",),
        ("2001:db8::1/64", "fe80::1/64"),
        (Copy(4, "10.0.0.1", "10.0.0.1/24"), Copy(6, "fe80::1", "2001:db8::1/64")),
    ),
]


@pytest.mark.parametrize(("ipv4", "ipv6", "expected"), COPIES)
def test_one_copy_per_family_and_an_ipv6_one_where_there_is_no_address(ipv4, ipv6, expected):
    assert copies(facts(ipv4=ipv4, ipv6=ipv6)) == expected


@pytest.mark.parametrize("kind", list(InterfaceKind))
def test_kinds_that_a_maas_peer_has_no_word_for_are_physical(kind):
    known = kind in ("physical", "vlan", "bridge", "bond")
    composer = Composer(Identity("us", "host", "rack", "boot"), lambda version, wall: "id")
    beacon = composer.multicast(facts(kind=kind), Copy(6, None, None), 2, BeaconType.SOLICITATION, (), False, at(0))
    assert beacon.remote.type == (kind if known else "physical")


def test_a_vlan_interface_names_itself_its_lower_device_and_its_vid():
    composer = Composer(Identity("us", "host", "rack", "boot"), lambda version, wall: f"id-{version}")
    beacon = composer.multicast(facts(vid=10), Copy(6, None, None), 1, BeaconType.SOLICITATION, (), True, at(0))
    assert beacon.id == "id-1"
    assert beacon.remote == Remote("eth0.10", "02:00:00:00:00:01", "vlan", ("eth0",), 10, None)
    assert (beacon.extension.interface, beacon.extension.vid, beacon.extension.urgent) == ("eth0", 10, True)


def test_every_beacon_has_the_next_number():
    composer = Composer(Identity("us", "host", "rack", "boot"), lambda version, wall: "id")
    first = composer.multicast(facts(), Copy(6, None, None), 2, BeaconType.SOLICITATION, (), False, at(0))
    second = composer.reply(facts(), 2, "theirs", 10, 1, at(0))
    assert (first.extension.seq, second.extension.seq) == (1, 2)


def test_a_reply_names_the_beacon_and_the_tag_with_which_it_came():
    composer = Composer(Identity("us", "host", "rack", "boot"), lambda version, wall: "id")
    beacon = composer.reply(facts(ipv4=("10.0.0.1/24",)), 2, "theirs", 10, 1, at(0))
    assert (beacon.type, beacon.acks, beacon.remote.vid, beacon.remote.subnet) == (
        BeaconType.ADVERTISEMENT,
        "theirs",
        10,
        None,
    )
    assert (beacon.extension.received.vid, beacon.extension.acks) == (10, ())


def test_regions_and_their_authority_are_said_from_the_next_beacon_on():
    composer = Composer(Identity("us", "host", "rack", "boot"), lambda version, wall: "id")
    first = composer.multicast(facts(), Copy(6, None, None), 2, BeaconType.SOLICITATION, (), False, at(0)).extension
    composer.introduce(Identity("us", "host", "rack", "boot", ("https://10.0.0.1:5443",), "ab" * 32))
    second = composer.multicast(facts(), Copy(6, None, None), 2, BeaconType.SOLICITATION, (), False, at(0)).extension
    assert (first.regions, first.authority) == ((), "")
    assert (second.regions, second.authority, second.seq) == (("https://10.0.0.1:5443",), "ab" * 32, 2)


@pytest.mark.parametrize(
    ("said", "type"),
    [
        (ScanCall(id="s", vid=20, seconds=0.1), BeaconType.SOLICITATION),
        (ScanCall(id="s", vid=20), BeaconType.ADVERTISEMENT),
        (ScanCall(id="s", vid=20, stop=True), BeaconType.ADVERTISEMENT),
        (ScanAnswer(id="s", heard="20"), BeaconType.ADVERTISEMENT),
    ],
)
def test_beacons_of_a_scan_name_the_tag_that_they_are_sent_with(said, type):
    composer = Composer(Identity("us", "host", "hand", "boot"), lambda version, wall: f"v{version}")
    beacon = composer.scanning(facts(), 1, 20, said, at(0))
    extension = beacon.extension
    assert (beacon.type, beacon.version, beacon.id) == (type, 1, "v1")
    assert (beacon.remote.name, beacon.remote.vid, extension.interface, extension.vid) == ("eth0", 20, "eth0", 20)
    assert (extension.scan or extension.scanned) == said
    assert (extension.acks, extension.urgent, extension.seq) == ((), False, 1)
