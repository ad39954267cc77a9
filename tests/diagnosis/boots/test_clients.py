"""Who boots, and which addresses are whose."""

import pytest

from bellrock.diagnosis.boots.clients import MANY, client6, clients, inner, leased6
from bellrock.diagnosis.packets import Echo, Solicitation
from bellrock.wire import dhcp6
from bellrock.wire.dhcp6 import Kind
from bellrock.wire.lacp import Lacpdu, Party
from tests.diagnosis.wires import (
    NODE,
    NODE2,
    NODE2_IP,
    NODE_IP,
    NODE_LL,
    RACK,
    RACK_IP,
    ROUTER,
    ack,
    arp_answers,
    arp_asks,
    asked,
    complaint,
    conversation,
    discover,
    get,
    leased,
    nak,
    packet,
    raw,
    six,
    transfer,
    wire,
)  # fmt: skip

DUID_LLT = b"\0\1\0\1" + bytes(4) + raw(NODE)


def kinds(client):
    return [type(one.said).__name__ for one in client.packets]


def test_who_asks_for_an_address_boots_and_has_what_it_was_given():
    (one,) = clients(
        wire(
            leased(1.0),
            asked("a", 2.0),
            asked("b", 2.0, source=RACK_IP),
            transfer(at=3),
            conversation(at=4),
            conversation(at=5, source=RACK_IP),
        )
    )
    assert (one.mac, one.address) == (NODE, "")
    assert kinds(one) == ["Message"] * 4 + ["Asked"]
    assert (len(one.transfers), len(one.conversations)) == (1, 1)


def test_a_transfer_of_nobody_is_left_out():
    (one,) = clients(wire(discover(0), transfer(client="", client_mac="")))
    assert (one.mac, one.transfers) == (NODE, [])


def test_nobody_boots_where_nobody_asks():
    assert clients(wire(asked("a"), arp_asks(), conversation(), nak(), ack())) == ()


def test_an_address_is_of_whoever_was_given_it_last():
    first, second = clients(
        wire(leased(1.0), asked("mine", 2.0), leased(10, NODE2, NODE_IP, xid=8), asked("his", 12.0, macs=(NODE2, RACK)))
    )
    assert [one.said.name for one in first.packets if hasattr(one.said, "name")] == ["mine"]
    assert [one.said.name for one in second.packets if hasattr(one.said, "name")] == ["his"]


def test_arp_and_errors_concern_whom_they_are_about():
    about = (NODE_IP, 2070, RACK_IP, 69)
    (one,) = clients(
        wire(
            leased(1.0), arp_asks(2), arp_answers(2.1), complaint("port unreachable", about, 3, destination="10.9.9.9")
        )
    )
    assert kinds(one)[4:] == ["Arp", "Arp", "Complaint"]


def test_a_frame_without_address_is_of_its_sender():
    (one,) = clients(
        wire(discover(1), packet(Solicitation("fe80::1"), 2, "::", "ff02::1", macs=(NODE, "33:33:00:00:00:01")))
    )
    assert kinds(one) == ["Message", "Solicitation"]


def test_what_switches_say_is_of_no_client():
    party = Party(system=NODE, system_priority=1, key=1, port=1, port_priority=1, state=0)
    (one,) = clients(wire(discover(1), packet(Lacpdu(party, party), 2, macs=(NODE, "01:80:c2:00:00:02"))))
    assert kinds(one) == ["Message"]


def test_a_machine_that_forwards_for_many_has_not_all_of_their_addresses():
    others = [
        packet(Echo(False, 1, 1), 2, f"10.7.0.{place}", RACK_IP, macs=(NODE, RACK)) for place in range(1, MANY + 2)
    ]
    (one,) = clients(wire(leased(1.0), others))
    assert kinds(one) == ["Message"] * 4
    (one,) = clients(wire(leased(1.0), others[:2]))
    assert kinds(one) == ["Message"] * 4 + ["Echo"] * 2


def test_a_file_is_asked_for_without_a_lease_by_its_mac_or_from_behind_a_router_by_its_address():
    (one,) = clients(wire(transfer()))
    assert (one.mac, one.address) == (NODE, "")
    behind = clients(
        wire(transfer(client="10.1.0.7", client_mac=ROUTER), transfer(client="10.1.0.8", client_mac=ROUTER, at=3))
    )
    assert [(one.mac, one.address) for one in behind] == [("", "10.1.0.7"), ("", "10.1.0.8")]
    (one,) = clients(wire(transfer(client="fd00::1:2:3:57", client_mac="")))
    assert (one.mac, one.address) == ("", "fd00::1:2:3:57")


def test_firmware_that_asks_by_http_boots_without_a_lease_too():
    (one,) = clients(
        wire(
            get("/boot.efi", 1, agent="UefiHttpBoot/1.0"),
            get("/b", 2, agent="UefiHttpBoot/1.0"),
            get("/x", 3, source="10.0.0.99", agent="curl"),
        )
    )
    assert (one.mac, kinds(one)) == (NODE, ["Request", "Request"])
    first, second = clients(wire(*[get("/boot.efi", at, f"10.1.0.{at}", agent="iPXE/1.21") for at in (7, 8)]))
    assert (first.mac, first.address, second.address) == ("", "10.1.0.7", "10.1.0.8")


def test_dhcpv6_clients_are_known_by_their_duid_or_their_frame():
    lease6 = (
        dhcp6.IA_NA,
        bytes(12) + dhcp6.packed([(dhcp6.IA_ADDRESS, bytes.fromhex("fd00") + bytes(13) + b"\7" + bytes(8))]),
    )
    (one,) = clients(
        wire(six(Kind.SOLICIT, 1), six(Kind.REPLY, 2, lease6, answers=True), asked("a", 3, "fd00::7", "fd00::1"))
    )
    assert (one.mac, kinds(one)) == (NODE, ["Message", "Message", "Asked"])
    relayed = dhcp6.Relayed(
        kind=12,
        options=((dhcp6.RELAY_MESSAGE, dhcp6.encode(dhcp6.Message(kind=1, transaction=1, options=((1, DUID_LLT),)))),),
    )
    (one,) = clients(wire(packet(relayed, 1, "fd00::1", "fd00::2")))
    assert one.mac == NODE


@pytest.mark.parametrize(
    ("duid", "kind", "mac"),
    [
        (DUID_LLT, 1, NODE), (dhcp6.link_layer_duid(raw(NODE)), 7, NODE), (b"\0\4" + bytes(16), 1, NODE2), (b"\0\4" + bytes(16), 7, ""),
        (b"\0\1\0\1" + bytes(4), 1, NODE2), (b"\0\3\0\1" + bytes(2), 7, ""), (None, 1, NODE2),
    ],
    ids=["llt", "ll", "uuid, asks", "uuid, answers", "llt, short", "ll, short", "none"],
)  # fmt: skip
def test_the_mac_of_a_dhcpv6_client(duid, kind, mac):
    options = ((dhcp6.CLIENT_ID, duid),) if duid else ()
    assert client6(dhcp6.Message(kind=kind, transaction=1, options=options), NODE2) == mac


def test_what_relays_wrap_is_opened_within_bounds():
    message = dhcp6.Message(kind=1, transaction=9)
    for depth in range(12):
        assert inner(message) == (
            dhcp6.Message(kind=1, transaction=9) if depth < 8 else dhcp6.Message(kind=0, transaction=0)
        )
        message = dhcp6.Relayed(kind=12, options=((dhcp6.RELAY_MESSAGE, dhcp6.encode(message)),))
    assert inner(dhcp6.Relayed(kind=12, options=((dhcp6.RELAY_MESSAGE, b"\1"),))).kind == 0


def test_addresses_of_damaged_associations_are_left_out():
    assert (
        leased6(dhcp6.Message(kind=7, transaction=1, options=((dhcp6.IA_NA, b"short"), (dhcp6.PREFERENCE, b"\1"))))
        == []
    )


def test_packets_of_strangers_concern_nobody():
    stranger = (packet(dhcp6.Message(kind=7, transaction=1), 1, NODE_LL, NODE_LL), ack(1, NODE2, NODE2_IP), discover(2))
    (one,) = clients(wire(*stranger))
    assert (one.mac, kinds(one)) == (NODE, ["Message"])
