"""From a policy to the rules that a platform is able to say; whatever that changes is said in a notice."""

from collections.abc import Iterable, Iterator
from typing import Final

from msgspec import structs

from bellrock.firewall.compile.policy import CompileError, Policy, Term
from bellrock.firewall.compile.prefixes import networks
from bellrock.firewall.compile.vendors.platforms import Icmp, Platform
from bellrock.firewall.compile.vendors.rules import EVERY_PORT, PORTED, WHOLE, Rule, with_comment
from bellrock.flows.passages import Hook
from bellrock.flows.values import Family, Protocol, Reach, Stance

LINES: Final = 50_000
"""Of one text: more than devices hold (their tables have some thousands of entries) or anybody reads."""

_DIRECTIONS: Final = {Hook.INPUT: "in", Hook.OUTPUT: "out", Hook.FORWARD: ""}
_ECHO: Final = {Protocol.ICMP: {8: 0}, Protocol.ICMPV6: {128: 129}}
"""Requests and their replies (RFC 792, RFC 4443 §4); other messages have none."""

_CODED: Final = {Protocol.ICMP: (3, 5, 9, 11, 12), Protocol.ICMPV6: (1, 3, 4, 138, 139, 140)}
"""Types of which there are several codes (IANA's registries); Aerleon writes the codes of no other."""

_LINK = "broadcast, group and link-local exchanges: the end that is this machine is any of its addresses"
_NO_HELPER = (
    "no connection tracking helper is named: data packets have lines of their own, which open every port that they may "
    "use (take them out where the platform inspects the protocol by itself)"
)


class _Notices:
    """What is said, once, with the exchanges of which it is true; in the order of first use."""

    def __init__(self, general: Iterable[str]) -> None:
        self._said: dict[str, dict[str, None]] = {text: {} for text in general}

    def add(self, text: str, subject: str = "") -> None:
        """One more."""
        of = self._said.setdefault(text, {})
        if subject:
            of[subject] = None

    def lines(self) -> tuple[str, ...]:
        """One for each text."""
        return tuple(f"{text}: {', '.join(of)}" if of else text for text, of in self._said.items())


def prepare(policy: Policy, platform: Platform, target: str) -> tuple[list[Rule], tuple[str, ...]]:
    """The rules, denials first, and what differs from the policy.

    Raises:
        CompileError: the platform does not stand at such a place, or nothing is left to say.
    """
    _check_place(policy, platform, target)
    notices = _Notices((*policy.notices, *_taking_all(policy), *platform.notes))
    rules: list[Rule] = []
    for term in (*policy.forbidden, *policy.needed):
        if term.hook is Hook.OUTPUT and not policy.options.filter_output:
            continue
        rules += _rules(term, platform, notices)
    if not any(rule.accept for rule in rules):
        raise CompileError(f"{target}: no flow crosses this place that it has words for; nothing was written")
    if platform.hears:
        rules += _heard(policy, platform, {rule.family for rule in rules}, notices)
    if platform.multiplies:
        _check_size(rules, target)
    return list(_named(_folded(rules))), notices.lines()


def _heard(policy: Policy, platform: Platform, families: set[Family], notices: _Notices) -> Iterator[Rule]:
    """What the router itself must hear, where the family has a list at all; a list is for both ways, so these lines name none."""
    for term in policy.heard:
        if term.family in families:
            yield from _by_code(
                structs.replace(_widened(_rule(term), term, platform, notices), direction=""), platform, notices
            )


def _taking_all(policy: Policy) -> Iterator[str]:
    """A list's last line denies everything, whoever it is about."""
    role = policy.place.gateway_of
    if role is not None:
        yield (
            f"this list drops everything else, also what has nothing to do with role {role}: apply it where only traffic "
            f"to and from {role} passes, or build --for router if this device forwards anything else"
        )


def _check_place(policy: Policy, platform: Platform, target: str) -> None:
    if policy.place.is_router and platform.on_host:
        raise CompileError(f"{target} protects hosts: name the role of the host with --for, not router")
    if not policy.place.is_router and not platform.on_host:
        raise CompileError(f"{target} stands between subnets: use it with --for router")
    if policy.guards:
        raise CompileError(f"{target}: a spoof guard is written for nftables and iptables only; leave it out")


def _check_size(rules: list[Rule], target: str) -> None:
    lines = sum(_lines(rule) for rule in rules)
    if lines > LINES:
        raise CompileError(
            f"{target} writes a line for each pair of networks and ports: {lines:,} lines, more than {LINES:,}; "
            "use fewer, wider networks in the site, or a target that has groups of addresses"
        )


def _lines(rule: Rule) -> int:
    ends = len(networks(rule.sources, rule.family)) * len(networks(rule.destinations, rule.family))
    return ends * len(rule.source_ports) * len(rule.destination_ports) * max(1, len(rule.types))


def _rules(term: Term, platform: Platform, notices: _Notices) -> Iterator[Rule]:
    if reason := _unsayable(term, platform):
        notices.add(f"left out, {reason}", term.id)
        return
    if term.stance is Stance.FORBIDDEN and platform.own_addresses is False:
        notices.add("no line can deny it; what lets it through is only what other flows need", term.id)
        return
    base = _widened(_rule(term), term, platform, notices)
    for rule in _by_code(base, platform, notices):
        yield rule
        if rule.accept and not platform.stateful and term.answered:
            yield from _replies(rule)


def _rule(term: Term) -> Rule:
    return Rule(
        name=f"{term.flow}-{term.exchange}",
        accept=term.stance is Stance.NEEDED,
        family=term.family,
        protocol=term.protocol,
        sources=term.source.ranges,
        destinations=term.destination.ranges,
        source_ports=term.source_ports or EVERY_PORT,
        destination_ports=term.destination_ports or EVERY_PORT,
        types=term.types,
        direction=_DIRECTIONS[term.hook],
        comment=f"{term.id}: {term.title}",
    )


def _unsayable(term: Term, platform: Platform) -> str:
    if term.family not in platform.families:
        return "Aerleon's generator for it writes no IPv6"
    if term.protocol is Protocol.IGMP and not platform.hears:
        return "it has no word for IGMP here"
    if term.protocol not in PORTED and platform.icmp is Icmp.NONE:
        return "it has no word for ICMP; errors that belong to a connection pass with it"
    return ""


def _widened(rule: Rule, term: Term, platform: Platform, notices: _Notices) -> Rule:
    if term.protocol in PORTED and (term.helper or term.expected):
        notices.add(_NO_HELPER, term.flow)
    if term.in_interfaces or term.out_interfaces:
        notices.add("interfaces are not named: the lines hold wherever the list is applied")
    if not platform.source_ports and rule.source_ports != EVERY_PORT:
        notices.add("source ports cannot be named, any is taken", term.id)
        rule = structs.replace(with_comment(rule, "any source port"), source_ports=EVERY_PORT)
    if platform.on_host and (term.reach is Reach.LINK or not platform.own_addresses):
        rule = _of_the_machine(rule, term, platform, notices)
    if platform.icmp is Icmp.WHOLE and rule.types:
        notices.add("ICMP types cannot be told apart, all of them are taken", term.id)
        rule = structs.replace(with_comment(rule, "all types"), types=())
    return rule


def _of_the_machine(rule: Rule, term: Term, platform: Platform, notices: _Notices) -> Rule:
    """The end that is the protected machine itself is any address, where a broadcast or its own cannot be named."""
    if platform.own_addresses:
        notices.add(_LINK, term.id)
    if rule.direction == "in":
        return structs.replace(rule, destinations=WHOLE[rule.family])
    return structs.replace(rule, sources=WHOLE[rule.family])


def _by_code(rule: Rule, platform: Platform, notices: _Notices) -> Iterator[Rule]:
    """One rule for each ICMP code, since lists of types and lists of codes would multiply."""
    coded = () if platform.icmp is Icmp.TYPES or not rule.protocol else _CODED.get(rule.protocol, ())
    single = tuple((kind, code) for kind, code in rule.types if code is not None and kind in coded)
    if any(code is not None and kind not in coded for kind, code in rule.types):
        notices.add("ICMP codes are not named, every code of the type is taken", rule.name)
    plain = tuple(dict.fromkeys((kind, None) for kind, code in rule.types if (kind, code) not in single))
    if plain or not single:
        yield structs.replace(rule, types=plain)
    for kind in single:
        yield structs.replace(rule, types=(kind,))


def _replies(rule: Rule) -> Iterator[Rule]:
    back = structs.replace(
        rule,
        name=f"{rule.name}-reply",
        comment=f"{rule.comment}, answers",
        sources=rule.destinations,
        destinations=rule.sources,
        source_ports=rule.destination_ports,
        destination_ports=rule.source_ports,
        established=rule.protocol is Protocol.TCP,
    )
    if rule.protocol in PORTED:
        yield back
        return
    # The reply is meant, not the request turned round.
    answers = _ECHO.get(rule.protocol, {}) if rule.protocol else {}
    kinds = tuple((answers[kind], code) for kind, code in rule.types if kind in answers)
    if kinds:
        yield structs.replace(back, types=kinds)


def _folded(rules: Iterable[Rule]) -> list[Rule]:
    """Those that have come to say the same are one, with the remarks of all."""
    found: dict[Rule, Rule] = {}
    for rule in rules:
        bare = structs.replace(rule, name="", comment="")
        earlier = found.get(bare)
        found[bare] = rule if earlier is None else with_comment(earlier, rule.comment)
    return list(found.values())


def _named(rules: Iterable[Rule]) -> Iterator[Rule]:
    """Names are unique, short enough for every platform (35 characters on FortiGate), and the same on each run."""
    seen: dict[str, int] = {}
    for rule in rules:
        stem = f"{rule.name[:28]}-v{rule.family}"
        seen[stem] = seen.get(stem, 0) + 1
        yield structs.replace(rule, name=stem if seen[stem] == 1 else f"{stem}-{seen[stem]}")
