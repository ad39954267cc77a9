"""What this machine itself is set to use, and so what must work from here: name servers, time, packages, proxies, its region, DHCP."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct, structs

from bellrock.flows import BOOT, Protocol, Role, Untried, Wanted
from bellrock.link.netlink import LinkMonitor
from bellrock.model import Interface, InterfaceKind
from bellrock.probe.setfiles import (
    Place,
    apt_lines,
    apt_proxies,
    apt_stanzas,
    by_dhcp,
    default_gateways,
    is_address,
    name_servers,
    time_servers,
    timesyncd_servers,
    web_place,
)

MAX_FILE: Final = 256 * 1024
MAX_FILES: Final = 64
"""Of one directory."""
STUB: Final = "127.0.0.53"
"""systemd-resolved(8), at this machine itself; those that it asks stand in its own file."""
_RESOLV: Final = ("etc/resolv.conf", "run/systemd/resolve/resolv.conf")
_TIME: Final = (
    "etc/chrony/chrony.conf", "etc/chrony.conf", "etc/chrony/conf.d/*.conf", "etc/chrony/sources.d/*.sources", "etc/ntp.conf",
    "etc/ntpsec/ntp.conf",
)  # fmt: skip
_TIMESYNCD: Final = ("etc/systemd/timesyncd.conf", "etc/systemd/timesyncd.conf.d/*.conf")
_APT: Final = ("etc/apt/sources.list", "etc/apt/sources.list.d/*.list")
_APT_STANZAS: Final = ("etc/apt/sources.list.d/*.sources",)
_APT_CONF: Final = ("etc/apt/apt.conf", "etc/apt/apt.conf.d/*")
_INTERFACES: Final = ("etc/network/interfaces", "etc/network/interfaces.d/*")
_ADDRESSED: Final = (
    InterfaceKind.PHYSICAL,
    InterfaceKind.VETH,
    InterfaceKind.VLAN,
    InterfaceKind.BOND,
    InterfaceKind.BRIDGE,
)
"""Kinds of interfaces that people give addresses."""
_PROXIES: Final = ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY")


class Here(Struct, frozen=True, kw_only=True):
    """What was found."""

    wanted: tuple[Wanted, ...]
    """In the order of a boot; `why` names the file."""
    gateways: tuple[tuple[str, str], ...]
    """Interface and address of each default route."""
    untried: tuple[Untried, ...] = ()
    """What matters and cannot be tried as it is set up."""


class _Regions(Struct):
    regions: tuple[str, ...] = ()


def own(
    state_dir: Path, environment: Mapping[str, str], root: Path = Path("/"), links: Iterable[Interface] | None = None,
    leased: Collection[str] = (),
) -> Here:  # fmt: skip
    """What this machine is set to use.

    `root`: where its files are; `links`: its Ethernet interfaces, None to ask the kernel; `leased`: names of those that have an
    address by DHCP, which the kernel tells as well where it is asked.
    """
    files = _Files(root)
    if links is None:
        links, leased = links_and_leases()
    there = tuple(links)
    proxies = _proxies(files, environment)
    fetched = tuple(_apt(files, proxies))
    found = [
        *_dhcp(files, there, leased),
        *_dns(files),
        *_ntp(files),
        *_region(state_dir),
        *(_want("proxy", "request", Role.PROXY, one.place, Protocol.TCP, one.why) for one in proxies),
        *(one for one in fetched if isinstance(one, Wanted)),
    ]
    seen: dict[tuple[str, ...], Wanted] = {}
    for one in found:
        seen.setdefault(
            (
                one.flow,
                one.address or one.name or one.interface,
                str(one.port),
                one.protocol,
                one.options.get("path", ""),
            ),
            one,
        )
    in_order = sorted(seen.values(), key=lambda one: BOOT.index(one.flow))
    routes = (files.text("proc/net/route"), files.text("proc/net/ipv6_route"))
    left = tuple(dict.fromkeys(one for one in fetched if isinstance(one, Untried)))
    return Here(wanted=tuple(in_order), gateways=default_gateways(*routes), untried=left)


def links_here() -> list[Interface]:
    """This machine's Ethernet interfaces that are up, by themselves, and of a kind that has addresses."""
    return links_and_leases()[0]


def links_and_leases() -> tuple[list[Interface], frozenset[str]]:
    """The same, and the names of those that have an address by DHCP."""
    with closing(LinkMonitor()) as monitor:
        told = monitor.snapshot().values()
        leased = monitor.leased()
    return [one for one in told if one.up and one.master is None and one.kind in _ADDRESSED], leased


def has_ipv4(link: Interface) -> bool:
    """Whether it has an address of IPv4."""
    return any("." in address for address in link.addresses)


class _Files:
    """Configuration below a root: what is not there, or not to be read, says nothing."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def text(self, name: str) -> str:
        """A file's text, at most MAX_FILE of it."""
        try:
            with (self._root / name).open("rb") as file:
                return file.read(MAX_FILE).decode(errors="replace")
        except OSError:
            return ""

    def each(self, patterns: Iterable[str]) -> Iterator[tuple[str, str]]:
        """Path and text of each file that there is."""
        for pattern in patterns:
            try:
                names = sorted(self._root.glob(pattern))[:MAX_FILES] if "*" in pattern else [self._root / pattern]
            except OSError:
                continue
            for path in names:
                if text := self.text(str(path.relative_to(self._root))):
                    yield f"/{path.relative_to(self._root)}", text


def _dns(files: _Files) -> Iterator[Wanted]:
    for path, text in files.each(_RESOLV):
        for address in name_servers(text):
            for protocol in (Protocol.UDP, Protocol.TCP):
                yield _want("dns", "query", Role.DNS, Place(address, 53), protocol, f"{path}: nameserver {address}")
        if STUB not in name_servers(text):
            return


def _ntp(files: _Files) -> Iterator[Wanted]:
    found = [(path, name) for path, text in files.each(_TIME) for name in time_servers(text)]
    # Where chrony or ntpd is set up, timesyncd's file only lies about.
    found = found or [(path, name) for path, text in files.each(_TIMESYNCD) for name in timesyncd_servers(text)]
    for path, name in found:
        yield _want("ntp", "poll", Role.NTP, Place(name, 123), Protocol.UDP, f"{path}: server {name}")


def _region(state_dir: Path) -> Iterator[Wanted]:
    path = state_dir / "regions.json"
    try:
        with path.open("rb") as file:
            regions = msgspec.json.decode(file.read(MAX_FILE), type=_Regions).regions
    except (OSError, msgspec.MsgspecError):
        return
    for url in regions:
        if (place := web_place(url)) is not None:
            yield _want("api", "metadata", Role.REGION, place, Protocol.TCP, f"{path}: the region of the agent here")


class _Proxy(Struct, frozen=True):
    """A proxy that something is set to use."""

    place: Place
    why: str
    schemes: tuple[bool, ...] = (False, True)
    """For which it is used: without TLS, with TLS."""


def _proxies(files: _Files, environment: Mapping[str, str]) -> list[_Proxy]:
    # apt-transport-https(1): what is said of http holds for https as well.
    told = [
        _Proxy(place, f"{path}: {place.host}") for path, text in files.each(_APT_CONF) for place in apt_proxies(text)
    ]
    told += [
        _Proxy(place, f"${name}: {place.host}", (name.lower() == "https_proxy",))
        for name in _PROXIES if (place := web_place(environment.get(name, "")))
    ]  # fmt: skip
    return told


def _apt(files: _Files, proxies: list[_Proxy]) -> Iterator[Wanted | Untried]:
    """Its sources, by the proxy that APT goes by: what that fetches need not be reachable from here, nor its name be known."""
    suites: dict[tuple[str, Place], list[str]] = {}
    readers: tuple[tuple[tuple[str, ...], Callable[[str], tuple[Place, ...]]], ...] = (
        (_APT, apt_lines), (_APT_STANZAS, apt_stanzas),
    )  # fmt: skip
    for patterns, read in readers:
        for path, text in files.each(patterns):
            for place in read(text):
                suites.setdefault((path, structs.replace(place, suite="")), []).append(place.suite)
    for (path, place), names in suites.items():
        options = {"path": place.path, "suite": ",".join(dict.fromkeys(names)), "tls": "yes" if place.tls else "no"}
        why = f"{path}: {place.host}{place.path} {' '.join(names)}"
        want = structs.replace(_want("apt", "fetch", Role.MIRROR, place, Protocol.TCP, why), options=options)
        proxy = next((one for one in proxies if place.tls in one.schemes), None)
        yield _by_proxy(want, proxy) if proxy else want


def _by_proxy(want: Wanted, proxy: _Proxy) -> Wanted | Untried:
    at = proxy.place
    if at.tls or not is_address(at.host):
        how = "TLS to the proxy itself" if at.tls else "a proxy by its name"
        return Untried(flow=want.flow, target=want.target, why=f"{want.why} by proxy ({proxy.why}): no probe speaks {how}; bellrock probe apt -o proxy=http://ADDRESS:{at.port} tries it")  # fmt: skip
    by = f"http://{f'[{at.host}]' if ':' in at.host else at.host}:{at.port}"
    return structs.replace(want, options=want.options | {"proxy": by}, why=f"{want.why} by proxy ({proxy.why})")


def _dhcp(files: _Files, links: Iterable[Interface], leased: Collection[str]) -> Iterator[Wanted]:
    """Of links that are set up by it, or have no IPv4 address: where addresses are given by hand nobody needs to answer."""
    wanting = {name: path for path, text in files.each(_INTERFACES) for name in by_dhcp(text)}
    for link in links:
        if link.name in wanting:
            why = f"{wanting[link.name]}: {link.name} is set up by DHCP"
        elif link.name in leased:
            why = f"{link.name} has an address by DHCP"
        elif not has_ipv4(link) and link.carrier is not False:
            why = f"{link.name} is up and has no IPv4 address"
        else:
            continue
        yield Wanted(
            flow="dhcp", exchange="discover", source=Role.NODE, target=Role.RACK, port=67, protocol=Protocol.UDP, interface=link.name, why=why,
            # That it has a DHCP server does not say that anything boots there.
            options={"arch": "plain"},
        )  # fmt: skip


def _want(flow: str, exchange: str, role: Role, place: Place, protocol: Protocol, why: str) -> Wanted:
    numeric = is_address(place.host)
    return Wanted(
        flow=flow, exchange=exchange, source=Role.NODE, target=role, address=place.host if numeric else "", port=place.port, protocol=protocol,
        name="" if numeric else place.host, why=why,
    )  # fmt: skip
