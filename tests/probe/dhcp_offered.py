"""Offers and plans made up for tests, in the words of the servers that make such."""

from contextlib import contextmanager
from ipaddress import IPv4Address

from bellrock.link.clock import monotonic
from bellrock.model import Monotonic
from bellrock.probe import Ask, Load, Source
from bellrock.probe.dhcp_offers import Offer
from bellrock.probe.dhcp_plan import plan
from bellrock.probe.dhcp_talk import Conversation
from bellrock.probe.manners import Manners
from bellrock.probe.net import Net
from bellrock.wire import dhcp_options as option
from bellrock.wire.dhcp import Kind, Message

MAC = bytes.fromhex("525400123456")
SERVER_MAC = "52:54:00:00:00:01"


def four(*addresses: str) -> bytes:
    return b"".join(IPv4Address(one).packed for one in addresses)


def planned(flow="dhcp", address="", interface="eth0", nonce=bytes(16), **options):
    return plan(
        Ask(flow=flow, address=address, source=Source("" if address else interface), options=options, nonce=nonce)
    )


def offer(address="10.0.0.100", server="10.0.0.1", *, mask="255.255.255.0", router="10.0.0.1", more=None, without=(), mac=SERVER_MAC,
          destination="255.255.255.255", port=68, xid=7, **fields):  # fmt: skip
    """What a sane server offers, with some things otherwise."""
    options = {
        option.SERVER_ID: four(server),
        option.LEASE_TIME: b"\0\0\x0e\x10",
        option.NETMASK: four(mask),
        option.ROUTERS: four(router),
    }
    options = {code: value for code, value in (options | (more or {})).items() if code not in without}
    fields = {"op": 2, "xid": xid, "kind": Kind.OFFER, "chaddr": MAC, "yiaddr": address, "options": options} | fields
    return Offer(
        message=Message(**fields),
        mac=mac,
        source=server,
        destination=destination,
        port=port,
        at=Monotonic(5.0),
        after=0.01,
        octets=300,
    )


def proxy(server="10.0.0.2", **fields):
    """A proxyDHCP server's."""
    return offer("0.0.0.0", server, more={option.VENDOR_CLASS: b"PXEClient"} | fields.pop("more", {}),
                 without=(option.LEASE_TIME, option.NETMASK, option.ROUTERS), **fields)  # fmt: skip


class Script:
    """A way to speak DHCP on which `answers(message)` says what comes back: offers, or errors."""

    raw, giaddr, interface, mac = True, "", "eth0", MAC

    def __init__(self, answers, address=""):
        self.answers, self.address, self.sent = answers, address, []

    @contextmanager
    def conversation(self, xid):
        yield Conversation(xid)

    def send(self, conversation, message):
        self.sent.append(message)
        conversation.asked = monotonic()
        for one in self.answers(message):
            conversation.keep(one)
        return 300


def net_of(flow="dhcp", within=2.0, **fields):
    ask = Ask(flow=flow, within=within, nonce=bytes(16), **fields)
    return Net(ask, Load(packets=64, octets=65536), Manners())
