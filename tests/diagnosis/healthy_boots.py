"""Boots that are well, and things that look like faults and are none: no rule may find anything of weight here."""

from bellrock.diagnosis.case import Case
from bellrock.model import Wall
from bellrock.wire import dhcp6, tftp
from bellrock.wire import dhcp_options as option
from bellrock.wire.dhcp import Kind
from tests.diagnosis.wires import (
    ALL,
    ANY,
    EVERYBODY,
    NODE,
    NODE2,
    NODE2_IP,
    NODE_IP,
    RACK,
    RACK_IP,
    ROUTER,
    ROUTER_IP,
    ack,
    case,
    conversation,
    decline,
    discover,
    get,
    lease,
    leased,
    listed,
    nak,
    offer,
    packet,
    pxe,
    refusal,
    request,
    response,
    rrq,
    six,
    transfer,
)  # fmt: skip

GIADDR = "10.0.20.1"
AWAY_IP = "10.0.20.57"
DOWN = "router-1/eth1"


def relayed(at=0.0, *, siaddr=None, xid=1, client=NODE, **more):
    """A relayed exchange as both links show it: the client's (DOWN) and the server's."""
    asks = {
        "giaddr": GIADDR,
        "hops": 1,
        "source": GIADDR,
        "destination": RACK_IP,
        "macs": (ROUTER, RACK),
        "ports": (67, 67),
    }
    answers = {"giaddr": GIADDR, "destination": GIADDR, "macs": (RACK, ROUTER), "ports": (67, 67)}
    down = {"giaddr": GIADDR, "source": GIADDR, "macs": ("00:16:3e:00:14:01", EVERYBODY), "point": DOWN}
    given = {
        "address": AWAY_IP,
        "client": client,
        "xid": xid,
        "siaddr": siaddr,
        "options": lease(AWAY_IP, router=GIADDR),
    } | more
    return (
        discover(at, client, xid=xid, point=DOWN), discover(at + 0.001, client, xid=xid, **asks),
        offer(at + 0.01, **given, **answers), offer(at + 0.011, **given, **down),
        request(at + 0.02, client, AWAY_IP, xid=xid, point=DOWN), request(at + 0.021, client, AWAY_IP, xid=xid, **asks),
        ack(at + 0.03, **given, **answers), ack(at + 0.031, **given, **down),
    )  # fmt: skip


def by_http(at=0.0, *, status=200, xid=9, **more):
    """UEFI HTTP boot: class HTTPClient, a URL, and the file."""
    options = lease(o60=b"HTTPClient", o67=b"http://10.0.0.2/bootx64.efi")
    http = pxe(16)
    return (
        discover(at, xid=xid, options=http), offer(at + 0.01, xid=xid, file=b"", options=options),
        request(at + 0.02, xid=xid, options=http), ack(at + 0.03, xid=xid, file=b"", options=options),
        get("/bootx64.efi", at + 1, agent="UefiHttpBoot/1.0"), response(status, at + 1.1, **more),
        conversation(at=at + 1, until=at + 2),
    )  # fmt: skip


def ipxe(at=3.0, *, xid=22):
    return (
        discover(at, xid=xid, options=pxe(7, "iPXE")), offer(at + 0.01, xid=xid, file=b"http://10.0.0.2/boot.ipxe"),
        request(at + 0.02, xid=xid, options=pxe(7, "iPXE")), ack(at + 0.03, xid=xid, file=b"http://10.0.0.2/boot.ipxe"),
        get("/boot.ipxe", at + 0.5, agent="iPXE/1.21"), response(200, at + 0.51), conversation(at=at + 0.5, until=at + 1),
    )  # fmt: skip


def proxied(at=0.0, *, answered=True, asks=1, **more):
    """A DHCP server without boot information, a proxyDHCP server beside it, and its port 4011."""
    proxy = "10.0.0.3"
    offers = offer(
        at + 0.012,
        address=ANY,
        server=proxy,
        file=b"",
        options={60: b"PXEClient", 54: listed(proxy)},
        macs=(NODE2, EVERYBODY),
    )
    way = {"source": NODE_IP, "destination": proxy, "ports": (68, 4011), "macs": (NODE, NODE2)}
    back = {
        "destination": NODE_IP,
        "ports": (4011, 68),
        "macs": (NODE2, NODE),
        "options": {60: b"PXEClient", 54: listed(proxy)},
    }
    return (
        leased(at, file=b"", siaddr=ANY), offers,
        [request(at + 0.1 + one, xid=0x4011, server="", **way, **more) for one in range(asks)],
        ack(at + 0.11, address=ANY, server=proxy, xid=0x4011, file=b"bootx64.efi", **back) if answered else None,
    )  # fmt: skip


def _renews(at):
    return request(
        at, server="", options={}, ciaddr=NODE_IP, source=NODE_IP, destination=RACK_IP, macs=(NODE, RACK), xid=77
    )


WELL = {
    "nothing": (),
    "bios": (leased(file=b"pxelinux.0", asks=pxe(0)), transfer("pxelinux.0")),
    "uefi": (leased(), transfer(), ipxe()),
    "http": by_http(),
    "relayed": (relayed(), transfer("bootx64.efi", 1, client=AWAY_IP, client_mac=ROUTER)),
    "proxied": (proxied(), transfer(server="10.0.0.3")),
    "slow server": (discover(), discover(1), discover(3), offer(3.5), request(3.6), ack(3.61), transfer(at=4)),
    "another number each time": (discover(xid=1), discover(4, xid=2), leased(12, xid=3), transfer(at=13)),
    "seen at two points": (leased(), [one for one in leased(0.001, vids=()) if one], transfer(), transfer(point="switch-1/p1")),
    "http tried before pxe": (
        discover(xid=1, options=pxe(16)), offer(0.01, xid=1), discover(9, xid=1, options=pxe(16)), leased(20, xid=2), transfer(at=21),
    ),
    "servers that stand in for each other": (
        discover(), offer(0.01), offer(0.012, address="10.0.0.90", server="10.0.0.3", siaddr="10.0.0.3"), request(0.02), ack(0.03), transfer(),
    ),
    "an old address in a new place": (
        request(0, address="192.168.1.5", server="", options={}, xid=5), nak(0.01, xid=5), leased(0.1, xid=6, options=lease()),
    ),
    "renewed and given back": (
        leased(), transfer(), _renews(5), ack(5.01, xid=77),
        packet(discover().said.__class__(op=1, xid=8, kind=Kind.RELEASE, chaddr=bytes.fromhex(NODE.replace(":", ""))), 8, NODE_IP, RACK_IP),
        leased(9, NODE2, NODE_IP, xid=9), transfer(at=10),
    ),
    "taken up by another after it was declined": (
        leased(options=lease(), xid=3), decline(0.5, xid=3), leased(2, NODE2, NODE_IP, xid=4), leased(3, address="10.0.0.99", xid=5), transfer(at=4),
    ),
    "an offer that nobody took": (discover(), offer(0.01), leased(40, NODE2, NODE_IP, xid=4), leased(41, address="10.0.0.99", xid=5), transfer(at=42)),
    "one machine with two cards": (
        leased(options=lease(), xid=1), discover(5, NODE2, xid=2, options=pxe() | {97: b"\0uuid"}), offer(5.01, NODE2, NODE_IP, xid=2),
        discover(0.5, xid=1, options=pxe() | {97: b"\0uuid"}), request(5.02, NODE2, NODE_IP, xid=2), ack(5.03, NODE2, NODE_IP, xid=2), transfer(),
    ),
    "looks for its settings": (
        leased(file=b"pxelinux.0", asks=pxe(0)), transfer("pxelinux.0", 0.1, 1),
        [(transfer(name, 1.1, 1.2, ended="refused", error="File not found", octets=0, blksize=None), refusal(at=1.2))
         for name in ("pxelinux.cfg/01-00-16-3e-00-00-57", "pxelinux.cfg/0A000039", "ldlinux.c32")],
        transfer("pxelinux.cfg/default", 2),
    ),
    "asks for the size first": (leased(), transfer(at=0.1, until=0.11, ended="aborted", octets=0, largest=0, acks=0), transfer(at=0.2)),
    "the capture ends inside": (leased(), transfer(at=0.1, until=0.9, ended="open", octets=400_000), {"until": 1.0}),
    "asked just before the end": (leased(), transfer(at=0.9, until=0.9, ended="silent", octets=0, blksize=None, largest=0), {"until": 1.0}),
    "the first question was lost": (leased(), transfer(asked=2, repeated=4)),
    "data from elsewhere, and taken": (leased(), transfer(answered_from="10.0.0.3")),
    "an operating system asks": (leased(options=lease(), file=b"", siaddr=ANY, xid=4)[1:2],),
    "a phone": (
        discover(options={60: b"android-dhcp-13"}), offer(0.01, file=b"", siaddr=ANY), request(0.02, options={}), ack(0.03, file=b"", siaddr=ANY),
    ),
    "a short lease for the firmware, a long one after": (leased(options=lease(seconds=60)), transfer(), leased(5, xid=2, options=lease())),
    "router beyond, by classless routes": (leased(options=lease(router="10.9.0.1", o121=b"\0\n\0\0\1")), transfer()),
    "dual stack, without DHCPv6": (leased(), transfer(), [six(dhcp6.Kind.SOLICIT, at) for at in (5, 6, 8, 12, 20)]),
    "ipxe with a script inside": (
        leased(), transfer(), leased(3, xid=22, file=b"", siaddr=ANY), discover(2.99, xid=22, options=pxe(7, "iPXE")),
        get("/script.ipxe", 4, agent="iPXE/1.21"), response(200, 4.1),
    ),
    "an error page, and then the file": (by_http(status=503), get("/bootx64.efi", 5, agent="UefiHttpBoot/1.0"), response(200, 5.1)),
    "a file of no telling name": (leased(file=b"boot/loader"), transfer("boot/loader")),
    "a misleading name that boots": (leased(file=b"undionly.kpxe"), transfer("undionly.kpxe"), ipxe()),
    "beyond the stranger's sight": (discover(), discover(2), discover(6), request(6.1)),
    "plain BOOTP": (packet(discover(options={}).said.__class__(op=1, xid=1, chaddr=b"\0\x16\x3e\0\0\x57"), 0, ANY, ALL), offer(0.01, xid=1)),
    "two next-servers, and it boots": (leased(options=lease(o66=b"10.0.0.3")), transfer()),
    "broadcast by the relay itself": relayed()[1:],
}  # fmt: skip


def well(name):
    """The case; a dictionary among its parts is what the wire is given beside packets."""
    more = next((one for one in WELL[name] if isinstance(one, dict)), {})
    return case(*(one for one in WELL[name] if not isinstance(one, dict)), **more)


def silent(module):
    """Names of healthy wires in which a rule finds something all the same: none. Without any wire it finds nothing either."""
    assert not list(module.find(Case(now=Wall(0.0))))
    return {
        name: told
        for name in WELL
        if (told := [one.what for one in module.find(well(name)) if one.severity != "notice"])
    }


__all__ = [
    "AWAY_IP",
    "DOWN",
    "GIADDR",
    "NODE2_IP",
    "ROUTER_IP",
    "WELL",
    "by_http",
    "ipxe",
    "option",
    "proxied",
    "relayed",
    "rrq",
    "silent",
    "tftp",
    "well",
]
