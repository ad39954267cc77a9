"""Plans: which options mean what, and each octet of the questions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.probe import Ask, PlanError, Source
from bellrock.probe.dhcp_plan import ARCHITECTURES, HTTP, OPTIONS, SECOND, USUAL, another, machine, plan, transaction
from bellrock.wire import dhcp
from bellrock.wire.dhcp import Kind
from tests.probe.dhcp_offered import MAC, four, planned


def test_who_is_asked_as_by_default():
    found = planned()
    assert [one.name for one in found.variants] == list(USUAL)
    assert (found.window, found.follow, found.lease, found.vid, found.second) == (1.0, True, False, None, None)
    libvirt = planned("libvirt-dnsmasq")
    assert [one.name for one in libvirt.variants] == ["plain"]
    assert (libvirt.window, libvirt.follow) == (4.0, False)


def test_all_that_can_be_set():
    found = planned(arch="plain,uefi-x64,plain", vid="10", mac="02:00:00:00:00:01", window="0.5", servers="10.0.0.1,10.0.0.2", rack="fd00::1",
                    follow="no", second="yes")  # fmt: skip
    assert [one.name for one in found.variants] == ["plain", "uefi-x64"]
    assert (found.vid, found.mac.hex(), found.window, found.follow, found.lease) == (
        10,
        "020000000001",
        0.5,
        False,
        False,
    )
    assert planned(lease="yes").lease
    assert (found.servers, found.rack) == (("10.0.0.1", "10.0.0.2"), ("fd00::1",))
    assert found.second.name == SECOND
    assert found.second.discover.chaddr == b"", "made of the interface's own"


def test_other_machines_have_addresses_of_their_own_that_stay_the_same():
    assert another(MAC, SECOND) == another(MAC, SECOND)
    made = {MAC, another(MAC, SECOND), another(MAC, "lease"), another(MAC[::-1], SECOND), another(MAC[::-1], "lease")}
    assert len(made) == 5
    assert {(len(one), one[0]) for one in made - {MAC}} == {(6, 2)}, "locally administered, and no group"


@pytest.mark.parametrize(
    ("text", "name", "arch"), [("7", "uefi-x64", 7), ("31", "arch-31", 31), ("65535", "arch-65535", 65535), ("plain", "plain", None)]
)  # fmt: skip
def test_an_architecture_by_its_number(text, name, arch):
    (only,) = planned(arch=text).variants
    assert (only.name, only.arch) == (name, arch)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_what_each_machine_says_of_itself(name):
    (variant,) = planned(arch=name).variants
    said = dhcp.decode(dhcp.encode(machine(variant, MAC)))
    kind = "HTTPClient" if name.endswith("http") else "PXEClient"
    assert variant.http is (ARCHITECTURES[name] in HTTP)
    assert said.options[60].decode().startswith(f"{kind}:Arch:{ARCHITECTURES[name]:05d}:UNDI:00")
    assert said.options[93] == ARCHITECTURES[name].to_bytes(2, "big")
    assert (said.kind, said.broadcast, said.chaddr, said.secs, said.ciaddr) == (Kind.DISCOVER, True, MAC, 0, "0.0.0.0")
    assert len(said.options[97]) == 17
    assert {66, 67, 43, 60, 3, 1} <= set(said.options[55])


def test_a_plain_machine_says_nothing_of_booting():
    (variant,) = planned(arch="plain").variants
    assert set(machine(variant, MAC).options) == {57, 55}


def test_as_a_relay():
    found = planned(address="10.3.0.2", giaddr="10.2.0.1", subnet="10.4.0.1", arch="plain")
    question = machine(found.variants[0], MAC, found.giaddr)
    assert (question.giaddr, question.hops, question.broadcast) == ("10.2.0.1", 1, False)
    assert dhcp.suboptions(question.options[82]) == {5: four("10.4.0.1")}
    assert (found.server, found.window) == ("10.3.0.2", 0.0)


def test_the_source_address_is_the_relays():
    assert plan(Ask(flow="dhcp", address="10.3.0.2", source=Source("", "10.2.0.9"))).giaddr == "10.2.0.9"


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"interface": ""}, r"dhcp is asked of a link: from which interface\?"),
        ({"address": "fd00::1"}, "dhcp is of IPv4; fd00::1 is asked by dhcpv6"),
        ({"arch": "amiga"}, "option arch takes plain, bios, .* or a number"),
        ({"arch": "65536"}, "option arch takes"),
        ({"arch": ",".join(map(str, range(13)))}, "option arch takes at most 12 machines, and not 13"),
        ({"vid": "4095"}, "option vid takes a whole number from 1 to 4094"),
        ({"mac": "01:00:00:00:00:01"}, "takes the address of one machine, and 01:00:00:00:00:01 is a group's"),
        ({"mac": "52:54"}, "option mac takes 6 octets"),
        ({"window": "61"}, "option window takes a number"),
        ({"servers": "me"}, "option servers takes IP addresses"),
        ({"servers": "fd00::1"}, "take IPv4 addresses"),
        ({"lease": "maybe"}, "option lease takes yes or no"),
        ({"lease": "yes", "mac": "02:00:00:00:00:01"}, "never under one of option mac"),
        ({"giaddr": "10.0.0.1"}, "for asking a server as a relay does"),
        ({"address": "10.0.0.1", "vid": "3"}, "for asking on a link"),
        ({"address": "10.0.0.1", "lease": "yes"}, "for asking on a link"),
        ({"archs": "bios"}, "dhcp has no option 'archs'; did you mean arch"),
    ],
    ids=["no link", "IPv6", "arch", "arch number", "too many", "vid", "group", "short mac", "window", "servers", "servers of IPv6", "lease", "another's lease", "giaddr", "relay vid", "relay lease", "unknown"],
)  # fmt: skip
def test_what_cannot_be_asked(asked, words):
    with pytest.raises(PlanError, match=words):
        planned(**asked)


def test_a_plan_is_a_function_of_its_ask_and_no_two_variants_share_a_transaction():
    one, same, other = planned(second="yes"), planned(second="yes"), planned(second="yes", nonce=bytes(range(16)))
    assert one == same != other
    numbers = {variant.discover.xid for found in (one, other) for variant in (*found.variants, found.second)}
    assert len(numbers) == 2 * (len(USUAL) + 1)


@given(st.binary(min_size=16, max_size=16), st.text(max_size=20))
def test_a_transaction_fits(nonce, name):
    assert 0 <= transaction(nonce, name) < 1 << 32


@given(st.dictionaries(st.sampled_from([option.name for option in OPTIONS]), st.text(max_size=12), max_size=3))
def test_any_options_are_a_plan_or_one_line(options):
    try:
        found = planned(**options)
    except PlanError as error:
        line = str(error)
        assert line.isprintable(), line
    else:
        assert all(dhcp.encode(machine(one, MAC)) for one in found.variants)
