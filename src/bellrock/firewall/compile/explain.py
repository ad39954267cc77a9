"""Why each rule is there, as Markdown for whoever has to sign it."""

from collections.abc import Iterable, Sequence

from bellrock.firewall.compile.policy import Policy, Term
from bellrock.firewall.compile.text import one_line, port_range
from bellrock.firewall.compile.words import place_text, rest
from bellrock.flows.passages import Party
from bellrock.flows.values import Protocol, Reach, Stance


def explain(policy: Policy) -> str:
    """A section per flow: what the catalogue notes, and each exchange with its reason and its rules."""
    flows: dict[str, list[Term]] = {}
    for term in policy.terms:
        flows.setdefault(term.flow, []).append(term)
    lines = [f"# Firewall of {place_text(policy.place)}", "", _summary(policy), ""]
    lines += [f"> Notice: {_plain(notice)}" for notice in policy.notices]
    for terms in flows.values():
        lines += _flow(terms)
    lines += ["", "## Everything else", "", *_rest(policy)]
    return "\n".join(lines) + "\n"


def _summary(policy: Policy) -> str:
    needed, forbidden = len({t.flow for t in policy.needed}), len({t.flow for t in policy.forbidden})
    blocked = f", {_counted(forbidden, 'flow')} blocked by name" if forbidden else ""
    return f"{_counted(needed, 'flow')} let through{blocked}. {rest(policy)}"


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _flow(terms: Sequence[Term]) -> list[str]:
    first = terms[0]
    blocked = " (blocked)" if first.stance is Stance.FORBIDDEN else ""
    lines = ["", f"## {first.flow}: {_plain(first.title)}{blocked}", ""]
    if first.note:
        lines += [f"{_plain(first.note)}.", ""]
    exchanges: dict[str, list[Term]] = {}
    for term in terms:
        exchanges.setdefault(term.exchange, []).append(term)
    return lines + [line for members in exchanges.values() for line in _exchange(members)]


def _exchange(terms: Sequence[Term]) -> list[str]:
    first = terms[0]
    verb = "drops" if first.stance is Stance.FORBIDDEN else "accepts"
    ways = dict.fromkeys(
        f"  - {term.hook} {verb} {_packets(term)} from {_party(term.source)} to {_party(term.destination)}{_by(term)}"
        for term in terms
    )
    return [f"- **{first.id}**: {_plain(first.why)}.{_more(first)}", *ways]


def _packets(term: Term) -> str:
    words = [str(term.protocol)]
    if term.types:
        words.append("type " + ", ".join(f"{kind}" if code is None else f"{kind}/{code}" for kind, code in term.types))
    if term.source_ports:
        words.append("from port " + _ranges(term.source_ports))
    if term.destination_ports:
        words.append("to port " + _ranges(term.destination_ports))
    return " ".join(words)


def _ranges(ports: Iterable[tuple[int, int]]) -> str:
    return ", ".join(port_range(span) for span in ports)


def _party(party: Party) -> str:
    return f"`{party.name}`"


def _by(term: Term) -> str:
    parts = []
    if term.in_interfaces:
        parts.append("in by " + ", ".join(term.in_interfaces))
    if term.out_interfaces:
        parts.append("out by " + ", ".join(term.out_interfaces))
    return f" ({'; '.join(parts)})" if parts else ""


def _more(term: Term) -> str:
    """What a reader of the rule would otherwise wonder about."""
    parts = []
    if term.helper:
        parts.append(
            f"The conntrack helper `{term.helper}` reads these packets and announces the connections that follow."
        )
    if term.expected and term.protocol in (Protocol.TCP, Protocol.UDP):
        parts.append(
            "Only packets that the helper announced pass (`ct state related`), so no range of ports stands open."
        )
    elif term.expected:
        parts.append("Only those that belong to a known connection pass (`ct state related`).")
    if term.reach is Reach.LINK:
        parts.append("These packets stay on their link.")
    if not term.answered and term.stance is Stance.NEEDED and not term.expected:
        parts.append("Nothing comes back on the same ports, or what does is an exchange of its own.")
    return "".join(f" {part}" for part in parts)


def _rest(policy: Policy) -> list[str]:
    lines = [
        "- Answers pass by connection tracking (`established`); a rule names the direction of the first packet only."
    ]
    if not policy.place.is_router:
        lines.append("- What the machine says to itself (interface `lo`) passes.")
    if not policy.options.filter_output and not policy.place.is_router:
        lines.append("- What leaves the machine is not filtered.")
    if policy.guards:
        names = ", ".join(f"`{name}`" for name in dict.fromkeys(guard.interface for guard in policy.guards))
        lines.append(f"- Sources that live behind one of {names} may not come in elsewhere (RFC 2827).")
    log = " and logged, five a second at most" if policy.options.log else ""
    role = policy.place.gateway_of
    if role is not None:
        lines.append(f"- What neither goes to role {role} nor comes from it is left to others' rules.")
    return [*lines, f"- All else is dropped, counted{log}."]


def _plain(text: str) -> str:
    return one_line(text).rstrip(".")
