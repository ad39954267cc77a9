"""The verdict on a ruleset: does what a site needs pass at a place, both ways, and what passes besides."""

from collections.abc import Iterable
from typing import Final

from bellrock.firewall.verify import wanted
from bellrock.firewall.verify.boxes import Box, Boxes
from bellrock.firewall.verify.court import BACK, THERE, Case, Court, Hearing
from bellrock.firewall.verify.dead import lifeless
from bellrock.firewall.verify.homes import Homes, at_home, sparing, strangers
from bellrock.firewall.verify.others import Others, others
from bellrock.firewall.verify.report import FlowVerdict, Gap, Report, RuleRef, Summary, reference, said
from bellrock.firewall.verify.route import Route
from bellrock.firewall.verify.ruleset import Ruleset, VerdictKind
from bellrock.firewall.verify.state import CT_ESTABLISHED
from bellrock.firewall.verify.walk import Outcome
from bellrock.firewall.verify.wider import widest
from bellrock.flows.crossing import crossings
from bellrock.flows.passages import Crossing, Hook, Place
from bellrock.flows.site import Site
from bellrock.flows.values import Stance

_WORST: Final = ("blocked", "partly", "unknown", "passes")


def check(ruleset: Ruleset, site: Site, place: Place) -> Report:
    """Decides every crossing of `site` at `place`, what passes besides, and which rules do nothing. Raises RulesetError."""
    home = at_home(site) if place.is_router else None
    return check_crossings(ruleset, crossings(site, place), home, strangers(site, place), others(site))


def check_crossings(
    ruleset: Ruleset,
    asked: Iterable[Crossing],
    home: Homes | None = None,
    spared: Boxes | None = None,
    foreign: Others | None = None,
) -> Report:
    """The same for crossings that stand already. Raises RulesetError.

    Where `home` is given, only what comes and goes there is asked for; what of `spared` is forwarded is never called wider.
    `foreign`: addresses that are surely not the router's own, so that what is translated to them is forwarded still.
    """
    court = Court(ruleset) if foreign is None else Court(ruleset, foreign)
    cases = court.hear(tuple(asked))
    if home is not None:
        cases = [sparing(case, home) for case in cases]
    flows = tuple(verdict for case in cases for verdict in _verdicts(ruleset, case, home))
    needed = _needed(cases)
    if spared is not None:
        forwarded = THERE[Hook.FORWARD]
        needed[forwarded] = Boxes.put((*needed[forwarded], *spared))
    dead, shadowed = lifeless(ruleset, court.program)
    hooks = dict.fromkeys(case.crossing.hook for case in cases)
    return Report(
        flows=flows,
        wider=tuple(
            one
            for hook in hooks
            for one in widest(court.program(THERE[hook]), needed[THERE[hook]], policies(ruleset, hook))
        ),
        dead=dead,
        shadowed=shadowed,
        summary=_summaries(flows),
        notes=(
            *ruleset.notes,
            *(_unfiltered(hook) for hook in hooks if not policies(ruleset, hook)),
            *_stacked(court, hooks),
            *_NOTES,
        ),
    )


_NOTES: Final = ("wider: source ports and interfaces are not counted; packets that begin a connection are",)


def _stacked(court: Court, hooks: Iterable[Hook]) -> tuple[str, ...]:
    """One line for each thing below IP that may stop packets."""
    arounds = [court.around(route) for hook in hooks for route in (THERE[hook], BACK[hook])]
    return tuple(
        dict.fromkeys(
            f"{doubt.why}; what it may stop is unknown"
            for around in arounds
            for doubt in (*around.coming, *around.leaving)
        )
    )


def policies(ruleset: Ruleset, hook: Hook) -> tuple[RuleRef, ...]:
    """The policies of the base chains that filter at a hook."""
    return tuple(
        RuleRef(chain=chain.key, policy=chain.policy.value)
        for chain in ruleset.chains.values()
        if chain.hook == hook.value and chain.type != "nat" and chain.family in {"inet", "ip", "ip6"}
    )


def _unfiltered(hook: Hook) -> str:
    return f"no rule filters the hook {hook.value}: everything passes there"


def _verdicts(ruleset: Ruleset, case: Case, home: Homes | None) -> list[FlowVerdict]:
    forbidden = case.crossing.passage.flow.stance is Stance.FORBIDDEN
    found = [_verdict(ruleset, case.crossing, "request", case.request, home)]
    if case.reply and not forbidden:
        found.append(_verdict(ruleset, case.crossing, "reply", case.reply, home))
    return found


def _verdict(
    ruleset: Ruleset, crossing: Crossing, direction: str, heard: tuple[Hearing, ...], home: Homes | None
) -> FlowVerdict:
    passage = crossing.passage
    gaps = tuple(gap for hearing in heard for gap in _gaps(hearing, home))
    rules = tuple(dict.fromkeys(ref for one in heard for outcome in one.outcomes for ref in _references(outcome)))
    hook = _hook(crossing.hook) if direction == "reply" else crossing.hook
    why = "; ".join(dict.fromkeys(gap.why for gap in gaps if gap.why))
    if not rules:
        rules = tuple(one for one in policies(ruleset, hook) if _concerns(one, passage.family))
        why = why or ("" if rules else _unfiltered(hook))
    return FlowVerdict(
        flow=passage.flow.id,
        exchange=passage.exchange.name,
        family=passage.family,
        source=passage.source.name,
        destination=passage.destination.name,
        hook=hook.value,
        direction=direction,
        verdict=_word({outcome.verdict for one in heard for outcome in one.outcomes}),
        wanted="block" if passage.flow.stance is Stance.FORBIDDEN else "pass",
        rules=rules,
        missing=gaps,
        why=why,
    )


def _hook(there: Hook) -> Hook:
    return {Hook.INPUT: Hook.OUTPUT, Hook.OUTPUT: Hook.INPUT, Hook.FORWARD: Hook.FORWARD}[there]


def _concerns(policy: RuleRef, family: int) -> bool:
    return not policy.chain.startswith("ip6 " if family == 4 else "ip ")


def _word(verdicts: set[str]) -> str:
    """blocked and passing parts are `partly`; what cannot be told counts where nothing certain stands against it.

    Where nothing was heard, nothing is known.
    """
    stopped = bool(verdicts & {"drop", "reject"})
    if not verdicts:
        return "unknown"
    if stopped and "accept" in verdicts:
        return "partly"
    if "unknown" in verdicts:
        return "unknown"
    return "blocked" if stopped else "passes"


def _gaps(heard: Hearing, home: Homes | None) -> list[Gap]:
    alike: dict[tuple[str, tuple[RuleRef, ...], str], list[Box]] = {}
    for outcome in heard.outcomes:
        if outcome.verdict != "accept":
            key = (outcome.verdict, _references(outcome), outcome.why)
            alike.setdefault(key, []).extend(outcome.packets)
    if not alike:
        return []
    asked = heard.packets if home is None else heard.packets & home[0] & home[1]
    found: list[Gap] = []
    for (verdict, rules, why), boxes in alike.items():
        whole = len(alike) == 1 and all(outcome.verdict != "accept" for outcome in heard.outcomes)
        packets, text = said(Boxes.put(boxes), asked, whole=whole)
        found.append(Gap(verdict=verdict, rules=rules, packets=packets, text=text, why=why, of=heard.of))
    return found


def _references(outcome: Outcome) -> tuple[RuleRef, ...]:
    refs = tuple(dict.fromkeys(reference(rule) for rule in outcome.rules))
    return (*refs, RuleRef(chain=outcome.policy, policy=VerdictKind.DROP.value)) if outcome.policy else refs


def _summaries(flows: tuple[FlowVerdict, ...]) -> tuple[Summary, ...]:
    """A flow is what its directions are together: blocked in one and passing in another is `partly`.

    That the answers would pass says nothing where no request does.
    """
    verdicts: dict[tuple[str, str], set[str]] = {}
    asked = ""
    for one in flows:
        asked = one.verdict if one.direction == "request" else asked
        if one.direction == "request" or asked != "blocked":
            verdicts.setdefault((one.flow, one.wanted), set()).add(one.verdict)
    return tuple(Summary(flow=flow, verdict=_together(some), wanted=want) for (flow, want), some in verdicts.items())


def _together(verdicts: set[str]) -> str:
    if len(verdicts) == 1:
        return next(iter(verdicts))
    return "partly" if verdicts & {"blocked", "partly"} else "unknown"


def _needed(cases: list[Case]) -> dict[Route, Boxes]:
    """What new packets each route must let through, answers included that no connection covers."""
    gathered: dict[Route, list[Boxes]] = {route: [] for route in THERE.values()}
    for case in cases:
        if case.crossing.passage.flow.stance is Stance.FORBIDDEN:
            continue
        gathered[THERE[case.crossing.hook]].append(wanted.essence(case.request[0].packets))
        for heard in case.reply:
            if any(CT_ESTABLISHED not in box.get("ct_state") for box in heard.packets):
                gathered[BACK[case.crossing.hook]].append(wanted.essence(heard.packets))
    return {route: Boxes.put(box for some in sets for box in some) for route, sets in gathered.items()}
