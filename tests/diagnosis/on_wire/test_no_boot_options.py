import pytest

from bellrock.diagnosis.on_wire import no_boot_options as rule
from bellrock.wire import dhcp6
from tests.diagnosis.healthy_boots import silent
from tests.diagnosis.wires import (
    ANY,
    NODE,
    RACK_IP,
    RACK_LL,
    STRANGER_IP,
    arp_answers,
    association,
    case,
    conversation,
    discover,
    leased,
    listed,
    offer,
    pxe,
    six,
    transfer,
)  # fmt: skip

BARE = leased(file=b"", siaddr=ANY)
IPXE = leased(5, xid=2, file=b"", siaddr=ANY, asks=pxe(7, "iPXE"))


def only(*things):
    (found,) = rule.find(case(*things))
    return found


def test_an_address_and_nothing_to_boot():
    found = only(BARE)
    assert found.what == f"{RACK_IP} gives {NODE} (UEFI x64, architecture 7) an address and names nothing to boot"
    assert (found.client, found.address) == (NODE, RACK_IP)
    assert "It says: siaddr none, file none" in "".join(found.proof)


def test_where_but_not_what():
    assert only(leased(file=b"")).cause.startswith(f"The server names where to boot from ({RACK_IP}), but no file")


def test_offers_that_firmware_passes_over_count():
    assert only(discover(), offer(0.01, file=b""), discover(4), discover(12)).client == NODE


def test_ipxe_is_told_nothing_more():
    found = only(leased(), transfer(), IPXE, arp_answers(6))
    assert not list(rule.find(case(leased(), transfer(), IPXE)))  # at a port where its own packets are not seen
    assert "iPXE gives up" in found.cause


@pytest.mark.parametrize(
    "things",
    [
        (BARE, leased(5, xid=2)),
        (
            BARE,
            offer(0.02, address=ANY, server=STRANGER_IP, file=b"", options={60: b"PXEClient", 54: listed(STRANGER_IP)}),
        ),
        leased(file=b"", siaddr=ANY, asks={60: b"udhcp"}),
        (leased(), IPXE, conversation(at=6), arp_answers(6)),
        (leased(), IPXE, transfer(at=6), arp_answers(6)),
        discover(),
    ],
    ids=["told at another attempt", "a proxy", "does not boot", "iPXE goes on", "iPXE fetches", "no address"],
)
def test_what_is_none(things):
    assert not list(rule.find(case(things)))


URL = (dhcp6.BOOT_URL, b"tftp://[fd00::2]/bootx64.efi")
ASKED = six(dhcp6.Kind.SOLICIT, 0, (dhcp6.CLIENT_ARCH, b"\0\7"))


def gives(at=0.1, *more):
    return six(dhcp6.Kind.REPLY, at, association(9), *more, answers=True)


def test_by_dhcpv6():
    found = only(ASKED, gives())
    assert (
        found.what == f"The DHCPv6 server {RACK_LL} gives {NODE} (architecture 7) an address and names nothing to boot"
    )
    assert (found.flow, found.address) == ("dhcpv6", RACK_LL)


@pytest.mark.parametrize(
    "things",
    [(ASKED, gives(0.1, URL)), (ASKED, gives(), leased()), (six(dhcp6.Kind.SOLICIT), gives()), ASKED],
    ids=["named", "boots by DHCPv4", "does not boot", "no address"],
)
def test_what_is_none_of_dhcpv6(things):
    assert not list(rule.find(case(things)))


def test_healthy_wires():
    assert silent(rule) == {}
