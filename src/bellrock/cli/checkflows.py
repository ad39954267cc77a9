"""A verdict on a ruleset, flow by flow: the line that sums it up, and a row for each flow."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

from msgspec import Struct

if TYPE_CHECKING:
    from bellrock.firewall.verify.report import FlowVerdict, Report, RuleRef

COLOURS: Final = {"passes": "green", "kept": "green", "blocked": "red", "open": "red", "partly": "yellow", "cannot": "magenta"}  # fmt: skip
"""By the first word of a verdict."""
_COUNTED: Final = {
    "passes": "pass", "kept out": "kept out", "open": "open that must not be", "blocked": "blocked", "partly": "partly",
    "partly open": "partly open that must not be", "cannot be told": "cannot be told",
}  # fmt: skip
_WORST: Final = ("open", "partly open", "blocked", "partly", "cannot be told")
_FINE: Final = frozenset({"passes", "kept out"})
_WORDS: Final = {"unknown": "cannot be told"}
_FORBIDDEN: Final = {"passes": "open", "blocked": "kept out", "partly": "partly open", "unknown": "cannot be told"}
_NAMED: Final = 3
"""Rules that a row names; the rest is counted."""


class Way(Struct, frozen=True, order=True):
    """Who talks to whom, of either family."""

    source: str
    destination: str


def word(verdict: str, wanted: str) -> str:
    """A verdict for people: of what must not pass, `passes` is `open` and `blocked` is `kept out`."""
    return _FORBIDDEN[verdict] if wanted == "block" else _WORDS.get(verdict, verdict)


def headline(report: "Report") -> tuple[tuple[str, str], ...]:
    """All in one line, as pieces with the verdict that colours them: `24 flows: `, `20 pass`, `, `, `1 blocked` …"""
    found = [word(one.verdict, one.wanted) for one in report.summary]
    if not found:
        return (("This site needs no flow here.", ""),)
    pieces: list[tuple[str, str]] = [(f"{len(found)} flow{'' if len(found) == 1 else 's'}: ", "")]
    for verdict, counted in _COUNTED.items():
        if verdict in found:
            pieces += [(", ", "")] if len(pieces) > 1 else []
            pieces.append((f"{found.count(verdict)} {counted}", verdict))
    return tuple(pieces)


def rows(report: "Report") -> list[tuple[str, ...]]:
    """Flow, who, verdict and by what; those that are not as wanted first, the worst of them at the top."""
    by_flow: dict[str, list[FlowVerdict]] = {}
    for one in report.flows:
        by_flow.setdefault(one.flow, []).append(one)
    verdicts = {one.flow: word(one.verdict, one.wanted) for one in report.summary}
    order = sorted(by_flow, key=lambda flow: _WORST.index(verdicts[flow]) if verdicts[flow] in _WORST else len(_WORST))
    return [_row(flow, verdicts[flow], by_flow[flow]) for flow in order]


def details(report: "Report") -> list[tuple[str, ...]]:
    """Every exchange, family and direction: flow, exchange, from, to, direction, verdict, rule."""
    return [
        (
            one.flow,
            f"{one.exchange} IPv{one.family}",
            one.source,
            one.destination,
            one.direction,
            word(one.verdict, one.wanted),
            _decider(one) or one.why,
        )
        for one in report.flows
    ]


def _decider(one: "FlowVerdict") -> str:
    """The rule by which it is not as wanted, else the last that let it through."""
    rules = one.missing[0].rules if one.missing and not one.holds else ()
    return str((rules or one.rules)[-1]) if rules or one.rules else ""


def way(one: "FlowVerdict") -> Way:
    """Its two ends by their roles alone."""
    return Way(*(name.removesuffix(f"-v{one.family}") for name in (one.source, one.destination)))


def ways_text(ways: Iterable[Way]) -> str:
    """`node → rack, region; rack → dns`, with sources that have the same destinations together."""
    destinations: dict[str, dict[str, None]] = {}
    for one in ways:
        destinations.setdefault(one.source, {})[one.destination] = None
    sources: dict[tuple[str, ...], list[str]] = {}
    for source, some in destinations.items():
        sources.setdefault(tuple(some), []).append(source)
    return "; ".join(f"{', '.join(some)} → {', '.join(others)}" for others, some in sources.items())


def _row(flow: str, verdict: str, some: list["FlowVerdict"]) -> tuple[str, ...]:
    who = ways_text(_roles(dict.fromkeys(way(one) for one in some)))
    if verdict in _FINE:
        by = _places(rule for one in some if one.direction == "request" for rule in one.rules)
        return flow, who, verdict, by or next((one.why for one in some if one.why), "")
    wrong = [one for one in some if not one.holds]
    causes = dict.fromkeys(_cause(one) for one in sorted(wrong, key=lambda one: one.verdict == "unknown"))
    return flow, who, verdict, _few(list(causes), "cause")


def _roles(ways: Iterable[Way]) -> list[Way]:
    """Those between roles, where there are any: what goes to groups and to everybody belongs to the same flow."""
    some = list(ways)
    return [one for one in some if _is_role(one.source) and _is_role(one.destination)] or some


def _is_role(name: str) -> bool:
    return name[:1].isalpha() and not {".", ":"} & set(name)


def _cause(one: "FlowVerdict") -> str:
    gaps = [gap for gap in one.missing if gap.verdict != "unknown"] or list(one.missing)
    if one.wanted == "block" or not gaps:
        return _places(one.rules[-1:]) or one.why
    if gaps[0].verdict == "unknown":
        return gaps[0].why or _places(gaps[0].rules[-1:])
    return _places(gaps[0].rules[-1:])


def _places(rules: Iterable["RuleRef"]) -> str:
    """Rules by chain and handle, without family and table: `forward_udp 94, 96; forward 126`."""
    chains: dict[str, dict[str, None]] = {}
    for rule in rules:
        handle = f"policy {rule.policy}" if rule.policy else f"{rule.handle}"
        chains.setdefault(rule.chain.rpartition(" ")[2], {})[handle] = None
    return _few([f"{chain} {', '.join(_short(list(handles)))}" for chain, handles in chains.items()], "chain")


def _short(handles: list[str]) -> Iterator[str]:
    yield from handles[:_NAMED]
    if len(handles) > _NAMED:
        yield "…"


def _few(texts: list[str], what: str) -> str:
    more = len(texts) - 2
    rest = [f"{more} more {what}{'' if more == 1 else 's'}"] if more > 0 else []
    return "; ".join([*texts[:2], *rest])
