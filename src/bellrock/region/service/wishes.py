"""What each agent is to try: of the site what matters from where it stands, or what somebody asks for."""

from collections.abc import Iterable, Sequence
from ipaddress import ip_address
from typing import Final

from msgspec import Struct

from bellrock.contract import Try
from bellrock.flows import BOOT, CATALOGUE, Group, Protocol, Site, Standpoint, Wanted, flow, wanted
from bellrock.flows.targets import roles_at
from bellrock.flows.values import Role
from bellrock.model import Interface

GENTLE: Final = frozenset(flow.id for flow in CATALOGUE if flow.group is Group.BMC)
"""Flows to management controllers, which bear little: one agent at a time, and seldom."""
WITHIN: Final = 5.0
"""Seconds for one try."""
MAX_NAME: Final = 253
"""RFC 1035 §2.3.4, as text."""


Check = tuple[str, str, str, str]
"""Agent, flow, target and protocol."""


class Wish(Struct, frozen=True, kw_only=True):
    """One check that an agent is to make."""

    agent: str
    """Its id."""
    what: Try
    want: Wanted
    """What is expected of it."""
    origin: str = ""
    """The schedule that asks for it; empty: the site does."""
    place: int = 0
    """Among what was asked for."""

    @property
    def target(self) -> str:
        """`ADDRESS:PORT`, `NAME:PORT`, or an interface; RFC 3986 §3.2.2: IPv6 in brackets."""
        where = f"[{self.what.address}]" if ":" in self.what.address else self.what.address or self.what.name
        if not where:
            return self.what.interface
        return f"{where}:{self.what.port}" if self.what.port else where

    @property
    def check(self) -> Check:
        """What stands in the matrix, whatever variants an answer has."""
        return self.agent, self.what.flow, self.target, self.want.protocol.value

    @property
    def together(self) -> tuple[str, ...]:
        """What is judged together: all that is tried at one host, because its checks speak for each other; of a link each check alone."""
        host = self.want.address or self.want.name
        return (host,) if host else (self.want.flow, self.want.exchange, self.target, self.want.protocol)


class Unaskable(ValueError):  # noqa: N818 -- says what it is
    """No probe tries this flow, or nothing can be made of a target: what would do."""


def standpoint(site: Site, role: str, interfaces: Iterable[Interface]) -> Standpoint:
    """Where an agent stands: its own role, those that the site has for its addresses, and its links."""
    known = list(interfaces)
    texts = (held.partition("/")[0] for one in known for held in one.addresses)
    addresses = tuple(text for text in texts if not ip_address(text).is_link_local)
    roles = dict.fromkeys((Role(role), *roles_at(site, addresses)))
    links = tuple(one.name for one in known if one.carrier and one.master is None)
    return Standpoint(roles=tuple(roles), addresses=addresses, interfaces=links)


def of_site(site: Site, agent: str, here: Standpoint, flows: Sequence[str] = ()) -> list[Wish]:
    """What matters from there; of some flows only, where any are named."""
    return [
        Wish(agent=agent, what=_try_of(one), want=one) for one in wanted(site, here) if not flows or one.flow in flows
    ]


def asked(agent: str, role: str, tries: Iterable[Try], origin: str = "") -> list[Wish]:
    """What somebody asks for, and expects to work."""
    return [
        Wish(agent=agent, what=one, want=_want_of(one, role), origin=origin, place=place)
        for place, one in enumerate(tries)
    ]


def tries_of(flows: Sequence[str], to: Sequence[str]) -> list[Try]:
    """Each of some flows at each of some targets, `ADDRESS`, `ADDRESS:PORT`, `[ADDRESS]:PORT`, `NAME` or `NAME:PORT`.

    Raises:
        Unaskable: there is no such flow, or nothing that is a target.
    """
    check_flows(flows)
    ends = [parse_target(text) for text in dict.fromkeys(to)]
    return [
        Try(flow=flow, address=address, port=port, name=name, within=WITHIN)
        for flow in dict.fromkeys(flows)
        for address, name, port in ends
    ]


def check_flows(flows: Iterable[str]) -> None:
    """Whether all of them can be tried.

    Raises:
        Unaskable: one cannot.
    """
    if strange := [flow for flow in flows if flow not in BOOT]:
        raise Unaskable(f"no probe tries {strange[0]!r}; there are {', '.join(BOOT)}")


def parse_target(text: str) -> tuple[str, str, int]:
    """Address, name and port (0: none) of a target; one of the first two is empty.

    Raises:
        Unaskable: it is none of the forms.
    """
    host, port = _split(text)
    number = 0
    if port is not None:
        if not (port.isascii() and port.isdigit() and len(port) <= 5 and 0 < int(port) <= 65535):
            raise Unaskable(f"target {text!r}: {port!r} is not a port; ports are 1 to 65535")
        number = int(port)
    try:
        return str(ip_address(host)), "", number
    except ValueError:
        pass
    if not host or len(host) > MAX_NAME or not host.isprintable() or set(host) & set(" /[]@?#:"):
        raise Unaskable(f"target {text!r} is not an address or name, with or without :PORT")
    return "", host, number


def _split(text: str) -> tuple[str, str | None]:
    if text.startswith("[") and "]" in text:
        host, _, rest = text[1:].partition("]")
        return host, rest[1:] if rest.startswith(":") else rest or None
    if text.count(":") == 1:
        host, _, port = text.partition(":")
        return host, port
    return text, None


def _try_of(one: Wanted) -> Try:
    return Try(
        flow=one.flow, address=one.address, port=one.port, protocol=one.protocol.value, name=one.name,
        interface=one.interface, options=one.options, within=WITHIN,
    )  # fmt: skip


def _want_of(one: Try, role: str) -> Wanted:
    known = flow(one.flow)
    return Wanted(
        flow=one.flow, exchange="", source=Role(role), target=known.destination[0], address=one.address, port=one.port,
        protocol=Protocol(one.protocol) if one.protocol else known.protocols[0].protocol, name=one.name,
        interface=one.interface, options=one.options, why="somebody asked for it",
    )  # fmt: skip
