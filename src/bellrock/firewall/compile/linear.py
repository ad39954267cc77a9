"""nftables as people write it by hand: a rule for each term, source range and destination range, one below the other.

It means what the style of sets means; it is there to be compared with.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from bellrock.firewall.compile.clauses import ends, joined, state, transports
from bellrock.firewall.compile.guards import guard_chain, guard_sets
from bellrock.firewall.compile.named import InterfaceSets
from bellrock.firewall.compile.policy import Artefact, CompileError, Policy, Term, is_whole
from bellrock.firewall.compile.text import address_range, braces, quoted
from bellrock.firewall.compile.words import document, helper_objects, is_open, last_words, opening, reason
from bellrock.flows.passages import Hook, Party
from bellrock.flows.values import Stance

LIMIT: Final = 100_000
"""Rules; beyond, neither nft nor a kernel is quick with them, and the style of sets is meant for it."""


def linear(policy: Policy) -> Artefact:
    """The same policy without sets and maps.

    Raises:
        CompileError: it would take more than `LIMIT` rules.
    """
    _check_size(policy)
    interfaces = InterfaceSets()
    chains = [_chain(policy, hook, interfaces) for hook in policy.hooks]
    declarations = [*helper_objects(policy), *interfaces.text(), *guard_sets(policy.guards), *guard_chain(policy)]
    return document(policy, "nftables", [*declarations, *chains])


def _check_size(policy: Policy) -> None:
    rules = sum(len(term.source.ranges) * len(term.destination.ranges) * len(transports(term)) for term in policy.terms)
    if rules > LIMIT:
        raise CompileError(f"style linear would take {rules:,} rules, and {LIMIT:,} are the most; use style sets")


def _chain(policy: Policy, hook: Hook, interfaces: InterfaceSets) -> str:
    terms = [term for term in policy.terms if term.hook is hook]
    needed = [term for term in terms if term.stance is Stance.NEEDED]
    stateless = [term for term in needed if term.stateless]
    if is_open(policy, hook):
        rest = [term for term in needed if term.helper]
    else:
        rest = [term for term in needed if not term.stateless]
    lines = opening(policy, hook, lambda party: braces(_texts(party)))
    lines += _block(policy, [term for term in terms if term.stance is Stance.FORBIDDEN], interfaces)
    lines.append("\t\tct state established accept")
    lines += _block(policy, stateless, interfaces)
    lines.append("\t\tct state invalid counter drop")
    lines += _block(policy, rest, interfaces)
    body = "\n".join([*lines, *last_words(policy, hook)])
    return f"\tchain {hook} {{\n{body}\n\t}}\n"


def _block(policy: Policy, terms: Iterable[Term], interfaces: InterfaceSets) -> Iterator[str]:
    for term in terms:
        if policy.options.explain:
            yield f"\t\t# {reason(term)}"
        yield from _rules(term, interfaces)


def _rules(term: Term, interfaces: InterfaceSets) -> Iterator[str]:
    verdict = "counter drop" if term.stance is Stance.FORBIDDEN else "counter accept"
    assign = f'ct helper set "{term.helper}"' if term.helper else ""
    tail = joined(state(term), assign, verdict, "comment", quoted(term.id))
    for source in _texts(term.source):
        for destination in _texts(term.destination):
            here = ends(term, source, destination, interfaces.of)
            for transport in transports(term):
                yield f"\t\t{joined(here, transport, tail)}"


def _texts(party: Party) -> list[str]:
    return [""] if is_whole(party) else [address_range(party.family, span) for span in party.ranges]
