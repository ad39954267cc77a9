"""What does not pass, cause by cause: one rule or policy, and all that it stops or leaves open."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from msgspec import Struct

from bellrock.cli.checkflows import Way, way, ways_text

if TYPE_CHECKING:
    from bellrock.firewall.verify.report import FlowVerdict, Gap, Report, RuleRef


class Cause(Struct, frozen=True):
    """Why packets have the fate that they have."""

    verdict: str
    """drop, reject, unknown; accept of what must not pass."""
    rule: "RuleRef | None"
    """What decides."""
    why: str
    """The construct that cannot be decided."""


class Effect(Struct, frozen=True):
    """Packets of one exchange, between any two parties."""

    flow: str
    exchange: str
    direction: str
    of: str
    part: str
    """Which of them; `all of it`."""


class Found(Struct):
    """All that one cause does."""

    cause: Cause
    effects: dict[Effect, dict[Way, list[int]]] = {}
    """With the parties, and the families between each two of them."""
    verdicts: list["FlowVerdict"] = []


def causes(report: "Report") -> list[Found]:
    """Each cause once: what is open and must not be, what is blocked, then what cannot be told; within that, the most first."""
    found: dict[Cause, Found] = {}
    for one in report.flows:
        if one.holds:
            continue
        for cause, effect in _effects(one):
            held = found.setdefault(cause, Found(cause))
            held.effects.setdefault(effect, {}).setdefault(way(one), []).append(one.family)
            held.verdicts.append(one)
    rank = {"accept": 0, "drop": 1, "reject": 1, "unknown": 2}
    return sorted(found.values(), key=lambda held: (rank[held.cause.verdict], -len(held.verdicts)))


def title(cause: Cause) -> str:
    """`Blocked by inet filter forward handle 7: tcp dport 22 drop`."""
    rule = str(cause.rule) if cause.rule is not None else "no rule"
    if cause.verdict == "accept" and cause.rule is None and cause.why:
        return f"Open and must not be: {cause.why}"
    if cause.verdict == "accept":
        return f"Open and must not be, by {rule}"
    if cause.verdict == "unknown":
        return f"Cannot be told ({cause.why}), at {rule}" if cause.why else f"Cannot be told, at {rule}"
    if cause.rule is not None and cause.rule.policy:
        return f"Blocked: no rule accepts it ({rule})"
    return f"{'Rejected' if cause.verdict == 'reject' else 'Blocked'} by {rule}"


def lines(held: Found, report: "Report") -> Iterator[str]:
    """A line for each flow and part: `dns query, query-tcp: node → rack, region`."""
    both = _families(report)
    alike: dict[tuple[str, str, str], dict[str, None]] = {}
    for effect, ways in held.effects.items():
        who = _who(effect, ways, both)
        said = " — ".join(text for text in (who, _which(effect)) if text)
        alike.setdefault((effect.flow, effect.of, said), {})[effect.exchange] = None
    for (flow, _, said), exchanges in alike.items():
        yield f"{flow} {', '.join(exchanges)}: {said}"


def _effects(one: "FlowVerdict") -> Iterator[tuple[Cause, Effect]]:
    if one.wanted == "block":
        verdict = "unknown" if one.verdict == "unknown" else "accept"
        rules = _letting(one) or (None,)
        part = "all of it" if one.verdict != "partly" else "in part"
        for rule in rules:
            yield Cause(verdict, rule, one.why), Effect(one.flow, one.exchange, one.direction, "first packets", part)
        return
    for gap in one.missing:
        yield _cause(gap), Effect(one.flow, one.exchange, one.direction, gap.of, gap.text)


def _letting(one: "FlowVerdict") -> "tuple[RuleRef, ...]":
    """The rules that decide and do not block."""
    blocking = {gap.rules[-1] for gap in one.missing if gap.rules and gap.verdict != "unknown"}
    return tuple(rule for rule in one.rules if rule not in blocking)


def _cause(gap: "Gap") -> Cause:
    return Cause(gap.verdict, gap.rules[-1] if gap.rules else None, gap.why)


def _families(report: "Report") -> dict[tuple[str, str, Way], set[int]]:
    """The families in which two parties have an exchange at all."""
    found: dict[tuple[str, str, Way], set[int]] = {}
    for one in report.flows:
        found.setdefault((one.flow, one.exchange, way(one)), set()).add(one.family)
    return found


def _who(effect: Effect, ways: dict[Way, list[int]], both: dict[tuple[str, str, Way], set[int]]) -> str:
    """Parties, with the family where it is one of two."""
    groups: dict[str, list[Way]] = {}
    for one, families in ways.items():
        whole = both[effect.flow, effect.exchange, one] == set(families)
        groups.setdefault("" if whole else f" (IPv{families[0]} only)", []).append(one)
    return "; ".join(f"{ways_text(some)}{family}" for family, some in groups.items())


def _which(effect: Effect) -> str:
    what = {"answers": "answers", "later packets": "packets after the first"}.get(effect.of, "")
    part = "" if effect.part == "all of it" else effect.part
    if effect.direction == "reply" and effect.of == "later packets":
        what = "later answers"
    return " ".join(text for text in (what, part) if text)
