"""Head, beginning and end of nftables documents."""

import pytest
from msgspec import structs

from bellrock.firewall.compile.words import (
    document,
    heading,
    helper_objects,
    is_open,
    last_words,
    opening,
    place_text,
    reason,
)  # fmt: skip
from bellrock.flows.passages import Hook, Place
from bellrock.flows.values import Protocol, Role, Stance
from tests.firewall.compile.terms import ANYONE, PLACES, of, party, term


@pytest.mark.parametrize(
    ("place", "text"),
    [
        (Place(), "a router between subnets"),
        (Place(gateway_of=Role.BMC), "the gateway of role bmc"),
        (Place(roles=(Role.RACK, Role.REGION)), "a machine that is rack and region"),
    ],
)
def test_places(place, text):
    assert place_text(place) == text
    assert text in next(iter(heading(of(place=place))))


def test_a_document_replaces_its_own_table_and_carries_its_notices():
    made = document(of(notices=("one\ntwo",), table="mine"), "nftables", ["\tchain a {\n\t}\n"])
    assert made.text.splitlines()[2:] == [
        "# Notice: one two", "", "table inet mine {}", "delete table inet mine", "table inet mine {", "\tchain a {", "\t}", "}",
    ]  # fmt: skip
    assert made.notices == ("one\ntwo",)


def test_one_object_for_each_helper():
    udp = term(helper="tftp", protocol=Protocol.UDP)
    assert helper_objects(of(udp, udp, term())) == [
        '\tct helper tftp {\n\t\ttype "tftp" protocol udp\n\t\tl3proto inet\n\t}\n'
    ]


def test_hosts_speak_to_themselves_and_routers_only_pass_on():
    host = of(place=PLACES["rack"])
    assert opening(host, Hook.INPUT, str)[1:] == ['\t\tiifname "lo" accept comment "loopback"']
    assert opening(host, Hook.OUTPUT, str)[1:] == ['\t\toifname "lo" accept comment "loopback"']
    assert opening(of(), Hook.FORWARD, str) == ["\t\ttype filter hook forward priority filter; policy drop;"]


def test_what_is_left_is_logged_at_a_rate_counted_and_dropped():
    assert last_words(of(), Hook.FORWARD) == [
        '\t\tlimit rate 5/second burst 10 packets log prefix "bellrock forward drop: "',
        '\t\tcounter drop comment "no flow needs it"',
    ]
    assert len(last_words(of(log=False), Hook.FORWARD)) == 1


def test_an_open_output_drops_nothing():
    host = of(place=PLACES["rack"], filter_output=False)
    assert is_open(host, Hook.OUTPUT)
    assert not is_open(host, Hook.INPUT)
    assert last_words(host, Hook.OUTPUT) == []
    assert "policy accept" in opening(host, Hook.OUTPUT, str)[0]


def test_a_reason_names_flow_exchange_note_and_source():
    assert reason(term(note="Preferred")) == "web/ask: Web (Preferred). RFC 9110 §4.2.1: port 80"
    assert "must not be there" in reason(term(stance=Stance.FORBIDDEN))


def test_a_gateway_minds_its_own_role_only():
    four, six = party("bmc", "10.9.0.0/24"), party("bmc-v6", "fd00:9::/64")
    said = 'accept comment "neither to nor from role bmc"'
    gateway = structs.replace(of(place=PLACES["bmc-gateway"]), scope=(four, six))
    assert opening(gateway, Hook.FORWARD, lambda one: f"@{one.name}")[1:] == [
        f"\t\tip saddr != @bmc ip daddr != @bmc {said}", f"\t\tip6 saddr != @bmc-v6 ip6 daddr != @bmc-v6 {said}",
    ]  # fmt: skip
    only_four = structs.replace(gateway, scope=(four,))
    assert opening(only_four, Hook.FORWARD, lambda one: one.name)[2] == f"\t\tmeta nfproto ipv6 {said}"
    everybody = structs.replace(gateway, scope=(ANYONE, six))
    assert [line.split()[0] for line in opening(everybody, Hook.FORWARD, lambda one: one.name)[1:]] == ["ip6"]


def test_the_head_says_what_becomes_of_the_rest():
    assert list(heading(of()))[1].endswith(" What no flow needs is dropped.")
    assert "all other traffic is left alone" in list(heading(of(place=PLACES["bmc-gateway"])))[1]
