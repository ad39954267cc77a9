"""The whole of `nft -j list ruleset` → Ruleset."""

from collections.abc import Iterable
from typing import Any, Final

import msgspec

from bellrock.firewall.verify.read import render
from bellrock.firewall.verify.read.context import Context, Known
from bellrock.firewall.verify.read.entries import entries
from bellrock.firewall.verify.read.gather import gather
from bellrock.firewall.verify.read.jumps import check_jumps
from bellrock.firewall.verify.read.listing import Listing
from bellrock.firewall.verify.read.statements import steps
from bellrock.firewall.verify.read.symbols import BRIDGE_PRIORITIES, PRIORITIES
from bellrock.firewall.verify.ruleset import (
    Chain,
    Choose,
    Decide,
    Match,
    May,
    Rule,
    Ruleset,
    RulesetError,
    Step,
    Verdict,
    VerdictKind,
)

_HOOKS: Final = {"prerouting", "input", "forward", "output", "postrouting", "ingress", "egress"}
_TEXT: Final = 4096

_FLAGS: Final = {"dormant", "owner", "persist"}
_NO_FLAGS: Final = "this listing does not say whether the table is dormant"
_NO_DEVICE: Final = "this listing does not say on which devices the chain stands"


def read_nft(raw: bytes, listing: Listing | None = None) -> Ruleset:
    """The ruleset in a JSON document as `nft -j list ruleset` prints it; `listing` is the same as `nft -a` prints it.

    Raises:
        RulesetError: it is no such document, or one that the kernel could never have had.
    """
    try:
        objects = entries(raw)
        known, notes = gather(objects)
        listing = listing or Listing()
        chains = _chains(objects, known, listing)
        asleep = [body for body in _bodies(objects, "table") if _is_dormant(body, listing)]
        notes += tuple(f"table {' '.join(_place(body))}: it is dormant, so its chains do nothing" for body in asleep)
    except RecursionError:
        raise RulesetError("the ruleset is nested too deeply to be one of nft's") from None
    check_jumps(chains)
    return Ruleset(chains=chains, notes=notes)


def _chains(objects: list[dict[str, Any]], known: Known, listing: Listing) -> dict[str, Chain]:
    asleep = {_place(table): _is_dormant(table, listing) for table in _bodies(objects, "table")}
    rules: dict[str, list[dict[str, Any]]] = {}
    for body in _bodies(objects, "rule"):
        family, table = _place(body, "table")
        rules.setdefault(f"{family} {table} {_text(body, 'chain')}", []).append(body)
    found: dict[str, Chain] = {}
    for body in _bodies(objects, "chain"):
        dormant = asleep.get(_place(body, "table"), False)
        shell = _chain(body, asleep=dormant is True)
        if shell.key in found:
            raise RulesetError(f"chain {shell.key} is in the ruleset twice")
        if not shell.devices:
            shell = msgspec.structs.replace(shell, devices=listing.devices.get(shell.key, ()))
        own = tuple(_rule(rule, shell, known, listing) for rule in rules.pop(shell.key, ()))
        whole = msgspec.structs.replace(shell, rules=own)
        if dormant is None and shell.hook:
            whole = _perhaps(whole, _NO_FLAGS)
        elif shell.family == "netdev" and shell.hook and not shell.devices:
            whole = _perhaps(whole, _NO_DEVICE)
        found[shell.key] = whole
    if rules:
        raise RulesetError(f"a rule stands in chain {next(iter(rules))}, which is not in the ruleset")
    return found


def _chain(body: dict[str, Any], *, asleep: bool) -> Chain:
    family, table = _place(body, "table")
    name, hook = _text(body, "name"), str(body.get("hook") or "")
    if not hook or asleep:
        return Chain(family=family, table=table, name=name, rules=())
    if hook not in _HOOKS:
        raise RulesetError(f"chain {family} {table} {name}: hook {hook} is not known")
    return Chain(
        family=family,
        table=table,
        name=name,
        rules=(),
        hook=hook,
        priority=_priority(body.get("prio", 0), family),
        type=str(body.get("type", "filter")),
        policy=VerdictKind.DROP if body.get("policy") == "drop" else VerdictKind.ACCEPT,
        devices=tuple(_words(body.get("dev"))) + tuple(_words(body.get("devices"))),
    )


def _rule(body: dict[str, Any], chain: Chain, known: Known, listing: Listing) -> Rule:
    statements = body.get("expr", [])
    if not isinstance(statements, list):
        raise RulesetError(f"chain {chain.key}: a rule without statements")
    at = Context(chain.family, chain.table, known, chain.family in {"bridge", "netdev"} or chain.hook == "ingress")
    comment = str(body.get("comment") or "")
    handle = body.get("handle", 0)
    handle = handle if isinstance(handle, int) else 0
    found: list[Step] = []
    for statement in statements:
        found += steps(statement, at)
    return Rule(
        chain=chain.key,
        handle=handle,
        text=(listing.texts.get((chain.key, handle)) or render.rule(statements, comment))[:_TEXT],
        comment=comment,
        packets=_packets(statements),
        steps=_merged(found),
    )


def _is_dormant(table: dict[str, Any], listing: Listing) -> bool | None:
    """None where nothing says it: the JSON of nft 1.0.6 has the table's own name in place of the flag."""
    family, name = _place(table)
    told = listing.tables.get(f"{family} {name}")
    words = _words(table.get("flags"))
    if told is not None:
        return told
    return None if any(word not in _FLAGS for word in words) else "dormant" in words


def _perhaps(chain: Chain, why: str) -> Chain:
    """A chain that stands in the way of some packets or of none: whatever it decides, it may not decide."""
    rules = [msgspec.structs.replace(rule, steps=(May(why), *rule.steps)) for rule in chain.rules]
    if chain.policy is VerdictKind.DROP:
        last = (May(why), Decide(Verdict(VerdictKind.DROP)))
        rules.append(Rule(chain=chain.key, handle=0, text="policy drop", steps=last))
    return msgspec.structs.replace(chain, rules=tuple(rules), policy=VerdictKind.ACCEPT)


def _merged(found: Iterable[Step]) -> tuple[Step, ...]:
    """Matches side by side as one."""
    merged: list[Step] = []
    for step in found:
        if isinstance(step, Match) and merged and isinstance(merged[-1], Match):
            merged[-1] = Match(merged[-1].boxes & step.boxes)
        else:
            merged.append(step)
    if len(merged) > 1 and isinstance(merged[-2], Choose) and isinstance(merged[-1], Match):
        # Behind a verdict map that ends its rule, there is nothing to keep packets from.
        merged.pop()
    return tuple(merged)


def _packets(statements: list[Any]) -> int | None:
    for statement in statements:
        match statement:
            case {"counter": {"packets": int(packets)}}:
                return packets
            case _:
                pass
    return None


def _priority(value: Any, family: str) -> int:  # noqa: ANN401 -- JSON
    """A number, or a name with an offset: `filter - 5`."""
    if isinstance(value, int):
        return value
    words = f"{value}".replace("+", " + ").replace("-", " - ").split()
    known = BRIDGE_PRIORITIES if family == "bridge" else PRIORITIES
    match words:
        case [name] if name in known:
            return known[name]
        case [name, ("+" | "-") as sign, offset] if name in known and offset.isdecimal() and len(offset) < 10:
            return known[name] + (int(offset) if sign == "+" else -int(offset))
        case _:
            raise RulesetError(f"priority {value} is not known")


def _bodies(objects: list[dict[str, Any]], kind: str) -> Iterable[dict[str, Any]]:
    return (entry[kind] for entry in objects if isinstance(entry.get(kind), dict))


def _place(body: dict[str, Any], table: str = "name") -> tuple[str, str]:
    return _text(body, "family"), _text(body, table)


def _text(body: dict[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise RulesetError(f"this JSON is no ruleset: an object has no {name}")
    return value


def _words(value: Any) -> list[str]:  # noqa: ANN401 -- JSON
    return [f"{word}" for word in value] if isinstance(value, list) else [value] if isinstance(value, str) else []
