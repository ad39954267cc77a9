"""The way of a packet through netfilter's hooks: which base chains it meets, in which order, and what happens between them."""

from enum import Enum
from typing import Final

from msgspec import Struct

from bellrock.firewall.verify.ruleset import Chain, Ruleset

_PRI_CONNTRACK: Final = -200
_PRI_NAT_DST: Final = -100
_PRI_NAT_SRC: Final = 100


class Route(Struct, frozen=True):
    """Hooks in order, and the families whose base chains stand there. netdev chains see packets at ingress and egress."""

    hooks: tuple[str, ...]
    families: tuple[str, ...] = ("inet", "ip", "ip6")


FORWARDED: Final = Route(("ingress", "prerouting", "forward", "postrouting", "egress"))
RECEIVED: Final = Route(("ingress", "prerouting", "input"))
SENT: Final = Route(("output", "postrouting", "egress"))
BRIDGED: Final = Route(("ingress", "prerouting", "forward", "postrouting", "egress"), ("bridge",))
ROUTES: Final = (FORWARDED, RECEIVED, SENT, BRIDGED)


class Event(Enum):
    """What the kernel does by itself between base chains."""

    TRACK = "track"
    """The packet gets its connection: before, `ct state` is invalid and other ct fields are absent."""
    RESTORE_DESTINATION = "restore-destination"
    """A packet of a known connection gets its translated destination, or, as a reply, the original source as destination."""
    RESTORE_SOURCE = "restore-source"


class Stop(Struct, frozen=True):
    """A base chain or an event at a hook."""

    hook: str
    what: Chain | Event
    nat: bool = False
    """A chain of type nat: it sees the first packet of a connection only."""
    place: int = 0
    """The priority at which the kernel calls it."""


_EVENTS: Final[dict[str, tuple[tuple[int, Event], ...]]] = {
    "prerouting": ((_PRI_CONNTRACK, Event.TRACK), (_PRI_NAT_DST, Event.RESTORE_DESTINATION)),
    "output": ((_PRI_CONNTRACK, Event.TRACK), (_PRI_NAT_DST, Event.RESTORE_DESTINATION)),
    "input": ((_PRI_NAT_SRC, Event.RESTORE_SOURCE),),
    "postrouting": ((_PRI_NAT_SRC, Event.RESTORE_SOURCE),),
}


def stops(ruleset: Ruleset, route: Route) -> tuple[Stop, ...]:
    """The base chains and events of a route, in the order in which a packet meets them."""
    return tuple(stop for hook in route.hooks for stop in _at(ruleset, route, hook))


def _at(ruleset: Ruleset, route: Route, hook: str) -> list[Stop]:
    # (priority, event or nat first, the chain's own priority, latest first)
    ordered: list[tuple[tuple[int, int, int, int], Stop]] = []
    for number, chain in enumerate(ruleset.chains.values()):
        if chain.hook != hook or not _applies(chain, route):
            continue
        nat = chain.type == "nat"
        # The kernel runs nat chains, in the order of their priorities, where its own translation is registered.
        place = _nat_priority(hook) if nat else chain.priority
        # Of base chains with the same priority the one registered last comes first (nf_hook_entries_grow). Within a table the
        # listing has that order; where it matters between tables, `ties` says that it is not known.
        ordered.append(((place, 1 + nat, chain.priority, -number), Stop(hook, chain, nat, place)))
    ordered += [((place, 0, 0, 0), Stop(hook, event, place=place)) for place, event in _EVENTS.get(hook, ())]
    return [stop for _, stop in sorted(ordered, key=lambda pair: pair[0])]


def _nat_priority(hook: str) -> int:
    return _PRI_NAT_DST if hook in {"prerouting", "output"} else _PRI_NAT_SRC


def _applies(chain: Chain, route: Route) -> bool:
    if chain.hook in {"ingress", "egress"}:
        return chain.family in {"netdev", "inet"}
    return chain.family in route.families
