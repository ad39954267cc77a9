"""What a statement evaluates before it does anything: where the kernel finds no value, it ends the rule there (NFT_BREAK).

A key that a map does not have, an option that a packet does not carry, a socket that is not there: whatever verdict
follows in the rule is then not given.
"""

from collections.abc import Iterator
from typing import Any, Final

from bellrock.firewall.verify.boxes import Boxes
from bellrock.firewall.verify.read import render, sets
from bellrock.firewall.verify.read.context import Context
from bellrock.firewall.verify.read.subjects import implied, vague
from bellrock.firewall.verify.read.values import UndecidedError
from bellrock.firewall.verify.ruleset import Match, May, Step

_PARTS: Final = ("value", "elem", "data", "addr", "port", "dev")
"""Where the bodies of statements have expressions."""
_HEADERS: Final = frozenset({"ip", "ip6", "icmp", "icmpv6", "tcp", "udp", "udplite", "sctp", "dccp"})
"""Protocols whose header is there once nft has asked for the protocol, which `implied` tells."""
_META: Final = frozenset(
    {
        "mark",
        "priority",
        "length",
        "protocol",
        "nfproto",
        "pkttype",
        "cpu",
        "random",
        "iif",
        "oif",
        "iifname",
        "oifname",
    }
)
"""What every packet has (nft_meta_get_eval); others ask for a socket, a route or a device."""
_CT: Final = frozenset({"mark", "direction", "state", "status"})
"""What every connection has (nft_ct_get_eval)."""
_MADE_OF: Final = frozenset(
    {"concat", "range", "prefix", "elem", "set", "&", "|", "^", "<<", ">>", "jhash", "symhash", "numgen"}
)
_PLAIN: Final = frozenset({"val", "expr", "addr"})


def operands(name: str, body: Any, at: Context) -> list[Step]:  # noqa: ANN401 -- JSON
    """What evaluating the expressions of a statement asks of a packet, for sure or perhaps."""
    if name == "vmap":
        return []
    return [step for part in _evaluated(body) for step in _asked(part, at)]


def _evaluated(body: Any) -> Iterator[Any]:  # noqa: ANN401 -- JSON
    match body:
        case {"map": {"key": _, "data": _}}:
            # An object that a map chooses: `counter name ip saddr map @m`.
            yield body
        case dict():
            if "payload" in f"{body.get('key', '')}":
                # What is written must be there as what is read.
                yield body["key"]
            yield from (body[part] for part in _PARTS if part in body)
        case _:
            pass


def _asked(expression: Any, at: Context) -> Iterator[Step]:  # noqa: ANN401 -- JSON
    match expression:
        case {"map": {"key": left, "data": data}}:
            yield from _asked(left, at)
            yield from looked_up(expression, left, data, at)
        case {"payload": {"protocol": str(protocol)}} if protocol in _HEADERS:
            open_ = vague(protocol, at)
            if open_:
                yield May(render.expression(expression), open_)
        case {"meta": {"key": str(key)}} | {"meta": str(key)} if key in _META:
            pass
        case {"ct": {"key": str(key), **rest}} if key in _CT and not rest.get("dir"):
            pass
        case {"rt": {"key": "mtu"}}:
            # nft takes it only where a packet has its route (nft_rt_validate).
            pass
        case dict() if len(expression) == 1 and next(iter(expression)) in _MADE_OF:
            yield from _inside(next(iter(expression.values())), at)
        case dict():
            asked = implied(expression, at)
            yield May(render.expression(expression), None if asked == Boxes.everything() else asked)
        case list():
            yield from _inside(expression, at)
        case _:
            pass


def _inside(body: Any, at: Context) -> Iterator[Step]:  # noqa: ANN401 -- JSON
    """The parts of an expression that is made of others."""
    parts = [body[name] for name in _PLAIN if name in body] if isinstance(body, dict) else body
    for part in parts if isinstance(parts, list) else [parts]:
        yield from _asked(part, at)


def looked_up(expression: Any, left: Any, data: Any, at: Context) -> Iterator[Step]:  # noqa: ANN401 -- JSON
    """The packets whose key is in a map; all others are done with the rule (nft_lookup_eval)."""
    try:
        key = sets.key(left, at)
        bare = [sets.plain(_first(pair)) for pair in sets.entries(data, at)]
        found = Boxes.everything() if "*" in bare else key.boxes([key.row(one) for one in bare])
    except UndecidedError:
        yield May(render.expression(expression))
        return
    unsure = key.unsure(found)
    yield Match(key.needs & found | unsure)
    if unsure:
        yield May(render.expression(expression), unsure)


def _first(pair: Any) -> Any:  # noqa: ANN401 -- JSON
    match pair:
        case [left, _]:
            return left
        case _:
            raise UndecidedError(f"{pair}")
