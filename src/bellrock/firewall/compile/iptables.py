"""A policy as input of iptables-restore and ip6tables-restore, for machines without nft.

Without sets, addresses would multiply: every source with every destination. So each party's addresses stand once, in
chains of their own (source, then destination, then ports), and what a packet costs adds up instead. Long lists of
addresses are a tree of chains by common prefix.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from bellrock.firewall.compile.policy import Artefact, CompileError, Policy, Term, is_whole
from bellrock.firewall.compile.prefixes import Network, networks
from bellrock.firewall.compile.text import one_line
from bellrock.firewall.compile.words import heading
from bellrock.flows.passages import Hook, Party
from bellrock.flows.values import Family, PortRange, Protocol

PREFIX_LENGTH: Final = 16
"""A chain's name has at most 28 characters; twelve of them are ours."""
BRANCH: Final = 24
"""Addresses that a chain looks at one by one before a tree pays."""
MULTIPORT: Final = 15
"""Ports that one multiport match holds; a range counts twice (iptables-extensions(8))."""

_ESTABLISHED: Final = "-m conntrack --ctstate ESTABLISHED -j ACCEPT"
"""A connection is decided once, by its first packet."""
_INVALID: Final = (
    '-m conntrack --ctstate INVALID -m comment --comment "of no known connection, and not the first of one" -j DROP'
)

_LOOPBACK: Final = {Hook.INPUT: ("-i lo -j ACCEPT",), Hook.OUTPUT: ("-o lo -j ACCEPT",)}
"""What a machine says to itself."""

_PROGRAM: Final[dict[Family, str]] = {4: "iptables", 6: "ip6tables"}
_PROTOCOL: Final = {Protocol.ICMPV6: "ipv6-icmp"}
_ICMP: Final = {Protocol.ICMP: "-m icmp --icmp-type", Protocol.ICMPV6: "-m icmp6 --icmpv6-type"}


def iptables(policy: Policy) -> Artefact:
    """The IPv4 half, for `iptables-restore --noflush`. See `write`."""
    return write(policy, 4)


def ip6tables(policy: Policy) -> Artefact:
    """The IPv6 half, for `ip6tables-restore --noflush`. See `write`."""
    return write(policy, 6)


def write(policy: Policy, family: Family) -> Artefact:
    """The rules of one family, in chains whose names begin with the policy's table name.

    Raises:
        CompileError: the table name is too long for names of chains.
    """
    prefix = policy.options.table.upper()
    if len(prefix) > PREFIX_LENGTH:
        raise CompileError(
            f"table name '{policy.options.table}': chains of iptables need one of at most {PREFIX_LENGTH} characters"
        )
    notices = (*policy.notices, *_notices(policy, family))
    tables = [_filter(policy, family, prefix)]
    if any(term.helper for term in _terms(policy, family)):
        tables.insert(0, _raw(policy, family, prefix))
    lines = [f"# {line}" for line in (*_head(policy, family), *(f"Notice: {one_line(notice)}" for notice in notices))]
    for table in tables:
        lines += table.lines()
    return Artefact(target=_PROGRAM[family], text="\n".join(lines) + "\n", notices=notices)


class _Table:
    """Chains in the order of their making, and the jumps to them from the built-in ones."""

    def __init__(self, name: str, prefix: str) -> None:
        self._name = name
        self._prefix = prefix
        self._chains: dict[str, list[str]] = {}
        self._jumps: list[str] = []

    def base(self, builtin: str) -> list[str]:
        """The rules of the chain that takes everything from a built-in one."""
        name = f"{self._prefix}-{builtin}"
        # First, not last: what somebody else's rule accepts ahead of ours would never be judged.
        self._jumps.append(f"-I {builtin} 1 -j {name}")
        return self._chains.setdefault(name, [])

    def chain(self) -> tuple[str, list[str]]:
        """The name and the rules of one more chain."""
        name = f"{self._prefix}-{len(self._chains):05}"
        return name, self._chains.setdefault(name, [])

    def lines(self) -> Iterator[str]:
        """As iptables-restore reads them. Naming a chain empties it, so a second load replaces the first."""
        yield f"*{self._name}"
        yield from (f":{name} - [0:0]" for name in self._chains)
        for name, rules in self._chains.items():
            yield from (f"-A {name} {rule}" for rule in rules)
        yield from self._jumps
        yield "COMMIT"


def _filter(policy: Policy, family: Family, prefix: str) -> _Table:
    table = _Table("filter", prefix)
    for hook in policy.hooks:
        closed = hook is not Hook.OUTPUT or policy.options.filter_output
        forbidden, needed = _at(policy.forbidden, hook, family), _at(policy.needed, hook, family)
        if not closed and not forbidden:
            continue
        rules = table.base(hook.upper())
        rules += _LOOPBACK.get(hook, ())
        if hook is not Hook.OUTPUT:
            _guard(table, rules, policy, family)
        inner = _in_scope(table, rules, policy, family)
        if inner is None:
            continue
        rules = inner
        _dispatch(table, rules, forbidden, lambda _: "-j DROP")
        if closed:
            rules.append(_ESTABLISHED)
            _dispatch(table, rules, [term for term in needed if term.stateless], lambda _: "-j ACCEPT")
            rules.append(_INVALID)
            _dispatch(table, rules, [term for term in needed if not term.stateless], lambda _: "-j ACCEPT")
            rules += _last_words(policy, hook)
    return table


def _in_scope(table: _Table, rules: list[str], policy: Policy, family: Family) -> list[str] | None:
    """At a gateway, a chain for what goes to its role or comes from it; all else goes back to whoever else has rules.

    None where the role has no addresses of the family.
    """
    party = next((party for party in policy.scope if party.family == family), None)
    if policy.place.gateway_of is None or (party and is_whole(party)):
        return rules
    if party is None:
        return None
    name, inner = table.chain()
    for option in ("-s", "-d"):
        _addresses(table, rules, option, networks(party.ranges, family), f"-j {name}")
    return inner


def _last_words(policy: Policy, hook: Hook) -> Iterator[str]:
    """What no flow needs: said at a rate that a log survives, counted, dropped."""
    if policy.options.log:
        said = f"{policy.options.table} {hook} drop: "
        yield f'-m limit --limit 5/second --limit-burst 10 -j LOG --log-prefix "{said}"'
    yield '-m comment --comment "no flow needs it" -j DROP'


def _raw(policy: Policy, family: Family, prefix: str) -> _Table:
    """Helpers are assigned before connection tracking sees the packet: nothing else needs the raw table."""
    table = _Table("raw", prefix)
    wanted = [term for term in _terms(policy, family) if term.helper]
    for builtin, local in (("PREROUTING", False), ("OUTPUT", True)):
        terms = [term for term in wanted if (term.hook is Hook.OUTPUT) == local]
        if terms:
            # The way out is not known yet in this table.
            _dispatch(table, table.base(builtin), terms, lambda term: f"-j CT --helper {term.helper}", ways_out=False)
    return table


def _guard(table: _Table, rules: list[str], policy: Policy, family: Family) -> None:
    """What comes in elsewhere than where its source lives is dropped; who lives behind no known interface is left to the rules."""
    for guard in policy.guards:
        if guard.family == family:
            name, own = table.chain()
            _addresses(table, rules, "-s", networks(guard.ranges, family), f"-j {name}")
            own.append(f'! -i {guard.interface} -m comment --comment "spoofed: lives on {guard.interface}" -j DROP')


def _dispatch(
    table: _Table, rules: list[str], terms: Iterable[Term], verdict: Callable[[Term], str], *, ways_out: bool = True
) -> None:
    """Source, then destination, then the terms between the two."""
    for source, of_source in _grouped(terms, lambda term: term.source):
        inner = _descend(table, rules, "-s", source)
        for destination, between in _grouped(of_source, lambda term: term.destination):
            last = _descend(table, inner, "-d", destination)
            for term in between:
                last += (f"{match} {_comment(term)} {verdict(term)}" for match in _matches(term, ways_out=ways_out))


def _grouped(terms: Iterable[Term], key: Callable[[Term], Party]) -> list[tuple[Party, list[Term]]]:
    groups: dict[Party, list[Term]] = {}
    for term in terms:
        groups.setdefault(key(term), []).append(term)
    return list(groups.items())


def _descend(table: _Table, rules: list[str], option: str, party: Party) -> list[str]:
    """The rules for packets of a party; without a chain of their own where everybody is meant."""
    if is_whole(party):
        return rules
    name, inner = table.chain()
    _addresses(table, rules, option, networks(party.ranges, party.family), f"-j {name}")
    return inner


def _addresses(table: _Table, rules: list[str], option: str, wanted: list[Network], action: str) -> None:
    """One rule for each network, or a tree of chains. The networks are disjoint, so a packet meets `action` at most once."""
    if len(wanted) <= BRANCH:
        rules += (f"{option} {network} {action}" for network in wanted)
        return
    size = -(-len(wanted) // BRANCH)
    for first in range(0, len(wanted), size):
        part = wanted[first : first + size]
        name, branch = table.chain()
        rules.append(f"{option} {_common(part)} -j {name}")
        _addresses(table, branch, option, part, action)


def _common(part: list[Network]) -> Network:
    """The longest prefix that holds all of them."""
    first, last = part[0], part[-1]
    bits = (int(first.network_address) ^ int(last.broadcast_address)).bit_length()
    length = first.max_prefixlen - bits
    return first if first.prefixlen <= length else first.supernet(new_prefix=length)


def _matches(term: Term, *, ways_out: bool) -> Iterator[str]:
    """One match for each interface, part of the ports and ICMP type: each packet of the term meets exactly one."""
    state = " -m conntrack --ctstate RELATED" if term.expected else ""
    for way in _ways(term, ways_out=ways_out):
        for kind in _kinds(term):
            yield f"{way}-p {_PROTOCOL.get(term.protocol, term.protocol)}{kind}{state}"


def _ways(term: Term, *, ways_out: bool) -> Iterator[str]:
    # A name with a + at its end would be a pattern; the policy has checked the rest of it.
    for incoming in term.in_interfaces or ("",):
        for outgoing in (term.out_interfaces if ways_out else ()) or ("",):
            yield (f"-i {incoming} " if incoming else "") + (f"-o {outgoing} " if outgoing else "")


def _kinds(term: Term) -> Iterator[str]:
    if term.protocol in _ICMP and term.types:
        for number, code in term.types:
            yield f" {_ICMP[term.protocol]} {number}" + ("" if code is None else f"/{code}")
        return
    for sources in _ports(term, "s", term.source_ports):
        for destinations in _ports(term, "d", term.destination_ports):
            yield sources + destinations


def _ports(term: Term, side: str, ranges: tuple[PortRange, ...]) -> list[str]:
    if not ranges:
        return [""]
    if len(ranges) == 1:
        return [f" -m {term.protocol} --{side}port {_range(ranges[0])}"]
    return [f" -m multiport --{side}ports {','.join(_range(one) for one in part)}" for part in _handfuls(ranges)]


def _handfuls(ranges: tuple[PortRange, ...]) -> Iterator[list[PortRange]]:
    part: list[PortRange] = []
    weight = 0
    for one in ranges:
        need = 1 if one[0] == one[1] else 2
        if weight + need > MULTIPORT:
            yield part
            part, weight = [], 0
        part.append(one)
        weight += need
    yield part


def _range(ports: PortRange) -> str:
    return str(ports[0]) if ports[0] == ports[1] else f"{ports[0]}:{ports[1]}"


def _comment(term: Term) -> str:
    return f'-m comment --comment "{term.id}"'


def _terms(policy: Policy, family: Family) -> list[Term]:
    return [term for term in policy.terms if term.family == family]


def _at(terms: Iterable[Term], hook: Hook, family: Family) -> list[Term]:
    return [term for term in terms if term.hook is hook and term.family == family]


def _head(policy: Policy, family: Family) -> Iterator[str]:
    yield from heading(policy)
    yield f"IPv{family}. Load with: {_PROGRAM[family]}-restore --noflush FILE; a second load replaces the rules of the first."
    yield "It adds the jumps from the built-in chains once more, though; the older ones are never reached."


def _notices(policy: Policy, family: Family) -> Iterator[str]:
    other: Family = 6 if family == 4 else 4
    if _terms(policy, other):
        yield f"this is IPv{family} only; the same policy for IPv{other} is the target {_PROGRAM[other]}"
    if any(term.protocol is Protocol.IGMP and term.types for term in _terms(policy, family)):
        yield "iptables cannot tell the types of IGMP apart: all of them are taken"
    if any(name.endswith("+") for term in policy.terms for name in (*term.in_interfaces, *term.out_interfaces)):
        yield "an interface name that ends in + is a pattern to iptables: every interface that begins so is meant"
