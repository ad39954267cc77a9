"""What to do about packets that a ruleset does not let through: the rule that `firewall build` would write, and where it belongs."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from bellrock.cli.checkcauses import Cause, Found

if TYPE_CHECKING:
    from bellrock.firewall.compile.policy import Term
    from bellrock.firewall.verify.report import FlowVerdict, RuleRef
    from bellrock.flows.passages import Place
    from bellrock.flows.site import Site

_MOST: Final = 3
"""Rules that are written out; of more, the command that writes them is told."""
_RANGES: Final = 6
"""Addresses that such a rule may name at either end."""
_IPTABLES: Final = frozenset({"INPUT", "OUTPUT", "FORWARD"})
_ANSWERS: Final = "ct state established,related accept"
_ANSWERS_IPTABLES: Final = "-m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT"


class Setting(Struct, frozen=True, kw_only=True):
    """Where the rules are and what they are for."""

    site: "Site"
    place: "Place"
    command: str
    """That writes all rules of this place."""
    live: bool
    """The rules are those of this machine, so nft can change them; else they are a file's."""


def advice(held: Found, setting: Setting) -> Iterator[str]:
    """Lines for an operator; none where nothing is known that helps. A line that begins with a blank is not to be broken."""
    cause = held.cause
    if cause.rule is None:
        if cause.verdict == "accept" and _terms(held, setting):
            yield "Drop it, with the rules that this writes:"
            yield f"  {setting.command}"
        return
    iptables = cause.rule.chain.rpartition(" ")[2] in _IPTABLES
    if any(effect.of != "first packets" or effect.direction == "reply" for effect in held.effects):
        yield "Let pass what belongs to a connection that was let through:"
        yield _placed(cause.rule, _ANSWERS, setting) if not iptables else f"  {_ANSWERS_IPTABLES}"
    terms = _terms(held, setting)
    if not terms:
        return
    yield from _helper(terms)
    rules = [] if iptables or not _short(terms) else list(dict.fromkeys(map(_rule, terms)))
    if not rules or len(rules) > _MOST:
        target = " --target iptables" if iptables else ""
        yield f"{_intention(cause)}, with the rules that this writes:"
        yield f"  {setting.command}{target}"
        return
    yield f"{_intention(cause)}:"
    yield from (_placed(cause.rule, rule, setting) for rule in rules)


def _intention(cause: Cause) -> str:
    if cause.verdict == "unknown":
        return "Decide it before this rule"
    return "Drop it before that" if cause.verdict == "accept" else "Let it pass"


def _terms(held: Found, setting: Setting) -> "list[Term]":
    """What the rules of this place say of the requests that are concerned."""
    from bellrock.firewall.compile.policy import CompileError, Options, policy

    wanted = {_key(one) for one in held.verdicts if one.direction == "request"}
    first = {(effect.flow, effect.exchange) for effect in held.effects if effect.of == "first packets"}
    try:
        terms = policy(setting.site, setting.place, Options()).terms
    except CompileError:
        return []
    return [
        term
        for term in terms
        if (term.flow, term.exchange) in first
        and (term.flow, term.exchange, term.family, term.source.name, term.destination.name, str(term.hook)) in wanted
    ]


def _key(one: "FlowVerdict") -> tuple[str, str, int, str, str, str]:
    return one.flow, one.exchange, one.family, one.source, one.destination, one.hook


def _short(terms: "list[Term]") -> bool:
    """Whether the rules can be read on a line each."""
    return all(max(len(term.source.ranges), len(term.destination.ranges)) <= _RANGES for term in terms)


def _helper(terms: "list[Term]") -> Iterator[str]:
    """Data on ports that the request announces pass only where a helper reads them."""
    from bellrock.flows import CATALOGUE

    helpers = {flow.id: exchange.helper for flow in CATALOGUE for exchange in flow.exchanges if exchange.helper}
    for flow in dict.fromkeys(term.flow for term in terms if term.expected and term.flow in helpers):
        yield f'The ports of {flow} data are announced in its request: the rule that accepts the request needs `ct helper set "{helpers[flow]}"` too.'


def _rule(term: "Term") -> str:
    """A rule of the style of hand: no sets, but several addresses in one pair of braces."""
    from bellrock.firewall.compile.clauses import ends, joined, state, transports
    from bellrock.firewall.compile.named import InterfaceSets
    from bellrock.firewall.compile.policy import is_whole
    from bellrock.firewall.compile.text import address_range, braces, quoted
    from bellrock.flows.values import Stance

    def addresses(whose: str) -> str:
        party = getattr(term, whose)
        return "" if is_whole(party) else braces([address_range(party.family, span) for span in party.ranges])

    here = ends(term, addresses("source"), addresses("destination"), InterfaceSets().of)
    verdict = "drop" if term.stance is Stance.FORBIDDEN else "accept"
    return joined(here, transports(term)[0], state(term), verdict, "comment", quoted(term.id))


def _placed(at: "RuleRef", rule: str, setting: Setting) -> str:
    """Where a rule belongs: before the one that decides, or at the end of a chain whose policy does."""
    if setting.live:
        where = f"add rule {at.chain}" if at.policy else f"insert rule {at.chain} handle {at.handle}"
        return f"  nft '{where} {rule}'"
    where = f"at the end of {at.chain}" if at.policy else f"before handle {at.handle} of {at.chain}"
    return f"  {where}: {rule}"
