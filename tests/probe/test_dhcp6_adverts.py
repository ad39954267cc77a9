"""What DHCPv6 servers are asked and what is wrong with what they say, as tables."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.model import Monotonic
from bellrock.probe import PlanError
from bellrock.probe.dhcp6_adverts import (
    OPTIONS,
    Advert,
    answer,
    complaints,
    expected,
    first_of_each,
    forwarded,
    sentence,
    solicit,
    told,
)
from bellrock.probe.dhcp_plan import ARCHITECTURES
from bellrock.wire import dhcp6
from bellrock.wire.dhcp6 import Kind, Message, Relayed
from bellrock.wire.errors import WireError
from tests.probe.dhcp6_advertised import DUID, advert, message, planned

MAC = bytes.fromhex("525400123456")


def faults(adverts, arch="plain", **options):
    found = planned(arch=arch, **options)
    return complaints(found, found.variants[0], adverts)


def test_a_plain_machine_asks_for_an_address_and_no_lease():
    question = solicit(planned().variants[0], MAC)
    assert question.kind == Kind.SOLICIT
    assert dhcp6.first(question.options, dhcp6.CLIENT_ID) == b"\0\3\0\1" + MAC
    assert dhcp6.leased(dhcp6.first(question.options, dhcp6.IA_NA)).iaid == 1
    assert 14 not in [code for code, _ in question.options], "Rapid Commit would lease (RFC 8415 §21.14)"
    assert dhcp6.first(question.options, dhcp6.CLIENT_ARCH) is None
    assert dhcp6.decode(dhcp6.encode(question)) == question


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_what_a_machine_says_of_itself(name):
    question = solicit(planned(arch=name).variants[0], MAC)
    kind = b"HTTPClient" if name.endswith("http") else b"PXEClient"
    assert dhcp6.first(question.options, dhcp6.CLIENT_ARCH) == ARCHITECTURES[name].to_bytes(2, "big")
    assert dhcp6.first(question.options, dhcp6.VENDOR_CLASS)[6:].startswith(kind + b":Arch:")


def test_all_that_can_be_set():
    found = planned(
        arch="plain,bios,plain",
        vid="10",
        mac="02:00:00:00:00:01",
        window="0.5",
        servers="fe80::1,00:03:00:01:52:00:00:00:00:01",
        follow="no",
    )
    assert [one.name for one in found.variants] == ["plain", "bios"]
    assert (found.vid, found.mac.hex(), found.window, found.follow) == (10, "020000000001", 0.5, False)
    assert found.servers == ("fe80::1", DUID.hex())
    assert planned(address="fd00::1", link="fd20::1").link == "fd20::1"


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"interface": ""}, "is asked of a link: from which interface"),
        ({"address": "10.0.0.1"}, "dhcpv6 is of IPv6; 10.0.0.1 is asked by dhcp"),
        ({"arch": "7"}, "option arch takes plain, bios"),
        ({"mac": "01:00:00:00:00:01"}, "is a group's"),
        ({"link": "fd00::1"}, "for asking a server as a relay does"),
        ({"address": "fd00::1", "vid": "3"}, "for asking on a link"),
        ({"address": "fd00::1", "link": "10.0.0.1"}, "option link takes an IPv6 address"),
        ({"vids": "3"}, "dhcpv6 has no option 'vids'; did you mean vid"),
    ],
    ids=["no link", "IPv4", "arch", "group", "link", "relay", "link of IPv4", "unknown"],
)
def test_what_cannot_be_asked(asked, words):
    with pytest.raises(PlanError, match=words):
        planned(**asked)


@given(st.dictionaries(st.sampled_from([option.name for option in OPTIONS]), st.text(max_size=12), max_size=3))
def test_any_options_are_a_plan_or_one_line(options):
    try:
        found = planned(**options)
    except PlanError as error:
        line = str(error)
        assert line.isprintable(), line
    else:
        assert all(dhcp6.encode(solicit(one, MAC)) for one in found.variants)


def test_a_relay_wraps_what_is_asked():
    wrapped = dhcp6.decode(dhcp6.encode(forwarded(solicit(planned().variants[0], MAC), "fd20::1", "fd30::1")))
    assert (wrapped.kind, wrapped.link, wrapped.peer) == (Kind.RELAY_FORWARD, "fd20::1", "fd30::1")
    assert dhcp6.decode(dhcp6.first(wrapped.options, dhcp6.RELAY_MESSAGE)).kind == Kind.SOLICIT


def test_answers():
    inside = dhcp6.encode(message())
    assert answer(inside) == message()
    assert answer(dhcp6.encode(Relayed(kind=13, options=((dhcp6.RELAY_MESSAGE, inside),)))) == message()
    assert answer(dhcp6.encode(Relayed(kind=13))) is None
    assert answer(dhcp6.encode(Relayed(kind=12, options=((dhcp6.RELAY_MESSAGE, inside),)))) is None
    assert answer(dhcp6.encode(Message(kind=Kind.REPLY, transaction=7))) is None
    with pytest.raises(WireError):
        answer(b"no")


NONE_LEFT = (dhcp6.STATUS, b"\0\2no addresses")
TFTP, HTTP = b"tftp://[fd00::1]/x", b"http://[fd00::1]/x"

FINE = [
    ("plain", [advert()], {}),
    ("plain", [advert(), advert(duid=b"other")], {}),
    ("plain", [advert()], {"servers": "fe80::1"}),
    ("plain", [advert()], {"servers": DUID.hex()}),
    ("uefi-x64", [advert(url=TFTP), advert(duid=b"other")], {}),
    ("uefi-x64-http", [advert(url=HTTP)], {}),
    ("uefi-x64-http", [advert(url=b"https://rack.example/x")], {}),
]
WRONG = [
    ("a stranger", "plain", [advert(mac="x")], {"servers": "fe80::9"}, "fe80::1 (DUID 00030001520000000001) answers, and is not one of the servers"),
    ("nobody", "plain", [advert(duid=b"")], {}, "fe80::1 does not say who it is"),
    ("none left", "plain", [advert(NONE_LEFT, ia=False)], {}, "offers no address: NoAddrsAvail: no addresses"),
    ("empty", "plain", [advert(addresses=())], {}, "offers no address: its IA_NA is empty"),
    ("cut", "plain", [advert((dhcp6.IA_NA, b"x"), ia=False)], {}, "offers no address: truncated: DHCPv6: an IA_NA of 1 octets"),
    ("no URL", "uefi-x64", [advert()], {}, "nobody names a boot file URL (option 59) for uefi-x64 (architecture 7)"),
    ("two URLs", "uefi-x64", [advert(url=TFTP), advert(url=TFTP + b"y", duid=b"o")], {}, "name different boot files for uefi-x64: tftp://[fd00::1]/x and "),
    ("HTTP for PXE", "uefi-x64", [advert(url=HTTP)], {}, "was answered with http://[fd00::1]/x; it fetches by tftp"),
    ("TFTP for HTTP", "uefi-x64-http", [advert(url=TFTP)], {}, "it fetches by http or https"),
    ("no URL at all", "uefi-x64-http", [advert(url=b"http://[x/")], {}, "was answered with http://[x/; it fetches by"),
    ("IPv4, case 23", "uefi-x64-http", [advert(url=b"http://10.0.0.1/x")], {}, "has an IPv4 address, and who is configured by DHCPv6 may have none"),
]  # fmt: skip


@pytest.mark.parametrize(("arch", "adverts", "options"), FINE, ids=[str(number) for number in range(len(FINE))])
def test_nothing_is_wrong(arch, adverts, options):
    assert faults(adverts, arch, **options) == []


@pytest.mark.parametrize(
    ("arch", "adverts", "options", "words"), [row[1:] for row in WRONG], ids=[row[0].replace(" ", "-") for row in WRONG]
)
def test_what_is_wrong_is_told(arch, adverts, options, words):
    found = faults(adverts, arch, **options)
    assert any(words in fault for fault in found), found


def test_small_things():
    one, other = advert(), advert(duid=b"other")
    assert first_of_each([one, other, one]) == [one, other]
    assert told(advert(duid=b"")) == "fe80::1"
    assert expected(planned(), one)
    assert (
        sentence(planned(arch="uefi-x64").variants[0], [advert(url=TFTP)])
        == "fe80::1 advertises fd00::100, and names tftp://[fd00::1]/x for uefi-x64"
    )
    assert sentence(planned().variants[0], [advert(url=TFTP)]) == "fe80::1 advertises fd00::100"


def test_facts():
    facts = advert((dhcp6.PREFERENCE, b"\xff"), (dhcp6.DNS_SERVERS, bytes(15) + b"\1"), (99, b"")).facts()
    assert facts["addresses"] == [{"address": "fd00::100", "preferred_s": 3600, "valid_s": 7200}]
    assert (facts["preference"], facts["dns_servers"], facts["duid"]) == (255, ["::1"], DUID.hex())
    assert facts["options"] == ["server-identifier", "ia-na", "preference", "dns-servers", "option-99"]


options = st.lists(st.tuples(st.sampled_from((1, 2, 3, 7, 13, 23, 59)), st.binary(max_size=60)), max_size=6).map(tuple)


@given(options, st.sampled_from(("plain", "uefi-x64", "uefi-x64-http")))
def test_whatever_servers_say_can_be_judged(options, arch):
    found = Advert(
        message=Message(kind=2, transaction=1, options=options),
        source="fe80::1",
        at=Monotonic(1.0),
        after=0.0,
        octets=1,
    )
    plan = planned(arch=arch, servers="fe80::2")
    for fault in complaints(plan, plan.variants[0], [found]):
        assert fault.isprintable()
    assert sentence(plan.variants[0], [found]).isprintable()
    assert found.facts()["server"] == "fe80::1"
