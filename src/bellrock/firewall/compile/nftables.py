"""nftables rules as an expert writes them: named sets, dispatch by verdict maps, own table, atomic replacement.

A packet of a known connection costs one lookup. A new one costs a lookup of its protocol, one of its port, and the few
rules of that port, each a lookup of source and destination in a set: the size of the site does not matter.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from msgspec import Struct

from bellrock.firewall.compile.clauses import L4PROTO, ends, joined, state, transports
from bellrock.firewall.compile.guards import guard_chain, guard_sets
from bellrock.firewall.compile.named import InterfaceSets, Sets
from bellrock.firewall.compile.policy import Artefact, Policy, Term
from bellrock.firewall.compile.ports import segments
from bellrock.firewall.compile.text import braces, comment, port_range, quoted
from bellrock.firewall.compile.words import document, helper_objects, last_words, opening, reason
from bellrock.flows.passages import Hook
from bellrock.flows.values import Protocol, Stance

_WIDE: Final = 1024
"""A range of more ports is not dispatched by port: its rule stands behind the map, once."""


class Rule(Struct, frozen=True):
    """The terms that one rule says, and how."""

    match: str
    verdict: str
    terms: tuple[Term, ...]

    def lines(self, *, explain: bool) -> list[str]:
        """The rule, under its reasons where they are wanted."""
        ids = list(dict.fromkeys(term.id for term in self.terms))
        said = comment(ids)
        above = [reason(term) for term in self.terms] if explain else []
        if said != quoted(", ".join(ids)):
            above.append("for " + ", ".join(ids))
        return [
            *(f"\t\t# {line}" for line in dict.fromkeys(above)),
            f"\t\t{joined(self.match, self.verdict)} comment {said}",
        ]


def nftables(policy: Policy) -> Artefact:
    """One table that replaces itself when the file is loaded again, and touches no other."""
    writer = _Writer(policy)
    chains = [text for hook in policy.hooks for text in writer.hook(hook)]
    declarations = [
        *helper_objects(policy),
        *writer.sets.text(),
        *writer.interfaces.text(),
        *guard_sets(policy.guards),
    ]
    return document(policy, "nftables", [*declarations, *guard_chain(policy), *chains])


class _Writer:
    """Writes chains; the sets that rules compare with are collected on the way."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.sets = Sets(policy.parties)
        self.interfaces = InterfaceSets()

    def hook(self, hook: Hook) -> list[str]:
        """The chains of one hook; those that are jumped to come first."""
        terms = [term for term in self.policy.terms if term.hook is hook]
        needed = [term for term in terms if term.stance is Stance.NEEDED]
        forbidden = [term for term in terms if term.stance is Stance.FORBIDDEN]
        stateless = self._rules([term for term in needed if term.stateless], "counter accept", by_port=False)
        if hook is Hook.OUTPUT and not self.policy.options.filter_output:
            needed = [term for term in needed if term.helper]
        chains = self._forbidden(hook, forbidden)
        used = [protocol for protocol in L4PROTO if any(term.protocol is protocol for term in needed)]
        for protocol in used:
            chains += self._protocol(hook, protocol, [term for term in needed if term.protocol is protocol])
        return [*chains, self._invalid(hook, stateless), self._base(hook, forbidden, used)]

    def _base(self, hook: Hook, forbidden: Sequence[Term], used: Sequence[Protocol]) -> str:
        lines = opening(self.policy, hook, self.sets.of)
        lines += [f"\t\t{match} jump {hook}_forbidden" for match in _to_forbidden(forbidden)]
        lines.append(f"\t\tct state vmap {{ established : accept, invalid : jump {hook}_invalid }}")
        if used:
            cases = ", ".join(f"{L4PROTO[protocol]} : jump {hook}_{protocol}" for protocol in used)
            lines.append(f"\t\tmeta l4proto vmap {{ {cases} }}")
        return _chain(str(hook), [*lines, *last_words(self.policy, hook)])

    def _forbidden(self, hook: Hook, terms: Sequence[Term]) -> list[str]:
        rules = self._rules(terms, "counter drop", by_port=False)
        return [self._regular(f"{hook}_forbidden", rules)] if rules else []

    def _invalid(self, hook: Hook, stateless: Sequence[Rule]) -> str:
        said = '\t\tcounter drop comment "of no known connection, and not the first of one"'
        return _chain(f"{hook}_invalid", [*self._lines(stateless), said])

    def _protocol(self, hook: Hook, protocol: Protocol, terms: Sequence[Term]) -> list[str]:
        name = f"{hook}_{protocol}"
        narrow = [term for term in terms if _is_narrow(term)]
        wide = self._rules([term for term in terms if not _is_narrow(term)], "counter accept", by_port=False)
        chains, cases = [], []
        for spans, members in segments(narrow):
            port = f"{name}_{port_range(spans[0]).replace('-', '_')}"
            chains.append(self._regular(port, self._rules(members, "counter accept", by_port=True)))
            cases += [f"{port_range(span)} : jump {port}" for span in spans]
        dispatch = [f"\t\t{protocol} dport vmap {{ {', '.join(cases)} }}"] if cases else []
        return [*chains, _chain(name, [*dispatch, *self._lines(wide)])]

    def _rules(self, terms: Iterable[Term], verdict: str, *, by_port: bool) -> list[Rule]:
        """One rule for all terms that match the same packets and have the same effect."""
        together: dict[tuple[str, str], list[Term]] = {}
        for term in terms:
            here = ends(term, self.sets.of(term.source), self.sets.of(term.destination), self.interfaces.of)
            assign = f'ct helper set "{term.helper}"' if term.helper else ""
            for transport in transports(term, destination_port=not by_port):
                match = joined(here, transport, state(term))
                together.setdefault((match, joined(assign, verdict)), []).append(term)
        return [Rule(match, verdict, tuple(members)) for (match, verdict), members in together.items()]

    def _regular(self, name: str, rules: Sequence[Rule]) -> str:
        return _chain(name, self._lines(rules))

    def _lines(self, rules: Sequence[Rule]) -> list[str]:
        return [line for rule in rules for line in rule.lines(explain=self.policy.options.explain)]


def _is_narrow(term: Term) -> bool:
    if term.protocol not in (Protocol.TCP, Protocol.UDP) or not term.destination_ports:
        return False
    return sum(last - first + 1 for first, last in term.destination_ports) <= _WIDE


def _to_forbidden(terms: Sequence[Term]) -> list[str]:
    """What sends a packet to the forbidden flows: as little work as can be for all others, which come by here, too."""
    matches: dict[str, None] = {}
    for protocol in dict.fromkeys(term.protocol for term in terms):
        own = [term for term in terms if term.protocol is protocol]
        spans = [span for members, _ in segments(own) for span in members]
        if all(_is_narrow(term) for term in own):
            matches[f"{protocol} dport {braces([port_range(span) for span in spans])}"] = None
        else:
            matches[f"meta l4proto {L4PROTO[protocol]}"] = None
    return list(matches)


def _chain(name: str, lines: Sequence[str]) -> str:
    body = "\n".join(lines)
    return f"\tchain {name} {{\n{body}\n\t}}\n"
