"""advertised-url-not-routable: a URL that machines are given leads nowhere from where they are."""

from collections.abc import Iterator
from functools import cached_property
from ipaddress import ip_address
from itertools import chain
from typing import Final

from bellrock.diagnosis.addresses import Address, address, address_of_url
from bellrock.diagnosis.case import Case, Here
from bellrock.diagnosis.readings_site import interface_with, is_own, way
from bellrock.diagnosis.wayless import Wayless, has_family
from bellrock.flows.values import Role
from bellrock.model import Finding, Probed, Severity, Verdict

ID = "advertised-url-not-routable"
TITLE = "A URL that machines are given leads nowhere from where they are"
EXPLAINS = frozenset(
    ("address-not-routable", "metadata-unanswered", "flow-unreachable", "flow-filtered", "no-way", "never-arrived")
)
_FLOWS: Final = frozenset(("api", "stream", "metadata", "http-boot", "https-boot"))
_LOST: Final = frozenset((Verdict.UNREACHABLE, Verdict.FILTERED))


def find(case: Case) -> Iterator[Finding]:
    """One for each host none of whose URLs can be used from somewhere; where one of several leads there, that is enough."""
    others = _Others(case)
    for here in case.here:
        there = [address_of_url(url) for url in here.advertised]
        to = [one for one in there if one is not None]
        if not to or len(to) < len(there):
            continue  # a name leads where a resolver says
        why = (
            _by_itself(case, here, to)
            or _by_family(case, to)
            or _by_routes(others.wayless, here, to)
            or _by_checks(others, to)
        )
        if why is not None:
            yield _finding(here, *why)
    yield from _unrouted(case)


def _unrouted(case: Case) -> Iterator[Finding]:
    """A check of what machines are told to come to found no way, and the routes of the host that tried have none."""
    told: set[tuple[str, str]] = set()
    for want, probed in case.probes:
        if probed.verdict is not Verdict.UNREACHABLE or probed.flow not in _FLOWS or want.expectation != "pass":
            continue
        one, to = _asker(case, probed), address(want.address or probed.target)
        if one is None or to is None or not one.routes or is_own(one, to) or way(one, to) is not None:
            continue
        if (one.host, str(to)) in told:
            continue
        told.add((one.host, str(to)))
        yield _of_check(one, probed, str(to))


def _asker(case: Case, probed: Probed) -> Here | None:
    """The host that tried: by its name, or the only one there is."""
    if len(case.here) == 1:
        return case.here[0]
    return case.index.hosts.get(probed.source)


def _of_check(one: Here, probed: Probed, to: str) -> Finding:
    family = "default route" if has_family(one, ip_address(to)) else f"address of IPv{ip_address(to).version}"
    return Finding(
        id=ID, severity=Severity.ERROR, host=one.host, flow=probed.flow, address=to,
        what=f"{one.host} is to come to {to} for {probed.flow}, and has no way there",
        cause="The address is of a network, or of a family, that this host does not know the way to: it was advertised for others.",
        proof=(_said(probed), f"None of the {len(one.routes or ())} routes of {one.host} leads to {to}, and it has no {family}."),
        evidence=(f"verdict {probed.source} {probed.flow} {probed.target}", f"routes {one.host}"),
        fix=("Advertise an address that machines have a route to, or give them one by DHCP (option 3 or 121).", f"ip route get {to}"),
        recheck=f"bellrock check --only {probed.flow}",
    )  # fmt: skip


def _by_itself(case: Case, here: Here, to: list[Address]) -> tuple[str, str] | None:
    """Addresses that nobody else can come to, whatever the network is like; where there is anybody else."""
    if len(case.here) < 2 and case.site is None:
        return None
    reasons = [_only_here(here, one) for one in to]
    return reasons[0] if all(reasons) else None


def _only_here(here: Here, to: Address) -> tuple[str, str] | None:
    if to.is_loopback or to.is_unspecified:
        return (
            f"{to} is the machine itself, for whoever reads it.",
            "It was set up with an address for programs of its own host.",
        )
    if to.is_link_local and to.version == 4:
        return (
            f"{to} is a link-local address (RFC 3927), which no router passes on.",
            "The host had no other address when it was set up.",
        )
    bridge = interface_with(here, to)
    if bridge in here.inside:
        return (
            f"{to} is the address of {here.host}'s {bridge}, behind which are its own containers or virtual machines alone.",
            "The address of a bridge for containers was taken for one of the network.",
        )
    return None


def _by_family(case: Case, to: list[Address]) -> tuple[str, str] | None:
    """All that is advertised is of a family that no node has."""
    nodes = case.site.roles.get(Role.NODE) if case.site is not None else None
    if nodes is None or not nodes.subnets or any(nodes.addresses.of(6 if one.version == 6 else 4) for one in to):
        return None
    return (
        f"The site's nodes have no addresses of IPv{to[0].version}, and everything that is advertised is of it.",
        "Names or settings gave an address of one family alone, and machines boot in the other.",
    )


def _by_routes(wayless: Wayless, here: Here, to: list[Address]) -> tuple[str, str] | None:
    """A host that told its routes has none that leads to any of them."""
    one = wayless.first(to, but=here.host)
    if one is None:
        return None
    return (
        f"{one.host} has no route to {to[0]}: none of its {len(one.routes or ())} routes leads there, and it has no default route.",
        f"The address is of a network that {one.host} does not know the way to.",
    )


class _Others:
    """What all others say of what a host advertises: looked up, for each host may advertise something."""

    def __init__(self, case: Case) -> None:
        self._case = case

    @cached_property
    def wayless(self) -> Wayless:
        """Hosts without a way to somewhere."""
        return Wayless(self._case.here)

    @cached_property
    def tried(self) -> dict[Address, list[tuple[int, Probed]]]:
        """Address → checks of it that say whether it can be come to, each with its number."""
        found: dict[Address, list[tuple[int, Probed]]] = {}
        for number, (want, probed) in enumerate(self._case.probes):
            if probed.flow in _FLOWS and want.expectation == "pass" and probed.verdict is not Verdict.NOT_CHECKED:
                there = address(want.address or probed.target)
                if there is not None:
                    found.setdefault(there, []).append((number, probed))
        return found


def _by_checks(others: _Others, to: list[Address]) -> tuple[str, str] | None:
    """Each of them was tried from elsewhere, and every try was lost."""
    tried = [others.tried.get(it, []) for it in dict.fromkeys(to)]
    if not all(tried) or any(one.verdict not in _LOST for _, one in chain.from_iterable(tried)):
        return None
    first = min((some[0] for some in tried), key=lambda pair: pair[0])
    return _said(
        first[1]
    ), "A firewall stands before it, or no router knows the way: it was advertised before anybody tried it from there."


def _said(one: Probed) -> str:
    return f"{one.flow} at {one.target}{f' from {one.source}' if one.source else ''}: {one.detail}"


def _finding(here: Here, proof: str, cause: str) -> Finding:
    urls = ", ".join(here.advertised)
    return Finding(
        id=ID, severity=Severity.ERROR, host=here.host, address=here.advertised[0],
        what=f"{here.host} tells machines to come to {urls}, which cannot be reached from where they are", cause=cause,
        proof=(f"{here.host} advertises {urls}.", proof), evidence=(f"advertised {here.host} {here.advertised[0]}",),
        fix=("Have the region listen at an address that machines have a route to: bellrock region --listen ADDRESS:5443",
             f"See the way from a machine: ip route get {address_of_url(here.advertised[0])}"),
        recheck="bellrock check --only api",
    )  # fmt: skip
