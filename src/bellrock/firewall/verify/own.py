"""What a host's own ruleset drops of the flows that the host serves: only what is surely dropped, whoever sends it."""

from collections.abc import Collection, Iterable, Iterator
from ipaddress import ip_network
from typing import Final

from msgspec import Struct

from bellrock.firewall.verify.check import check
from bellrock.firewall.verify.report import FlowVerdict, RuleRef
from bellrock.firewall.verify.ruleset import Ruleset
from bellrock.flows import CATALOGUE
from bellrock.flows.addresses import ALL, collected
from bellrock.flows.passages import Place
from bellrock.flows.site import Members, Site
from bellrock.flows.values import Exchange, Role
from bellrock.model.here import Blocked

_ROLES: Final = (Role.NODE, Role.RACK, Role.REGION, Role.RELAY)
_SERVING: Final = (Role.RACK, Role.REGION, Role.RELAY)
_IPTABLES: Final = frozenset({"INPUT", "OUTPUT", "FORWARD"})
_EXCHANGES: Final = {(flow.id, exchange.name): exchange for flow in CATALOGUE for exchange in flow.exchanges}
_HELPED: Final = {flow.id: exchange for flow in CATALOGUE for exchange in flow.exchanges if exchange.helper}
_ANSWERS: Final = "ct state established,related accept"


class Serves(Struct, frozen=True):
    """A port of the host at which a program takes packets by way of the IP stack, so that rules decide about them."""

    protocol: str
    port: int
    family: int


def blocked(
    ruleset: Ruleset, roles: Collection[str], addresses: Iterable[str], serves: Collection[Serves], *, forwards: bool = False
) -> tuple[Blocked, ...]:  # fmt: skip
    """What is dropped or rejected, from wherever it comes, of what programs of this host serve in its roles.

    Args:
        ruleset: the host's own.
        roles: that it plays, as the catalogue names them; others are left out.
        addresses: its own, without prefix length.
        serves: what programs take; a flow that nothing here serves is not missed.
        forwards: it forwards packets, so that its rules stand between others.

    Raises:
        RulesetError: the rules cannot be decided about.
    """
    own = [one for one in addresses if not one.startswith("fe80:")]
    played = tuple(role for role in _SERVING if role.value in roles)
    found: list[Blocked] = []
    if played and own:
        members = {role: Members(addresses=ALL) for role in _ROLES if role not in played}
        mine = Members(addresses=collected(ip_network(one) for one in own))
        report = check(ruleset, Site(roles=members | dict.fromkeys(played, mine)), Place(roles=played))
        found += _at_host(report.flows, own, serves)
    if forwards:
        everywhere = {role: Members(addresses=ALL) for role in _ROLES}
        found += _helpless(check(ruleset, Site(roles=everywhere), Place()).flows, "through", "", own)
    return tuple({(one.flow, one.direction, one.rule): one for one in reversed(found)}.values())[::-1]


def _at_host(flows: tuple[FlowVerdict, ...], own: list[str], serves: Collection[Serves]) -> Iterator[Blocked]:
    dropped = {(one.flow, one.exchange, one.family) for one in flows if _is_dropped(one) and one.hook == "input"}
    for one in flows:
        exchange = _EXCHANGES[one.flow, one.exchange]
        if not _is_dropped(one) or exchange.expected or not _served(one, exchange, serves):
            continue
        if one.direction == "reply" and (one.flow, one.exchange, one.family) in dropped:
            continue  # no answer where no request comes in
        yield _blocked(one, exchange, "in" if one.hook == "input" else "out", own)
    for flow, exchange in _HELPED.items():
        if any(_takes(exchange, family, serves) for family in (4, 6)):
            yield from _helpless(flows, "out", flow, own)
            yield from _unanswered(flows, flow, own)


def _unanswered(flows: tuple[FlowVerdict, ...], flow: str, own: list[str]) -> Iterator[Blocked]:
    """Data that leaves, and whose acknowledgements are dropped."""
    lost = {
        (one.exchange, one.family)
        for one in flows
        if one.flow == flow and one.direction == "request" and _is_dropped(one)
    }
    for one in flows:
        exchange = _EXCHANGES[one.flow, one.exchange]
        known = (
            one.flow == flow
            and exchange.expected
            and one.direction == "reply"
            and (one.exchange, one.family) not in lost
        )
        if known and _is_dropped(one) and (_HELPED[flow].name, one.family) not in lost:
            yield _blocked(one, exchange, "in", own)


def _helpless(flows: tuple[FlowVerdict, ...], direction: str, flow: str, own: list[str]) -> Iterator[Blocked]:
    """Data of which the request passes: on ports that only a helper would know. `flow`: this one alone."""
    passing = {
        (one.flow, one.family) for one in flows
        if one.verdict in ("passes", "partly") and one.flow in _HELPED and one.exchange == _HELPED[one.flow].name
    }  # fmt: skip
    for one in flows:
        exchange = _EXCHANGES[one.flow, one.exchange]
        helped = exchange.expected and (one.flow, one.family) in passing and flow in ("", one.flow)
        if helped and _is_dropped(one) and one.direction == "request":
            yield _blocked(one, exchange, direction, own, helper=True)


def _is_dropped(one: FlowVerdict) -> bool:
    return one.wanted == "pass" and one.verdict == "blocked"


def _served(one: FlowVerdict, exchange: Exchange, serves: Collection[Serves]) -> bool:
    """Whether a program here takes these packets, or sends them from the port at which it takes others."""
    if one.direction == "request" and one.hook == "output":
        ports = [port for port, last in exchange.source_ports if port == last]
        return any(Serves(exchange.protocol.value, port, one.family) in serves for port in ports)
    return _takes(exchange, one.family, serves)


def _takes(exchange: Exchange, family: int, serves: Collection[Serves]) -> bool:
    return any(
        one.protocol == exchange.protocol.value and one.family == family and first <= one.port <= last
        for one in serves for first, last in exchange.destination_ports if (first, last) != (0, 65535)
    )  # fmt: skip


def _blocked(one: FlowVerdict, exchange: Exchange, direction: str, own: list[str], *, helper: bool = False) -> Blocked:
    rule = one.missing[0].rules[-1]
    return Blocked(
        flow=one.flow, direction=direction, packet=_example(one, exchange, own), rule=str(rule),
        rejects=one.missing[0].verdict == "reject", helper=helper, fix=tuple(_fix(one, exchange, rule, helper=helper)),
    )  # fmt: skip


def _example(one: FlowVerdict, exchange: Exchange, own: list[str]) -> str:
    """`udp 0.0.0.0:68 > 255.255.255.255:67`; of an answer the other way round."""
    mine = next((address for address in own if (":" in address) == (one.family == 6)), "")
    ends = [
        _end(name, ports, mine) for name, ports in ((one.source, exchange.source_ports), (one.destination, exchange.destination_ports))
    ]  # fmt: skip
    there, back = (ends[1], ends[0]) if one.direction == "reply" else (ends[0], ends[1])
    return f"{exchange.protocol.value} {there} > {back}"


def _end(name: str, ports: tuple[tuple[int, int], ...], mine: str) -> str:
    first, last = ports[0]
    role = name.removesuffix("-v6")
    shown = mine if role in _SERVING and mine else role
    port = "" if first != last else f":{first}"
    return f"[{shown}]{port}" if ":" in shown and port else f"{shown}{port}"


def _fix(one: FlowVerdict, exchange: Exchange, rule: RuleRef, *, helper: bool) -> Iterator[str]:
    chain, name = rule.chain, rule.chain.rpartition(" ")[2]
    if helper:
        yield from _helping(_HELPED[one.flow], chain)
    accepted = _ANSWERS if helper or one.direction == "reply" else _accept(one, exchange)
    if name in _IPTABLES:
        yield _iptables(one, exchange, name, established=accepted == _ANSWERS)
    elif rule.policy:
        yield f"nft 'add rule {chain} {accepted}'"
    else:
        yield f"nft 'insert rule {chain} handle {rule.handle} {accepted}'"


def _accept(one: FlowVerdict, exchange: Exchange) -> str:
    """The rule that lets the request pass."""
    protocol = exchange.protocol.value
    sends = one.hook == "output" and exchange.source_ports[0][0] == exchange.source_ports[0][1]
    ports, side = (exchange.source_ports, "sport") if sends else (exchange.destination_ports, "dport")
    shown = ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in ports)
    return f"{protocol} {side} {shown if len(ports) == 1 else f'{{ {shown} }}'} accept"


def _helping(request: Exchange, chain: str) -> Iterator[str]:
    """nft's lines that have connection tracking read the request (nft(8), ct helper)."""
    table, port = chain.rpartition(" ")[0], request.destination_ports[0][0]
    words = chain.rpartition(" ")[2]
    if words in _IPTABLES:
        yield f"iptables -t raw -I PREROUTING -p udp --dport {port} -j CT --helper {request.helper}"
        return
    protocol = request.protocol.value
    yield f"nft 'add ct helper {table} {request.helper} {{ type \"{request.helper}\" protocol {protocol}; }}'"
    yield f"nft 'add chain {table} {request.helper}-helper {{ type filter hook prerouting priority 0; }}'"
    yield f"nft 'add rule {table} {request.helper}-helper {protocol} dport {port} ct helper set \"{request.helper}\"'"


def _iptables(one: FlowVerdict, exchange: Exchange, chain: str, *, established: bool) -> str:
    program = "ip6tables" if one.family == 6 else "iptables"
    if established:
        return f"{program} -I {chain} -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT"
    sends = one.hook == "output" and exchange.source_ports[0][0] == exchange.source_ports[0][1]
    ports, side = (exchange.source_ports, "--sport") if sends else (exchange.destination_ports, "--dport")
    return f"{program} -I {chain} -p {exchange.protocol.value} {side} {ports[0][0]} -j ACCEPT"
