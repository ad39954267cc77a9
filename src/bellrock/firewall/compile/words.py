"""What every nftables document of ours has in common: its head, how base chains begin and end, why a rule is there."""

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from bellrock.firewall.compile.policy import Artefact, Policy, Term, is_whole
from bellrock.firewall.compile.text import one_line
from bellrock.flows.passages import Hook, Party, Place
from bellrock.flows.values import Family, Stance

_IP: Final[dict[Family, str]] = {4: "ip", 6: "ip6"}
_INTERFACE_OF: Final = {Hook.INPUT: "iifname", Hook.OUTPUT: "oifname"}


def document(policy: Policy, target: str, parts: Sequence[str]) -> Artefact:
    """A file that `nft -f` can load again and again: each time the table is replaced in one transaction, or not at all."""
    table = f"table inet {policy.options.table}"
    head = [f"# {line}" for line in (*heading(policy), *map(_item, policy.notices))]
    text = "\n".join([*head, "", f"{table} {{}}", f"delete {table}", f"{table} {{"])
    return Artefact(target=target, text=text + "\n" + "\n".join(parts) + "}\n", notices=policy.notices)


def heading(policy: Policy) -> Iterable[str]:
    """What the file is, for whoever opens it in a year."""
    yield f"Firewall of {place_text(policy.place)}, written by bellrock from the flow catalogue."
    yield f"Do not edit: change the site and build again. {rest(policy)}"


def rest(policy: Policy) -> str:
    """What becomes of packets that no flow needs, as a sentence."""
    role = policy.place.gateway_of
    if role is None:
        return "What no flow needs is dropped."
    return f"What goes to role {role} or comes from it and no flow needs is dropped; all other traffic is left alone."


def place_text(place: Place) -> str:
    """`a router between subnets`, `a machine that is rack and region`."""
    if not place.is_router:
        return "a machine that is " + " and ".join(place.roles)
    return f"the gateway of role {place.gateway_of}" if place.gateway_of else "a router between subnets"


def helper_objects(policy: Policy) -> list[str]:
    """A conntrack helper object for each helper that a term needs; each is of UDP or TCP as its first term is."""
    helpers = {term.helper: term.protocol for term in policy.terms if term.helper}
    return [
        f'\tct helper {name} {{\n\t\ttype "{name}" protocol {protocol}\n\t\tl3proto inet\n\t}}\n'
        for name, protocol in helpers.items()
    ]


def is_open(policy: Policy, hook: Hook) -> bool:
    """Whether all that no rule blocks may pass at this hook."""
    return hook is Hook.OUTPUT and not policy.options.filter_output


def opening(policy: Policy, hook: Hook, addresses: Callable[[Party], str]) -> list[str]:
    """How a base chain begins: its hook, on hosts what a machine says to itself, at a gateway what is none of its business.

    `addresses` says what to compare an address with.
    """
    verdict = "accept" if is_open(policy, hook) else "drop"
    lines = [f"\t\ttype filter hook {hook} priority filter; policy {verdict};"]
    if hook in _INTERFACE_OF:
        lines.append(f'\t\t{_INTERFACE_OF[hook]} "lo" accept comment "loopback"')
    return lines + _out_of_scope(policy, addresses)


def _out_of_scope(policy: Policy, addresses: Callable[[Party], str]) -> list[str]:
    """Other tables still judge what is accepted here: an accept ends our base chain only."""
    role = policy.place.gateway_of
    if role is None:
        return []
    said = f'accept comment "neither to nor from role {role}"'
    behind = {party.family: party for party in policy.scope}
    lines = []
    for family, ip in _IP.items():
        party = behind.get(family)
        if party is None:
            lines.append(f"\t\tmeta nfproto ipv{family} {said}")
        elif not is_whole(party):
            lines.append(f"\t\t{ip} saddr != {addresses(party)} {ip} daddr != {addresses(party)} {said}")
    return lines


def last_words(policy: Policy, hook: Hook) -> list[str]:
    """What no flow needs: said at a rate that a log survives, counted, dropped."""
    if is_open(policy, hook):
        return []
    prefix = f"{policy.options.table} {hook} drop: "
    log = [f'\t\tlimit rate 5/second burst 10 packets log prefix "{prefix}"'] if policy.options.log else []
    return [*log, '\t\tcounter drop comment "no flow needs it"']


def reason(term: Term) -> str:
    """Why a rule is there: flow, exchange, source, and what the catalogue notes."""
    stance = "must not be there: " if term.stance is Stance.FORBIDDEN else ""
    note = f" ({term.note})" if term.note else ""
    return one_line(f"{term.id}: {stance}{term.title}{note}. {term.why}")


def _item(notice: str) -> str:
    return "Notice: " + one_line(notice)
