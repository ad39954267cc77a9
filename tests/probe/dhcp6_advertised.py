"""DHCPv6 plans and answers made up for tests."""

from ipaddress import IPv6Address

from bellrock.model import Monotonic
from bellrock.probe import Ask, Source
from bellrock.probe.dhcp6_adverts import Advert, plan
from bellrock.wire import dhcp6
from bellrock.wire.dhcp6 import Kind, Message

DUID = bytes.fromhex("00030001520000000001")


def planned(address="", interface="eth0", nonce=bytes(16), **options):
    return plan(
        Ask(flow="dhcpv6", address=address, source=Source("" if address else interface), options=options, nonce=nonce)
    )


def lease(*addresses):
    inner = [
        (dhcp6.IA_ADDRESS, IPv6Address(one).packed + (3600).to_bytes(4, "big") + (7200).to_bytes(4, "big"))
        for one in addresses
    ]
    return bytes(12) + dhcp6.packed(inner)


def message(*more, addresses=("fd00::100",), duid=DUID, url=b"", transaction=7, ia=True):
    options = [(dhcp6.SERVER_ID, duid)] if duid else []
    options += [(dhcp6.IA_NA, lease(*addresses))] if ia else []
    options += [(dhcp6.BOOT_URL, url)] if url else []
    return Message(kind=Kind.ADVERTISE, transaction=transaction, options=(*options, *more))


def advert(*more, source="fe80::1", mac="", **fields):
    return Advert(message=message(*more, **fields), source=source, mac=mac, at=Monotonic(5.0), after=0.01, octets=100)
