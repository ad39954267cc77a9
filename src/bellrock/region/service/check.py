"""What an agent may say: of its own ports only, within bounds, and well-formed. An authenticated agent can still be wrong."""

import ipaddress
from collections.abc import Iterable
from typing import Final

from bellrock.model import (
    EvidenceGone,
    EvidenceSeen,
    HostGone,
    HostSeen,
    Interface,
    InterfaceGone,
    InterfaceSeen,
    Neighbour,
    Observation,
    Port,
    RefusalCount,
    key_of,
)
from bellrock.region.service.state import Account, refusal_key

PEER_PREFIX: Final = "peer-"
"""Ids of hosts that cannot speak for themselves; any agent may tell of them."""
MAX_VID: Final = 4094
MAX_NAME: Final = 255
MAX_TEXT: Final = 1024
MAX_LIST: Final = 4096
MAX_INTERFACES: Final = 10_000
MAX_EVIDENCE: Final = 100_000
MAX_REFUSALS: Final = 10_000


def flaw(agent: str, observation: Observation) -> str:
    """Why an observation of this agent is not taken; empty if it is."""
    match observation:
        case HostSeen(host):
            return _of_host(agent, host.id) or _texts(MAX_NAME, host.id, host.name, host.role)
        case HostGone(host):
            return _of_host(agent, host)
        case InterfaceSeen(host, interface):
            return _own(agent, host) or _interface(interface)
        case InterfaceGone(host):
            return _own(agent, host)
        case EvidenceSeen(evidence):
            return _own(agent, evidence.port.host) or _evidence(observation)
        case EvidenceGone(key, why):
            return _own(agent, key.port.host) or _ports(key.port, key.peer) or _texts(MAX_TEXT, why, key.neighbour)
        case RefusalCount(port, mac, reason, _, detail):
            return _own(agent, port.host) or _ports(port, None) or _texts(MAX_TEXT, mac, reason, detail)


def surplus(account: Account | None, observation: Observation) -> bool:
    """Whether an observation would add to an account that is full already."""
    if account is None:
        return False
    match observation:
        case InterfaceSeen(_, interface):
            return len(account.interfaces) >= MAX_INTERFACES and interface.name not in account.interfaces
        case EvidenceSeen(evidence):
            return len(account.evidence) >= MAX_EVIDENCE and key_of(evidence) not in account.evidence
        case RefusalCount():
            return len(account.refusals) >= MAX_REFUSALS and refusal_key(observation) not in account.refusals
        case _:
            return False


def _own(agent: str, host: str) -> str:
    return "" if host == agent else "of another host's port"


def _of_host(agent: str, host: str) -> str:
    return "" if host == agent or host.startswith(PEER_PREFIX) else "of another agent's host"


def _evidence(seen: EvidenceSeen) -> str:
    one = seen.evidence
    return (
        _ports(one.port, one.peer)
        or _texts(MAX_TEXT, one.peer_name, one.peer_mac, one.source_mac, *one.proof[:MAX_LIST])
        or ("too many proofs" if len(one.proof) > MAX_LIST else "")
        or _neighbour(one.neighbour)
    )


def _neighbour(one: Neighbour | None) -> str:
    if one is None:
        return ""
    return _texts(MAX_TEXT, one.protocol, one.chassis_id, one.port_id, one.system_name, one.port_description)


def _interface(one: Interface) -> str:
    names = (one.name, one.mac, one.permanent_mac or "", one.master or "", *one.parents[:MAX_LIST])
    if max(len(one.parents), len(one.addresses), len(one.vids)) > MAX_LIST:
        return "too many parents, addresses or VIDs"
    return (
        ("an interface without a name" if not one.name else "")
        or _texts(MAX_NAME, *names)
        or _vids((*one.vids, one.vid))
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


def _texts(longest: int, *texts: str) -> str:
    return f"a text of more than {longest} characters" if any(len(text) > longest for text in texts) else ""


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_interface(text)
    except ValueError:
        return False
    return True
