"""What stands below IP on a packet's way: bridges, and the devices that VLANs, bonds and bridges are stacked on.

A packet of `eth0.10` meets netdev chains of `eth0` too, and one of a bridge the bridge's own chains at its port. A ruleset
does not say what is stacked on what. So what such a chain may stop is stopped for some interfaces and not for others.
"""

from typing import Final

from bellrock.firewall.verify.boxes import Box, Boxes, Intervals
from bellrock.firewall.verify.fields import CHANCES
from bellrock.firewall.verify.program import Decision, Kind
from bellrock.firewall.verify.route import Route, stops
from bellrock.firewall.verify.ruleset import Chain, Ruleset
from bellrock.firewall.verify.ties import Doubt
from bellrock.firewall.verify.unroll import unroll
from bellrock.firewall.verify.walk import run
from bellrock.firewall.verify.wanted import CABLED

_MOST: Final = 200
"""Decisions that are taken into account one by one; beyond, all that any of them could stop."""
_STOPPING: Final = frozenset({Kind.DROP, Kind.REJECT, Kind.UNKNOWN})
_INCOMING: Final = (Route(("ingress",), ()), Route(("prerouting", "input"), ("bridge",)))
# Connection tracking stands before egress.
_LEAVING: Final = (Route(("output", "egress"), ()), Route(("output", "postrouting"), ("bridge",)))
_IP: Final = Boxes.of(nfproto=Intervals.of(2, 10))
# The frame below has another interface and other headers, and marks that are set below are not followed.
_OTHER: Final = (
    "iifname", "oifname", "pkttype", "ether_type", "ether_saddr", "ether_daddr", "vlan_type", "vlan_id", "mark",
    "ct_mark", "ct_state", "ct_direction", "ct_status_dnat", "length", "ttl", "hoplimit", *CHANCES,
)  # fmt: skip


def beneath(ruleset: Ruleset, route: Route) -> tuple[Doubt, ...]:
    """What chains below IP may stop of the packets that come in on `route`, as they come in."""
    ways = _INCOMING if "prerouting" in route.hooks and "bridge" not in route.families else ()
    return tuple(one for way in ways for one in _stopped(ruleset, way, "iifname"))


def below(ruleset: Ruleset, route: Route) -> tuple[Doubt, ...]:
    """The same of the packets that leave, as they are then."""
    ways = _LEAVING if "postrouting" in route.hooks and "bridge" not in route.families else ()
    return tuple(one for way in ways for one in _stopped(ruleset, way, "oifname"))


def _stopped(ruleset: Ruleset, way: Route, interface: str) -> list[Doubt]:
    chains = [stop.what for stop in stops(ruleset, way) if isinstance(stop.what, Chain)]
    if not chains:
        return []
    program = unroll(ruleset, way)
    stopping = [one for one in program.decisions if one.kind in _STOPPING]
    if not stopping:
        return []
    if len(program.decisions) > _MOST:
        stopped = [one.boxes for one in stopping]
    else:
        stopped = [one.packets for one in run(program, _IP) if one.verdict != "accept"]
    found = Boxes.put(_elsewhere(box, interface) for some in stopped for box in some & _IP)
    return [Doubt(found, _why(stopping, chains))] if found else []


def _elsewhere(box: Box, interface: str) -> Box:
    """The same packets at other interfaces than the chain's own, where the way itself says what becomes of them."""
    own = box.get(interface)
    others = CABLED - own if own.size() == 1 else CABLED
    return Box({**box.without(*_OTHER).fields, interface: others})


def _why(stopping: list[Decision], chains: list[Chain]) -> str:
    names = dict.fromkeys(one.chain for one in stopping if one.chain) or dict.fromkeys(one.key for one in chains)
    devices = sorted({name for chain in chains for name in chain.devices if chain.key in names})
    if devices:
        return f"{', '.join(names)} on {', '.join(devices)}: which interfaces are stacked on that is not known"
    return f"{', '.join(names)}: which interfaces are bridges is not known"
