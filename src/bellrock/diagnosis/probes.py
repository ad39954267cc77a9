"""flow-…: what is wrong of what was tried and judged, with its cause and what to do."""

from collections.abc import Iterable
from typing import Final

from bellrock.diagnosis.obstacles import MET, NO_WAY, Case
from bellrock.diagnosis.verdicts import SILENT, Pair, host_of
from bellrock.flows import Flow, UnknownFlowError, Wanted, flow
from bellrock.model import Confidence, Finding, Probed, Severity, Verdict

RANK: Final = (
    Verdict.WORKS, Verdict.NOT_CHECKED, Verdict.DEGRADED, Verdict.AUTHENTICATION_NEEDED, Verdict.TLS_FAULT, Verdict.WRONG_SERVICE,
    Verdict.REFUSED, Verdict.FILTERED, Verdict.UNREACHABLE, Verdict.EXPOSED,
)  # fmt: skip
"""From good to bad: of several verdicts the worst is told."""
ID: Final = "flow-"
HOST_ID: Final = "host-silent"
WAY_ID: Final = "no-way"
ROUTE_ID: Final = "no-default-route"
IDS: Final = (*(f"{ID}{verdict}" for verdict in RANK[1:]), HOST_ID, WAY_ID, ROUTE_ID)
"""Of all findings about services, as their reference has them."""
MAX_PROOF: Final = 12
"""Sentences of proof in a finding."""
MAX_NAMED: Final = 24
"""Hosts, or flows, that a finding names."""
MAX_RECHECKED: Final = 6
"""Flows that a command to try again names."""
_ORDER: Final = tuple(Severity)


_CASES: Final = {
    Verdict.DEGRADED: Case(Severity.WARNING, "It does its work, but not as well as it should, or not for much longer.", ()),
    Verdict.WRONG_SERVICE: Case(
        Severity.ERROR,
        "Another program holds the port, or something on the way answers in the service's name.",
        ("See on the target who holds the port: ss -lntup.",),
        Confidence.LIKELY,
    ),
    Verdict.REFUSED: Case(
        Severity.ERROR,
        "The service is stopped, or listens on another address or port; or rules, at the target or on the way to it, reject in its name.",
        ("See on the target whether and where it listens: ss -lntup.", "If it does, see what the rules let through: bellrock firewall check."),
        Confidence.LIKELY,
    ),
    Verdict.FILTERED: Case(
        Severity.ERROR,
        "A firewall at either end or between them drops the packets or the answers, or the target is off.",
        ("With an agent at both ends, bellrock path A B {flow} says where packets die.", "See what a host's rules let through: bellrock firewall check."),
        Confidence.POSSIBLE,
    ),
    Verdict.UNREACHABLE: Case(
        Severity.ERROR,
        "There is no way to the target: a route is missing here or at a router, or nobody has its address.",
        ("See the way that this host takes: ip route get ADDRESS.", "See whether the target is on, and on the VLAN that its address belongs to."),
        Confidence.POSSIBLE,
    ),
    Verdict.TLS_FAULT: Case(
        Severity.ERROR,
        "Clients that check certificates, firmware above all, will not use it.",
        ("Replace the certificate, or set the clock that is wrong.",),
    ),
    Verdict.AUTHENTICATION_NEEDED: Case(
        Severity.WARNING,
        "The service is there and wants credentials: whether machines that have them are let in was not tried.",
        ("Give the credentials by a file: -o NAME-file=PATH, or in the site file.",),
    ),
    Verdict.EXPOSED: Case(
        Severity.ERROR,
        "Nothing between keeps out who should not get there.",
        ("Write rules that keep it: bellrock firewall build; hold those that are there against the site: bellrock firewall check.",),
    ),
    Verdict.NOT_CHECKED: Case(Severity.NOTICE, "Nothing is known about it.", ()),
}  # fmt: skip
_SERVES_NOBODY: Final = Case(
    Severity.ERROR,
    "It is there and speaks its protocol, but this host gets nothing from it that it could use.",
    ("See on the target what it serves, to whom (its access list), and whether those whom it asks itself answer.",),
)
_NAMELESS: Final = Case(
    Severity.NOTICE, "No name server answers, so that its name leads nowhere: see the findings about DNS. Nothing is known about the service itself.",
    ("Mend DNS first, and check again.",),
)  # fmt: skip
_ON_LINK: Final = Case(
    Severity.ERROR, "A program or a machine on this very link answers: rules of hosts and routers do not stand between.",
    ("Find it by what is said of it, and stop it there, or take its port out of this VLAN.", "A switch keeps such answers to the ports that may give them: DHCP snooping."),
)  # fmt: skip
_HOST_FIX: Final = (
    "See whether the target is on, and on the VLAN that its address belongs to.",
    "See what its rules let through: bellrock firewall check.",
)
_LINK_FIX: Final = (
    "See that a server, or a relay to one, serves this VLAN.",
    "See what the rules of both let through: bellrock firewall check.",
)


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """Of several verdicts the one to tell; of none, that nothing was checked."""
    return max(verdicts, key=RANK.index, default=Verdict.NOT_CHECKED)


def findings(pairs: Iterable[Pair], host: str = "") -> tuple[Finding, ...]:
    """What is wrong, of results that were judged, the gravest first. `host`: where it was tried.

    One for a host of which nothing at all was heard, and one for all hosts to which there is no way for the same reason.
    """
    given = list(pairs)
    nameless = _no_names(given)
    mine = _by_address(given)
    ways = _ways(mine)
    astray = {address for addresses in ways.values() for address in addresses}
    silent = {address for address, tried in mine.items() if address not in astray and _says_nothing(tried)}
    found = [_of_way([(address, mine[address]) for address in addresses], host) for addresses in ways.values()]
    found += [_of_host(address, mine[address], host) for address in sorted(silent)]
    alike: dict[tuple[str, str, Verdict], list[Pair]] = {}
    told = silent | astray
    for want, probed in given:
        if probed.verdict in _CASES and _address(want, probed) not in told:
            alike.setdefault((want.flow, probed.target, probed.verdict), []).append((want, probed))
    found += [_of(tried, host, nameless=nameless) for tried in alike.values()]
    return tuple(sorted(found, key=lambda one: _ORDER.index(one.severity)))


def no_default_route() -> Finding:
    """For a machine of which neither family has one."""
    return Finding(
        id=ROUTE_ID, severity=Severity.NOTICE, what="this machine has no default route",
        cause="What is not on its own links it reaches only where a route of its own says so.",
        proof=("neither /proc/net/route nor /proc/net/ipv6_route has a gateway for all destinations",), recheck="ip route; ip -6 route",
    )  # fmt: skip


def _address(want: Wanted, probed: Probed) -> str:
    return host_of(want.address) or host_of(probed.target)


def _by_address(pairs: list[Pair]) -> dict[str, list[Pair]]:
    found: dict[str, list[Pair]] = {}
    for want, probed in pairs:
        if want.expectation == "pass" and (address := _address(want, probed)):
            found.setdefault(address, []).append((want, probed))
    return found


def _says_nothing(mine: list[Pair]) -> bool:
    """Whether several different services of a host were tried and not one packet of it came."""
    return len({want.flow for want, _ in mine}) > 1 and all(probed.verdict in SILENT for _, probed in mine)


def _ways(mine: dict[str, list[Pair]]) -> dict[tuple[str, str], list[str]]:
    """Who says so and why there is no way → the addresses; those that more than one check has met."""
    found: dict[tuple[str, str], list[str]] = {}
    for address, tried in mine.items():
        reasons = {(probed.by, probed.obstacle) for _, probed in tried if probed.obstacle in NO_WAY}
        if reasons and all(probed.verdict is Verdict.UNREACHABLE for _, probed in tried):
            found.setdefault(min(reasons), []).append(address)
    return {
        reason: addresses for reason, addresses in found.items()
        if len({want.flow for address in addresses for want, _ in mine[address]}) > 1 or len(addresses) > 1
    }  # fmt: skip


def _of_way(hosts: list[tuple[str, list[Pair]]], host: str) -> Finding:
    tried = [pair for _, pairs in hosts for pair in pairs]
    _, first = next(pair for pair in tried if pair[1].obstacle in NO_WAY)
    case = MET[first.obstacle]
    where = _some([address for address, _ in hosts])
    return Finding(
        id=WAY_ID, severity=case.severity, host=host,
        what=f"{NO_WAY[first.obstacle].format(by=first.by or 'this machine')} {where}{_from(first)}: {_flows(tried)}",
        address=first.by or min(address for address, _ in hosts), cause=case.cause, proof=_sentences(tried), evidence=_verdicts(tried, host),
        confidence=case.confidence, fix=_fix(case, *tried[0]), recheck=_recheck(host, *(want.flow for want, _ in tried)),
    )  # fmt: skip


def _of_host(address: str, mine: list[Pair], host: str) -> Finding:
    return Finding(
        id=HOST_ID, severity=Severity.ERROR, host=host, what=f"{address} does not answer at all{_from(mine[0][1])}: {_flows(mine)}",
        cause="It is off, has another address, or nothing passes on the way to it: no service of it can be judged.",
        address=address, proof=_sentences(mine), evidence=_verdicts(mine, host), confidence=Confidence.POSSIBLE, fix=_HOST_FIX,
        recheck=_recheck(host, *(want.flow for want, _ in mine)),
    )  # fmt: skip


def _flows(mine: list[Pair]) -> str:
    tried = list(dict.fromkeys(want.flow for want, _ in mine))
    return f"{_some(tried)} {'was' if len(tried) == 1 else 'were'} tried"


def _some(texts: list[str]) -> str:
    shown = ", ".join(texts[:MAX_NAMED])
    return shown if len(texts) <= MAX_NAMED else f"{shown} and {len(texts) - MAX_NAMED} more"


def _sentences(mine: list[Pair]) -> tuple[str, ...]:
    return tuple(f"{want.flow} {probed.target}: {probed.detail}" for want, probed in mine[:MAX_PROOF])


def _no_names(pairs: list[Pair]) -> bool:
    """Whether name servers were tried and none of them serves."""
    seen = [probed.verdict for want, probed in pairs if want.flow == "dns" and want.expectation == "pass"]
    return bool(seen) and all(verdict not in (Verdict.WORKS, Verdict.DEGRADED, Verdict.NOT_CHECKED) for verdict in seen)


def _case(want: Wanted, probed: Probed, *, nameless: bool) -> Case:
    if nameless and probed.verdict is Verdict.NOT_CHECKED and want.name and not _address(want, probed):
        return _NAMELESS
    if probed.verdict in SILENT and probed.obstacle in MET:
        return MET[probed.obstacle]
    if probed.verdict is Verdict.DEGRADED and probed.facts.get("serves") is False:
        return _SERVES_NOBODY
    if probed.verdict is Verdict.EXPOSED and want.interface and not want.address:
        return _ON_LINK
    return _CASES[probed.verdict]


def _fix(case: Case, want: Wanted, probed: Probed) -> tuple[str, ...]:
    if want.interface and not want.address and probed.verdict is Verdict.FILTERED:
        return _LINK_FIX
    return tuple(line.format(flow=want.flow, address=_address(want, probed) or "ADDRESS") for line in case.fix)


def _of(mine: list[Pair], host: str, *, nameless: bool) -> Finding:
    """Of one flow and target, and all the ways of trying it that came to the same."""
    want, probed = mine[0]
    case = _case(want, probed, nameless=nameless)
    known = _known(want.flow)
    lesser = (
        known is not None
        and known.optional
        and case.severity is Severity.ERROR
        and probed.verdict is not Verdict.EXPOSED
    )
    variants = ", ".join(dict.fromkeys(one.variant for _, one in mine if one.variant))
    return Finding(
        id=f"{ID}{probed.verdict}", severity=Severity.WARNING if lesser else case.severity, host=host, interface=want.interface,
        what=f"{known.title if known else want.flow}{f' ({variants})' if variants else ''} at {probed.target}{_from(probed)}: {probed.detail}",
        flow=want.flow, address="" if probed.target == want.interface else probed.target, cause=case.cause, proof=_proof(want, probed),
        evidence=_verdicts(mine, host), confidence=case.confidence, fix=_fix(case, want, probed), recheck=_recheck(host, want.flow),
    )  # fmt: skip


def _verdicts(mine: list[Pair], host: str) -> tuple[str, ...]:
    """Where each check can be looked up."""
    where = f"{host} " if host else ""
    return tuple(dict.fromkeys(f"verdict {where}{want.flow} {probed.target}" for want, probed in mine))[:MAX_PROOF]


def _recheck(host: str, *flows: str) -> str:
    """The command that tries it again: from here, or from an agent of the region."""
    named = list(dict.fromkeys(flows))[:MAX_RECHECKED]
    if host:
        return " ".join([f"bellrock matrix --now --agent {host}", *(f"--flow {flow}" for flow in named)])
    return " ".join(["bellrock check", *(f"--only {flow}" for flow in named)])


def _proof(want: Wanted, probed: Probed) -> tuple[str, ...]:
    steps = [f"{step.direction}: {step.what}" for step in probed.evidence]
    shown = steps if len(steps) < MAX_PROOF else [*steps[: MAX_PROOF // 2], *steps[-(MAX_PROOF // 2 - 1) :]]
    return (*shown, f"wanted: {want.why}")


def _from(probed: Probed) -> str:
    return f" from {probed.source}" if probed.source not in ("", probed.target) else ""


def _known(flow_id: str) -> Flow | None:
    try:
        return flow(flow_id)
    except UnknownFlowError:
        return None
