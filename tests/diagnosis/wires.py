"""Wires made by hand for tests: small builders of packets, conversations, transfers, and of the case around them.

`wire(...)` takes all of these in any order, sorts by time and numbers the packets from 1. Times are seconds from the beginning.
"""

from msgspec.structs import replace

from bellrock.diagnosis.case import Case
from bellrock.diagnosis.packets import (
    NS,
    Answered,
    Arp,
    Asked,
    Complaint,
    Conversation,
    Echo,
    Packet,
    Point,
    Request,
    Response,
    Segment,
    Transfer,
    Wire,
)
from bellrock.model import Wall
from bellrock.wire import dhcp, dhcp6, tftp
from bellrock.wire import dhcp_options as option
from bellrock.wire.dhcp import Kind
from bellrock.wire.ip import address_bytes

EPOCH = 1_790_000_000 * NS
"""When every capture of the tests begins."""
NODE, NODE2 = "00:16:3e:00:00:57", "00:16:3e:00:00:58"
RACK, ROUTER, STRANGER = "00:16:3e:00:00:02", "00:16:3e:00:00:01", "52:54:00:1d:ea:d1"
ANY, ALL, EVERYBODY = "0.0.0.0", "255.255.255.255", "ff:ff:ff:ff:ff:ff"
NODE_IP, NODE2_IP, RACK_IP, ROUTER_IP, STRANGER_IP = "10.0.0.57", "10.0.0.58", "10.0.0.2", "10.0.0.1", "10.0.0.77"
NODE_LL = "fe80::216:3eff:fe00:57"
RACK_LL = "fe80::216:3eff:fe00:2"
POINT = "rack-1/eth0"
MACS = {
    NODE_IP: NODE,
    NODE2_IP: NODE2,
    RACK_IP: RACK,
    ROUTER_IP: ROUTER,
    STRANGER_IP: STRANGER,
    NODE_LL: NODE,
    RACK_LL: RACK,
}
"""Of the addresses above; others have the router's."""
XID = 0x1D3A


def ns(seconds: float) -> int:
    return EPOCH + round(seconds * NS)


def packet(
    said, at=0.0, source="", destination="", *, ports=(0, 0), macs=None, point=POINT, vids=(), octets=342, **more
):
    source_mac, destination_mac = macs or (_mac(source), _mac(destination))
    return Packet(
        number=0, at=ns(at), point=point, octets=octets, source_mac=source_mac, destination_mac=destination_mac, vids=vids,
        source=source, destination=destination, source_port=ports[0], destination_port=ports[1], said=said, **more,
    )  # fmt: skip


def _mac(address):
    return EVERYBODY if address == ALL else MACS.get(address, ROUTER if address else "")


# --- DHCP


def raw(mac):
    return bytes.fromhex(mac.replace(":", ""))


def numbered(seconds):
    return seconds.to_bytes(4, "big")


def listed(*addresses):
    return b"".join(address_bytes(one) for one in addresses)


def pxe(arch=7, user=""):
    """Options with which PXE firmware asks (RFC 4578), or UEFI HTTP boot (arch 15 to 20); `user`: option 77."""
    kind = "HTTPClient" if arch in range(15, 21) else "PXEClient"
    options = {
        option.VENDOR_CLASS: f"{kind}:Arch:{arch:05d}:UNDI:003016".encode(), option.CLIENT_ARCH: arch.to_bytes(2, "big"),
        option.CLIENT_NDI: b"\1\3\x10", option.WANTED: bytes((1, 3, 6, 43, 60, 66, 67)),
    }  # fmt: skip
    return options | ({option.USER_CLASS: user.encode()} if user else {})


def discover(at=0.0, client=NODE, *, xid=XID, options=None, **more):
    """A DISCOVER of PXE firmware; `options` replaces what `pxe()` says."""
    return _asks(Kind.DISCOVER, at, client, xid, pxe() if options is None else options, more)


def request(at=0.02, client=NODE, address=NODE_IP, server=RACK_IP, *, xid=XID, options=None, **more):
    chosen = (
        {option.REQUESTED_ADDRESS: address_bytes(address), option.SERVER_ID: address_bytes(server)} if server else {}
    )
    return _asks(Kind.REQUEST, at, client, xid, chosen | (pxe() if options is None else options), more)


def _asks(kind, at, client, xid, options, more):
    fields = {name: more.pop(name) for name in ("giaddr", "ciaddr", "secs", "hops", "broadcast") if name in more}
    said = dhcp.Message(op=1, xid=xid, kind=kind, chaddr=raw(client), options=options, **fields)
    way = {"source": ANY, "destination": ALL, "macs": (client, EVERYBODY), "ports": (68, 67)} | more
    return packet(said, at, **way)


def lease(
    address=NODE_IP, server=RACK_IP, *, seconds=600, router=ROUTER_IP, dns=(RACK_IP,), mask="255.255.255.0", **more
):
    """Options of a healthy answer; `more`: by number, as `o60=b"…"`, None takes one away."""
    options = {
        option.SERVER_ID: listed(server), option.LEASE_TIME: numbered(seconds), option.NETMASK: listed(mask),
        option.ROUTERS: listed(router), option.DNS_SERVERS: listed(*dns),
    }  # fmt: skip
    options |= {int(name.removeprefix("o")): value for name, value in more.items()}
    return {code: value for code, value in options.items() if value is not None}


def offer(
    at=0.01,
    client=NODE,
    address=NODE_IP,
    server=RACK_IP,
    *,
    kind=Kind.OFFER,
    xid=XID,
    file=b"bootx64.efi",
    siaddr=None,
    options=None,
    **more,
):
    return _answers(kind, at, client, address, server, xid, file, siaddr, options, more)  # fmt: skip


def ack(at=0.03, *who, **more):
    """As an offer."""
    return offer(at, *who, kind=Kind.ACK, **more)


def nak(at=0.03, client=NODE, server=RACK_IP, *, xid=XID, text=b"", **more):
    options = {option.SERVER_ID: listed(server)} | ({option.TEXT: text} if text else {})
    return _answers(Kind.NAK, at, client, ANY, server, xid, b"", ANY, options, more)


def decline(at=0.05, client=NODE, address=NODE_IP, server=RACK_IP, *, xid=XID, **more):
    options = {option.REQUESTED_ADDRESS: listed(address), option.SERVER_ID: listed(server)}
    return _asks(Kind.DECLINE, at, client, xid, options, more)


def _answers(kind, at, client, address, server, xid, file, siaddr, options, more):
    fields = {name: more.pop(name) for name in ("giaddr", "ciaddr", "sname", "broadcast") if name in more}
    said = dhcp.Message(
        op=2, xid=xid, kind=kind, chaddr=raw(client), yiaddr=address, siaddr=server if siaddr is None else siaddr, file=file,
        options=lease(address, server) if options is None else options, **fields,
    )  # fmt: skip
    way = {"source": server, "destination": ALL, "macs": (_mac(server), EVERYBODY), "ports": (67, 68)} | more
    return packet(said, at, **way)


def leased(at=0.0, client=NODE, address=NODE_IP, server=RACK_IP, *, xid=XID, asks=None, **more):
    """A healthy exchange: DISCOVER, OFFER, REQUEST, ACK, 10 ms apart. `asks`: options of the client; `more`: what both answers say."""
    return (
        discover(at, client, xid=xid, options=asks), offer(at + 0.01, client, address, server, xid=xid, **more),
        request(at + 0.02, client, address, server, xid=xid, options=asks), ack(at + 0.03, client, address, server, xid=xid, **more),
    )  # fmt: skip


def six(kind, at=0.0, *options, client=NODE, transaction=0x77, answers=False, **more):
    """A DHCPv6 message of a client (or to it), with its DUID."""
    said = dhcp6.Message(
        kind=kind, transaction=transaction, options=((dhcp6.CLIENT_ID, dhcp6.link_layer_duid(raw(client))), *options)
    )
    asks = {"source": NODE_LL, "destination": dhcp6.GROUP, "macs": (client, dhcp6.GROUP_MAC), "ports": (546, 547)}
    told = {"source": RACK_LL, "destination": NODE_LL, "macs": (RACK, client), "ports": (547, 546)}
    return packet(said, at, **((told if answers else asks) | more))


def association(*numbers):
    """An IA_NA option with the addresses fd00::NUMBER."""
    inner = [(dhcp6.IA_ADDRESS, bytes.fromhex("fd" + "00" * 14 + f"{number:02x}") + bytes(8)) for number in numbers]
    return dhcp6.IA_NA, bytes(12) + dhcp6.packed(inner)


# --- below and above


def arp_asks(at=0.0, sender=NODE_IP, target=RACK_IP, **more):
    said = Arp(1, _mac(sender), sender, "00:00:00:00:00:00", target)
    return packet(said, at, **({"macs": (_mac(sender), EVERYBODY), "octets": 60} | more))


def arp_answers(at=0.0, sender=RACK_IP, target=NODE_IP, mac=None, **more):
    """`mac`: what the sender says that it has."""
    mac = mac or _mac(sender)
    return packet(Arp(2, mac, sender, _mac(target), target), at, **({"macs": (mac, _mac(target)), "octets": 60} | more))


def asked(name, at=0.0, source=NODE_IP, destination=RACK_IP, *, type="A", id=7, **more):
    return packet(Asked(id, name, type), at, source, destination, **({"ports": (40053, 53)} | more))


def answered(
    name, at=0.01, source=RACK_IP, destination=NODE_IP, *, addresses=(), rcode="NOERROR", type="A", id=7, **more
):
    said = Answered(id, name, type, rcode, tuple(addresses))
    return packet(said, at, source, destination, **({"ports": (53, 40053)} | more))


def get(
    target, at=0.0, source=NODE_IP, destination=RACK_IP, *, ports=(40080, 80), host="", agent="", method="GET", **more
):
    return packet(Request(method, target, host or destination, agent), at, source, destination, ports=ports, **more)


def response(status, at=0.01, source=RACK_IP, destination=NODE_IP, *, ports=(80, 40080), head=None, **more):
    """`head`: further fields of a Response."""
    return packet(Response(status, **(head or {})), at, source, destination, ports=ports, **more)


def segment(flags, at=0.0, source=NODE_IP, destination=RACK_IP, *, ports=(40080, 80), seq=1, ack=0, mss=None, **more):
    return packet(Segment(flags, seq, ack, mss), at, source, destination, ports=ports, **more)


def rrq(path, at=0.1, source=NODE_IP, destination=RACK_IP, *, ports=(2070, 69), options=None, **more):
    said = tftp.Read(path, options if options is not None else {"tsize": "0", "blksize": "1468"})
    return packet(said, at, source, destination, ports=ports, **more)


def refusal(
    code=1, text="File not found", at=0.11, source=RACK_IP, destination=NODE_IP, *, ports=(40069, 2070), **more
):
    return packet(tftp.Refusal(code, text), at, source, destination, ports=ports, **more)


def agreed(options, at=0.11, source=RACK_IP, destination=NODE_IP, *, ports=(40069, 2070), **more):
    return packet(tftp.Agreed(options), at, source, destination, ports=ports, **more)


def complaint(kind, about, at=0.2, source=ROUTER_IP, destination=NODE_IP, *, protocol=17, mtu=None, gateway="", **more):
    """An ICMP error; `about`: (source, port, destination, port) of the packet that it quotes."""
    said = Complaint(kind, protocol, *about, mtu, gateway)
    return packet(said, at, source, destination, **more)


def transfer(path="bootx64.efi", at=0.1, until=None, **more):
    """A whole TFTP transfer, unless `more` says otherwise."""
    told = {
        "client": NODE_IP, "client_mac": NODE, "server": RACK_IP, "point": POINT, "packet": 5, "blksize": 1468, "tsize": 900_000,
        "octets": 900_000, "largest": 1500, "ended": "whole",
    }  # fmt: skip
    return Transfer(path=path, at=ns(at), until=ns(at + 1 if until is None else until), **(told | more))


def conversation(protocol="tcp", at=0.0, until=None, *, source=NODE_IP, destination=RACK_IP, ports=(40080, 80), **more):
    """Answered at once and closed, unless `more` says otherwise; `answered` and `last_reply` in seconds."""
    until = at + 1 if until is None else until
    tcp = protocol == "tcp"
    told = {
        "packets": 10, "octets": 900, "replies": 10, "reply_octets": 9000, "last_reply": until, "first_packet": 1, "last_packet": 20,
        "point": POINT, "begun": tcp, "answered": at + 0.001 if tcp else None, "ended": "closed" if tcp else "open",
    } | more  # fmt: skip
    told |= {name: None if told[name] is None else ns(told[name]) for name in ("answered", "last_reply")}
    return Conversation(
        protocol=protocol, source=source, source_port=ports[0], destination=destination, destination_port=ports[1],
        first=ns(at), last=ns(until), **told,
    )  # fmt: skip


def unanswered(at=1.0, until=8.0, **more):
    """SYNs that nobody answers."""
    silence = {"replies": 0, "reply_octets": 0, "last_reply": None, "answered": None, "ended": "never answered"}
    return conversation("tcp", at, until, **(silence | {"packets": 4} | more))


def heard(at=59.5, to=NODE_IP):
    """Something that is sent to a machine alone: its own port is seen in both directions."""
    return packet(Echo(reply=True, id=7, sequence=1), at, ROUTER_IP, to)


# --- all of it


def point(name=POINT, first=0.0, last=60.0, *, packets=100, **more):
    return Point(
        **({"name": name, "link_type": "ethernet", "packets": packets, "first": ns(first), "last": ns(last)} | more)
    )


def wire(*things, until=60.0, points=(), troubles=(), left_out=None):
    """Everything given (tuples are unfolded), by time; points are those that the packets name, from 0 to `until`."""
    flat = list(_flat(things))
    packets = sorted((one for one in flat if isinstance(one, Packet)), key=lambda one: one.at)
    conversations = tuple(one for one in flat if isinstance(one, Conversation))
    transfers = tuple(one for one in flat if isinstance(one, Transfer))
    named = dict.fromkeys(one.point for one in (*packets, *conversations, *transfers)) or {POINT: None}
    return Wire(
        points=tuple(points) or tuple(point(name, last=until) for name in named),
        packets=tuple(replace(one, number=number) for number, one in enumerate(packets, 1)),
        conversations=conversations, transfers=transfers, seen=len(packets), troubles=tuple(troubles), left_out=left_out or {},
    )  # fmt: skip


def _flat(things):
    for thing in things:
        if isinstance(thing, tuple | list):
            yield from _flat(thing)
        elif thing is not None:
            yield thing


def case(*things, site=None, boots=(), here=(), **more):
    """A case with nothing but this wire (and what else is given by keyword); `more` goes to `wire`."""
    return Case(now=Wall(EPOCH / NS + 60), wire=wire(*things, **more), site=site, boots=tuple(boots), here=tuple(here))


def told(module, given):
    """(severity, what) of what a rule finds."""
    return [(one.severity.value, one.what) for one in module.find(given)]


def about(given, *modules):
    """(id, client, address) of what these rules find, in order."""
    return [(one.id, one.client, one.address) for module in modules for one in module.find(given)]
