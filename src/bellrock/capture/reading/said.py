"""What a packet says: its payload, by its kind, as a value of `wire`."""

from collections.abc import Callable
from typing import Final

from bellrock.capture.reading.picks import Kind
from bellrock.diagnosis.packets import Beacon, Log, Said
from bellrock.wire import arp, cdp, dhcp, dhcp6, discovery, dns, icmp, lacp, lldp, ntp, stp, syslog, tcp, tftp
from bellrock.wire.document import BeaconType
from bellrock.wire.errors import Reason, WireError

_BEACON_VERSIONS: Final = (1, 2)
_BEACON_TYPES: Final = frozenset(BeaconType)


def log(payload: bytes) -> Log:
    """A syslog message in a datagram; what it says is left out, for anything may stand there.

    Raises:
        WireError: MALFORMED, TOO_BIG.
    """
    found = syslog.parse(payload)
    return Log(found.priority, "" if found.app == syslog.NIL else found.app)


def log_stream(payload: bytes) -> Log:
    """The first message at the beginning of a stream's segment, by either framing (RFC 6587 §3.4).

    Raises:
        WireError: MALFORMED, TOO_BIG.
    """
    if payload[:1].isdigit():
        _, _, payload = payload.partition(b" ")
    return log(payload.partition(b"\n")[0])


def beacon(payload: bytes) -> Beacon:
    """A beacon's header; nothing of it is signed.

    Raises:
        WireError: TRUNCATED, UNKNOWN_VERSION, MALFORMED.
    """
    if len(payload) < 4:
        raise WireError(Reason.TRUNCATED, ("beacon: %d octets, a header has 4", len(payload)))
    if payload[0] not in _BEACON_VERSIONS:
        raise WireError(Reason.UNKNOWN_VERSION, ("beacon version %d; 1 and 2 are known", payload[0]))
    if payload[1] not in _BEACON_TYPES:
        raise WireError(Reason.MALFORMED, ("beacon: type %d", payload[1]))
    return Beacon(payload[0])


def boot_file(payload: bytes) -> Said | None:
    """What is sent to the TFTP port: a request, or a refusal; other messages belong to a transfer.

    Raises:
        WireError: TRUNCATED, MALFORMED, UNSUPPORTED, TOO_BIG.
    """
    found = tftp.parse(payload)
    return found if isinstance(found, tftp.Read | tftp.Refusal) else None


DECODERS: Final[dict[Kind, Callable[[bytes], Said | None]]] = {
    Kind.ARP: arp.parse,
    Kind.LLDP: lldp.parse,
    Kind.CDP: cdp.parse,
    Kind.STP: stp.parse,
    Kind.LACP: lacp.parse,
    Kind.DHCP: dhcp.decode,
    Kind.DHCP6: dhcp6.decode,
    Kind.DNS: dns.parse,
    Kind.NTP: ntp.parse,
    Kind.SYSLOG: log,
    Kind.TFTP: boot_file,
    Kind.BEACON: beacon,
    Kind.DISCOVERY: discovery.parse,
    Kind.SEGMENT: tcp.parse,
    Kind.LOG_STREAM: log_stream,
}
"""By kind, for those that one packet tells whole; ICMP is read by `icmp`, which wants the version of IP, and streams by `streams`."""


def said(kind: Kind, version: int, octets: bytes) -> Said | None:
    """What octets say; None: nothing that is told.

    Raises:
        WireError: they are not what their kind promises.
    """
    if kind in (Kind.COMPLAINT, Kind.ECHO):
        return icmp.parse(version, octets)
    return DECODERS[kind](octets)
