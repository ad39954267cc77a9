"""The verdict on a ruleset as values; encoded as JSON they have the shape that `bellrock firewall check --json` prints."""

import re

from msgspec import Struct

from bellrock.firewall.verify.boxes import Boxes
from bellrock.firewall.verify.describe import describe, table
from bellrock.firewall.verify.headers import projected
from bellrock.firewall.verify.program import Decision
from bellrock.firewall.verify.ruleset import Rule

Packets = tuple[dict[str, list[str]], ...]
"""A set of packets: disjoint boxes, each a table of the fields that are not free."""

_TRIED = 64
"""Boxes of a gap that are worth the search for a shorter wording."""
_LONGEST = 160
"""Characters of a rule that are said; JSON has all of it."""
_COUNTER = re.compile(r"counter packets \d+ bytes \d+")
MOST_BOXES = 2000
"""Boxes of one set that are written out."""


class RuleRef(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A rule, or the policy of a chain, so that a person finds it."""

    chain: str
    """`inet filter forward`."""
    handle: int = 0
    text: str = ""
    comment: str = ""
    packets: int | None = None
    """Of its counter."""
    policy: str = ""
    """`drop`, where no rule but the policy decided."""

    def __str__(self) -> str:  # type: ignore[explicit-override]  # typing.override is of Python 3.12
        if self.policy:
            return f"policy {self.policy} of {self.chain}"
        counted = f", {self.packets} packets" if self.packets is not None else ""
        text = _COUNTER.sub("counter", self.text)
        return f"{self.chain} handle {self.handle}: {text[:_LONGEST]}{'…' if len(text) > _LONGEST else ''}{counted}"


class Gap(Struct, frozen=True, kw_only=True):
    """Packets of a crossing that do not pass, or of which it cannot be told, and by what."""

    verdict: str
    """drop, reject or unknown."""
    rules: tuple[RuleRef, ...]
    """The deciding rule last."""
    packets: Packets
    """In the fields that tell them from the rest of the crossing; one empty table: all of it."""
    text: str
    why: str = ""
    """The construct that cannot be decided."""
    of: str = "first packets"
    """`first packets`, `later packets` of the same direction, or `answers`."""


class FlowVerdict(Struct, frozen=True, kw_only=True):
    """What the ruleset does with one direction of one exchange between two parties."""

    flow: str
    exchange: str
    family: int
    source: str
    """Of the request, also where the direction is `reply`."""
    destination: str
    hook: str
    direction: str
    """request or reply."""
    verdict: str
    """passes, blocked, partly or unknown."""
    wanted: str
    """pass or block."""
    rules: tuple[RuleRef, ...]
    """What decided, rules that let through and rules that do not."""
    missing: tuple[Gap, ...]
    why: str = ""

    @property
    def holds(self) -> bool:
        """Whether the verdict is what the site wants."""
        return self.verdict == ("passes" if self.wanted == "pass" else "blocked")


class Wider(Struct, frozen=True, kw_only=True):
    """New packets that a rule lets through and no flow needs."""

    rule: RuleRef
    packets: Packets
    text: str
    size: int
    """How wide it is: the logarithm to base 2 of the number of packets, over all header fields."""
    less: tuple[tuple[str, tuple[int, ...]], ...] = ()
    """Chains and handles of earlier rules that take some of `packets`, where without these the set would be too long to write."""
    truncated: int = 0
    """Boxes that are not written out."""
    may: bool = False
    """It cannot be told whether the rule lets them through: a rate, or a construct that is not decided."""


class Dead(Struct, frozen=True, kw_only=True):
    """A rule that no packet can match."""

    rule: RuleRef
    why: str


class Shadow(Struct, frozen=True, kw_only=True):
    """A rule all of whose packets earlier rules take."""

    rule: RuleRef
    by: tuple[RuleRef, ...]
    changes: bool
    """Whether one of them does something else with the packets than this rule would."""


class Summary(Struct, frozen=True, kw_only=True):
    """All directions and exchanges of a flow in one word."""

    flow: str
    verdict: str
    wanted: str


class Report(Struct, frozen=True, kw_only=True):
    """The verdict on a ruleset at one place of a site."""

    flows: tuple[FlowVerdict, ...]
    wider: tuple[Wider, ...]
    dead: tuple[Dead, ...]
    shadowed: tuple[Shadow, ...]
    summary: tuple[Summary, ...]
    notes: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        """0 all needed flows pass and no forbidden one does, 1 some do not, 3 that cannot be told of some."""
        if any(not one.holds and one.verdict != "unknown" for one in self.flows):
            return 1
        return 3 if any(one.verdict == "unknown" for one in self.flows) else 0


def reference(rule: Rule) -> RuleRef:
    """How a report names a rule."""
    return RuleRef(chain=rule.chain, handle=rule.handle, text=rule.text, comment=rule.comment, packets=rule.packets)


def decider(decision: Decision) -> RuleRef:
    """The rule of a decision, or the policy."""
    return (
        reference(decision.rule)
        if decision.rule is not None
        else RuleRef(chain=decision.chain, policy=decision.kind.value)
    )


def written(packets: Boxes) -> Packets:
    """A set as tables; at most MOST_BOXES."""
    return tuple(table(box) for box in packets.boxes[:MOST_BOXES])


def said(packets: Boxes, of: Boxes, *, whole: bool) -> tuple[Packets, str]:
    """`packets` of those asked for: only in the fields in which they are fewer."""
    if whole:
        return ({},), "all of it"
    part = _implied(narrowed(projected(packets), of), of).joined()
    return written(part), describe(part)


def _implied(packets: Boxes, of: Boxes) -> Boxes:
    """Without the fields that say nothing of a packet of `of` that the others do not say: the interface behind which a subnet is."""
    if len(packets) > _TRIED or len(of) > _TRIED:
        return packets
    names = dict.fromkeys(name for box in packets for name in box.fields)
    for name in sorted(names, key=lambda name: not name.endswith("ifname")):
        fewer = packets.without(name)
        if (fewer & of).issubset(packets):
            packets = fewer
    return packets


def narrowed(packets: Boxes, of: Boxes) -> Boxes:
    """The same part, without the fields that are everywhere as in all boxes of the set that it is a part of."""
    first = of.any().fields
    same = [name for name, values in first.items() if all(box.fields.get(name) == values for box in (*of, *packets))]
    return Boxes.put(box.without(*same) for box in packets)
