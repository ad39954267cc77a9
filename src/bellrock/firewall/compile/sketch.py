"""The sketch of the network troubleshooting appendix: its two rules, from the catalogue's ports.

It names no addresses and keeps no state: a beginning, to be refined as its last line says.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from bellrock.firewall.compile.policy import Artefact
from bellrock.flows.values import Flow, Group, Protocol, Role

SHELL: Final = (
    "style sketch is commands for a shell, not a file for nft -f; they want a table inet filter with a chain forward"
)
ANYWHERE: Final = (
    "style sketch is the same at every place, lets everybody ask on these ports, and drops nothing; "
    "only the site's ports and disabled flows change it"
)

_FIRST: Final = "# Allow core MAAS flows between node subnets and rack/region"
_LAST: Final = "# Refine with src/dst subnets, interfaces, and established/related state"
_PROTOCOLS: Final = (Protocol.UDP, Protocol.TCP)
_ORDER: Final = ((Role.RACK,), (Role.RACK, Role.REGION))
"""Whose ports the sketch gives first: the rack's own, then what rack and region share, then all others."""


def sketch(flows: Iterable[Flow]) -> Artefact:
    """Commands for a shell, for a table `inet filter` with a chain `forward` that is there."""
    core = sorted((flow for flow in flows if flow.group is Group.CORE and not _is_later(flow)), key=_rank)
    rules = [_rule(protocol, ports) for protocol in _PROTOCOLS if (ports := _ports(core, protocol))]
    text = "\n".join([_FIRST, *rules, _LAST]) + "\n"
    return Artefact(target="nftables", text=text, notices=(SHELL, ANYWHERE))


def _is_later(flow: Flow) -> bool:
    """DHCPv6 stands beside DHCP in our catalogue, and in no row of the appendix."""
    return flow.id == "dhcpv6"


def _rank(flow: Flow) -> int:
    return _ORDER.index(flow.destination) if flow.destination in _ORDER else len(_ORDER)


def _ports(flows: Sequence[Flow], protocol: Protocol) -> list[int]:
    """Each flow under the protocol that its row names first (DNS under UDP)."""
    own = (flow.protocols[0] for flow in flows)
    return list(dict.fromkeys(port for named in own if named.protocol is protocol for port in named.ports))


def _rule(protocol: Protocol, ports: Sequence[int]) -> str:
    return f"nft add rule inet filter forward {protocol} dport {{{','.join(_runs(ports))}}} counter accept"


def _runs(ports: Sequence[int]) -> list[str]:
    """Ports as they are, four or more in a row as a range."""
    runs: list[list[int]] = []
    for port in ports:
        if runs and port == runs[-1][-1] + 1:
            runs[-1].append(port)
        else:
            runs.append([port])
    return [text for run in runs for text in ([f"{run[0]}-{run[-1]}"] if len(run) > 3 else map(str, run))]
