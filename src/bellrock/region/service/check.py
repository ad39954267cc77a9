"""What an agent may say: of its own ports only, within bounds, and well-formed. An authenticated agent can still be wrong."""

import ipaddress
from collections.abc import Iterable
from typing import Final

from bellrock.contract import KeepAlive, Report
from bellrock.model import (
    EvidenceGone,
    EvidenceSeen,
    Host,
    HostGone,
    HostSeen,
    Interface,
    InterfaceGone,
    InterfaceSeen,
    MtuGone,
    MtuSeen,
    Neighbour,
    Observation,
    Port,
    RefusalCount,
    Wall,
)
from bellrock.region.service.clock import LATEST, is_time

PEER_PREFIX: Final = "peer-"
"""Ids of hosts that cannot speak for themselves; any agent may tell of them."""
MAX_VID: Final = 4094
MAX_NAME: Final = 255
MAX_LABEL: Final = 256
"""Characters of what an agent says of itself: name, role, boot, software."""
MAX_TEXT: Final = 1024
MAX_LIST: Final = 4096
MAX_PACKET: Final = 65_536
"""Octets of the largest packet that an interface may claim to take."""
MAX_NUMBER: Final = 2**53
"""Far beyond any counter or index, and exact in JSON and SQLite."""


def message_flaw(message: Report | KeepAlive) -> str:
    """Why a message is not taken at all, whatever it tells; empty if it may be."""
    if isinstance(message, Report) and (why := labels(message.boot)):
        return why
    return _times(message.sent)


def labels(*texts: str) -> str:
    """What is wrong with the words an agent has for itself; they go into logs and onto pages. Empty if nothing is."""
    fine = all(len(text) <= MAX_LABEL and text.isprintable() for text in texts)
    return "" if fine else f"not at most {MAX_LABEL} printable characters"


def flaw(agent: str, observation: Observation) -> str:
    """Why an observation of this agent is not taken; empty if it is."""
    return "" if _is_plain(agent, observation) else _flaw(agent, observation)


def _is_plain(agent: str, observation: Observation) -> bool:
    """Whether it is one of those that come by the hundred, and nothing is wrong with it: at once, where `_flaw` goes from one reason to the next."""
    match observation:
        case EvidenceSeen(one):
            return (
                one.port.host == agent
                and _is_port(one.port)
                and one.peer is not None
                and _is_port(one.peer)
                and one.neighbour is None
                and 0.0 <= one.since <= LATEST
                and 0.0 <= one.seen <= LATEST
                and 0 <= one.version <= MAX_NUMBER
                and (one.round_trip is None or -MAX_NUMBER <= one.round_trip <= MAX_NUMBER)
                and (one.transit is None or -MAX_NUMBER <= one.transit <= MAX_NUMBER)
                and len(one.peer_name) + len(one.peer_mac) + len(one.source_mac) <= MAX_TEXT
                and len(one.proof) <= MAX_LIST
                and sum(map(len, one.proof)) <= MAX_TEXT
            )
        case MtuSeen(port, peer):
            return port.host == agent and _is_port(port) and _is_port(peer) and not _mtu(observation)
        case _:
            return False


def _is_port(port: Port) -> bool:
    return (
        len(port.host) <= MAX_NAME
        and len(port.interface) <= MAX_NAME
        and (port.vid is None or 0 <= port.vid <= MAX_VID)
    )


def _flaw(agent: str, observation: Observation) -> str:
    match observation:
        case HostSeen(host, seen):
            return _of_host(agent, host.id) or _host(host) or _times(seen)
        case HostGone(host):
            return _of_host(agent, host)
        case InterfaceSeen(host, interface):
            return _own(agent, host) or _interface(interface)
        case InterfaceGone(host):
            return _own(agent, host)
        case EvidenceSeen(evidence):
            return _own(agent, evidence.port.host) or _evidence(observation)
        case EvidenceGone(key, why, since):
            # Chassis and port, each as long as a text may be.
            texts = _texts(MAX_TEXT, why) or _texts(2 * MAX_TEXT + 1, key.neighbour)
            return _own(agent, key.port.host) or _ports(key.port, key.peer) or texts or _times(since)
        case RefusalCount(port):
            return _own(agent, port.host) or _ports(port, None) or _refusal(observation)
        case MtuSeen(port, peer):
            return _own(agent, port.host) or _ports(port, peer) or _mtu(observation)
        case MtuGone(port, peer, why):
            return _own(agent, port.host) or _ports(port, peer) or _texts(MAX_TEXT, why)


def _host(host: Host) -> str:
    return _texts(MAX_NAME, host.id) or labels(host.id, host.name, host.role)


def _refusal(one: RefusalCount) -> str:
    some = "" if one.count > 0 else "a count of nothing"
    texts = _texts(MAX_TEXT, one.source_mac, one.reason, one.detail)
    return texts or _numbers(one.count, one.skew) or some or _times(one.seen)


def _mtu(one: MtuSeen) -> str:
    fine = 0 <= one.mtu <= one.tried <= MAX_PACKET and 0 <= one.lost <= MAX_PACKET and 0 <= one.peer_mtu <= MAX_PACKET
    return ("" if fine else "sizes that no packet has") or _times(one.seen)


def _own(agent: str, host: str) -> str:
    return "" if host == agent else "of another host's port"


def _of_host(agent: str, host: str) -> str:
    return "" if host == agent or host.startswith(PEER_PREFIX) else "of another agent's host"


def _evidence(seen: EvidenceSeen) -> str:
    one = seen.evidence
    return (
        _times(one.since, one.seen)
        or _numbers(one.version, one.round_trip, one.transit)
        or _ports(one.port, one.peer)
        or _texts(MAX_TEXT, one.peer_name, one.peer_mac, one.source_mac, *one.proof[:MAX_LIST])
        or ("too many proofs" if len(one.proof) > MAX_LIST else "")
        or _neighbour(one.neighbour)
    )


def _neighbour(one: Neighbour | None) -> str:
    if one is None:
        return ""
    return _texts(
        MAX_TEXT, one.protocol, one.chassis_id, one.port_id, one.system_name, one.port_description
    ) or _numbers(one.pvid, one.max_frame_size, one.ttl)


def _interface(one: Interface) -> str:
    names = (one.name, one.mac, one.permanent_mac or "", one.master or "", *one.parents[:MAX_LIST])
    if max(len(one.parents), len(one.addresses), len(one.vids)) > MAX_LIST:
        return "too many parents, addresses or VIDs"
    return (
        ("an interface without a name" if not one.name else "")
        or _texts(MAX_NAME, *names)
        or _vids((*one.vids, one.vid))
        or _numbers(one.index, one.mtu)
        or next(
            (f"no address with a prefix length: {text[:60]!r}" for text in one.addresses if not _is_address(text)), ""
        )
    )


def _ports(port: Port, peer: Port | None) -> str:
    both = [one for one in (port, peer) if one is not None]
    names = [name for one in both for name in (one.host, one.interface)]
    return _texts(MAX_NAME, *names) or _vids(one.vid for one in both)


def _vids(vids: Iterable[int | None]) -> str:
    return next((f"no VID: {vid}" for vid in vids if vid is not None and not 0 <= vid <= MAX_VID), "")


def _times(*times: Wall) -> str:
    for time in times:
        if not is_time(time):
            return f"no time: {time:g}"
    return ""


def _numbers(*numbers: float | None) -> str:
    return next((f"no number to keep: {one:g}" for one in numbers if one is not None and not _is_number(one)), "")


def _is_number(number: float) -> bool:
    return -MAX_NUMBER <= number <= MAX_NUMBER


def _texts(longest: int, *texts: str) -> str:
    return f"a text of more than {longest} characters" if any(len(text) > longest for text in texts) else ""


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_interface(text)
    except ValueError:
        return False
    return True
