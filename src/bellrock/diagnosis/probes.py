"""flow-…: what was tried, held against what was wanted: verdicts on what must not be reachable, and findings."""

from collections.abc import Iterable, Sequence
from typing import Final

from msgspec import Struct, structs

from bellrock.flows import Flow, UnknownFlowError, Wanted, flow
from bellrock.model import Finding, Probed, Severity, Verdict

Pair = tuple[Wanted, Probed]

RANK: Final = (
    Verdict.WORKS, Verdict.NOT_CHECKED, Verdict.DEGRADED, Verdict.AUTHENTICATION_NEEDED, Verdict.TLS_FAULT, Verdict.WRONG_SERVICE,
    Verdict.REFUSED, Verdict.FILTERED, Verdict.UNREACHABLE, Verdict.EXPOSED,
)  # fmt: skip
"""From good to bad: of several verdicts the worst is told."""
ID: Final = "flow-"
HOST_ID: Final = "host-silent"
ROUTE_ID: Final = "no-default-route"
IDS: Final = (*(f"{ID}{verdict}" for verdict in RANK[1:]), HOST_ID, ROUTE_ID)
"""Of all findings about services, as their reference has them."""
MAX_PROOF: Final = 12
"""Sentences of proof in a finding."""
_ANSWERS: Final = (
    Verdict.WORKS, Verdict.DEGRADED, Verdict.AUTHENTICATION_NEEDED, Verdict.TLS_FAULT, Verdict.WRONG_SERVICE, Verdict.EXPOSED
)  # fmt: skip
_SILENT: Final = (Verdict.FILTERED, Verdict.UNREACHABLE)
_ORDER: Final = tuple(Severity)


class _Case(Struct, frozen=True):
    """What is always said of a verdict."""

    severity: Severity
    cause: str
    fix: tuple[str, ...]


_CASES: Final = {
    Verdict.DEGRADED: _Case(Severity.WARNING, "It does its work, but not as well as it should, or not for much longer.", ()),
    Verdict.WRONG_SERVICE: _Case(
        Severity.ERROR,
        "Another program holds the port, or something on the way answers in the service's name.",
        ("See on the target who holds the port: ss -lntup.",),
    ),
    Verdict.REFUSED: _Case(
        Severity.ERROR,
        "The target is there, and says that nobody listens: the service is stopped, or listens on another address or port.",
        ("Start the service, or see on the target where it listens: ss -lntup.",),
    ),
    Verdict.FILTERED: _Case(
        Severity.ERROR,
        "A firewall at either end or between them drops the packets or the answers, or the target is off.",
        ("With an agent at both ends, bellrock path A B {flow} says where packets die.", "See what a host's rules let through: bellrock firewall check."),
    ),
    Verdict.UNREACHABLE: _Case(
        Severity.ERROR,
        "There is no way to the target: a route is missing here or at a router, or nobody has its address.",
        ("See the way that this host takes: ip route get ADDRESS.", "See whether the target is on, and on the VLAN that its address belongs to."),
    ),
    Verdict.TLS_FAULT: _Case(
        Severity.ERROR,
        "Clients that check certificates, firmware above all, will not use it.",
        ("Replace the certificate, or set the clock that is wrong.",),
    ),
    Verdict.AUTHENTICATION_NEEDED: _Case(
        Severity.WARNING,
        "The service is there and wants credentials: whether machines that have them are let in was not tried.",
        ("Give the credentials by a file: -o NAME-file=PATH, or in the site file.",),
    ),
    Verdict.EXPOSED: _Case(
        Severity.ERROR,
        "Nothing between keeps out who should not get there.",
        ("Write rules that keep it: bellrock firewall build; hold those that are there against the site: bellrock firewall check.",),
    ),
    Verdict.NOT_CHECKED: _Case(Severity.NOTICE, "Nothing is known about it.", ()),
}  # fmt: skip


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """Of several verdicts the one to tell; of none, that nothing was checked."""
    return max(verdicts, key=RANK.index, default=Verdict.NOT_CHECKED)


def judge(pairs: Sequence[Pair]) -> tuple[Probed, ...]:
    """What to think of each result, in order.

    What must be blocked works where nothing answers, and is `exposed` where something does. Where one of several ports is
    enough, those that are shut beside one that works are as they should be.
    """
    enough = {_service(want) for want, found in pairs if want.alternative and found.verdict is Verdict.WORKS}
    return tuple(_judged(want, found, enough=_service(want) in enough) for want, found in pairs)


def findings(pairs: Iterable[Pair], host: str = "") -> tuple[Finding, ...]:
    """What is wrong, of results that were judged, the gravest first; one for a host of which nothing at all was heard. `host`: where it was tried."""
    given = list(pairs)
    silent = {address: mine for address, mine in _by_address(given).items() if _says_nothing(mine)}
    found = [_of_host(address, mine, host) for address, mine in silent.items()]
    alike: dict[tuple[str, str, Verdict], list[Pair]] = {}
    for want, probed in given:
        if probed.verdict in _CASES and want.address not in silent:
            alike.setdefault((want.flow, probed.target, probed.verdict), []).append((want, probed))
    found += [_of(mine, host) for mine in alike.values()]
    return tuple(sorted(found, key=lambda one: _ORDER.index(one.severity)))


def no_default_route() -> Finding:
    """For a machine of which neither family has one."""
    return Finding(
        id=ROUTE_ID, severity=Severity.NOTICE, what="this machine has no default route",
        cause="What is not on its own links it reaches only where a route of its own says so.",
        proof=("neither /proc/net/route nor /proc/net/ipv6_route has a gateway for all destinations",),
    )  # fmt: skip


def _judged(want: Wanted, found: Probed, *, enough: bool) -> Probed:
    if found.verdict is Verdict.NOT_CHECKED:
        return found
    if want.expectation == "blocked":
        return _of_blocked(want, found)
    if enough and found.verdict in (Verdict.REFUSED, *_SILENT):
        return _works(found, f"another port of it works, which is enough; here: {found.detail}")
    return found


def _of_blocked(want: Wanted, found: Probed) -> Probed:
    # Of a link, others than the one that must not be there may well answer.
    answers = found.verdict in _ANSWERS and (
        bool(want.address or want.name) or found.verdict is not Verdict.WRONG_SERVICE
    )
    if not answers:
        return _works(found, f"nothing answers, as it should be: {found.detail}")
    return structs.replace(found, verdict=Verdict.EXPOSED, detail=f"it answers here, and must not: {found.detail}")


def _works(found: Probed, detail: str) -> Probed:
    return structs.replace(
        found, verdict=Verdict.WORKS, detail=detail, facts=found.facts | {"seen": found.verdict.value}
    )


def _service(want: Wanted) -> tuple[str, str, str, str]:
    return want.flow, want.exchange, want.address, want.name


def _by_address(pairs: list[Pair]) -> dict[str, list[Pair]]:
    found: dict[str, list[Pair]] = {}
    for want, probed in pairs:
        if want.address and want.expectation == "pass":
            found.setdefault(want.address, []).append((want, probed))
    return found


def _says_nothing(mine: list[Pair]) -> bool:
    """Whether several different services of a host were tried and not one packet of it came."""
    return len({want.flow for want, _ in mine}) > 1 and all(probed.verdict in _SILENT for _, probed in mine)


def _of_host(address: str, mine: list[Pair], host: str) -> Finding:
    tried = list(dict.fromkeys(want.flow for want, _ in mine))
    verdict = worst(probed.verdict for _, probed in mine)
    return Finding(
        id=HOST_ID, severity=Severity.ERROR, host=host, what=f"{address} does not answer at all{_from(mine[0][1])}: {', '.join(tried)} were tried",
        cause="It is off, has another address, or nothing passes on the way to it: no service of it can be judged.",
        proof=tuple(f"{want.flow} {probed.target}: {probed.detail}" for want, probed in mine[:MAX_PROOF]), fix=_CASES[verdict].fix[-1:],
    )  # fmt: skip


def _of(mine: list[Pair], host: str) -> Finding:
    """Of one flow and target, and all the ways of trying it that came to the same."""
    want, probed = mine[0]
    case = _CASES[probed.verdict]
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
        cause=case.cause, proof=_proof(want, probed), fix=tuple(line.format(flow=want.flow) for line in case.fix),
    )  # fmt: skip


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
