"""DHCP servers: ISC's, Kea and dnsmasq from the same settings, and ISC's relay."""

import ipaddress
import json
from collections.abc import Iterator
from typing import Any, Final

from msgspec import Struct

from bellrock.lab.schema import LabError
from bellrock.lab.servers.values import Place, Server, write
from bellrock.probe.dhcp_plan import HTTP

IPXE: Final = "ipxe"
"""The key of `files` for whoever says by option 77 that it is iPXE."""
_PORT: Final = ("udp", 67)


class Subnet(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Addresses to give, and what differs there from the server's other settings."""

    pool: tuple[str, str] | None = None
    """First and last address; None: no address is given (and dnsmasq does not serve it)."""
    router: str = ""
    dns: tuple[str, ...] | None = None
    ntp: tuple[str, ...] | None = None
    next_server: str | None = None
    files: dict[str, str] | None = None
    lease: int | None = None
    extra: tuple[str, ...] = ()
    """Lines of the server's own language, inside the subnet (ISC's and dnsmasq's; `SUBNET` in dnsmasq's is the tag)."""


class Dhcp(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A DHCP server."""

    interfaces: tuple[str, ...] = ("eth0",)
    subnet: dict[str, Subnet] = {}
    """By prefix, `10.10.0.0/24`; an IPv6 prefix is served by dnsmasq alone."""
    dns: tuple[str, ...] = ()
    ntp: tuple[str, ...] = ()
    next_server: str = ""
    """Empty: the server's own address in the subnet. `none`: the field stays empty."""
    files: dict[str, str] = {}
    """Boot file by architecture (`7`) or `ipxe`; a URL for the architectures that boot by HTTP."""
    lease: int = 3600
    """Seconds."""
    authoritative: bool = True
    extra: tuple[str, ...] = ()
    """Lines of the server's own language (ISC's), or options of its command line (dnsmasq)."""


class Relay(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A relay agent."""

    down: tuple[str, ...]
    """Interfaces towards clients."""
    up: tuple[str, ...]
    server: tuple[str, ...]


def dhcpd(place: Place, told: Dhcp) -> Server:
    """ISC dhcpd."""
    config = write(place, "conf", _isc(place, told))
    (place.directory / "leases").touch()
    where = ("-cf", config, "-lf", f"{place.directory}/leases", "-pf", f"{place.directory}/pid")
    return Server(
        argv=("dhcpd", "-4", "-f", "-d", *where, "-user", "root", "-group", "root", *told.interfaces), listens=(_PORT,)
    )


def _isc(place: Place, told: Dhcp) -> Iterator[str]:
    yield "authoritative;" if told.authoritative else "not authoritative;"
    yield "ping-check false; option arch code 93 = unsigned integer 16;"
    yield f"default-lease-time {told.lease}; max-lease-time {told.lease}; min-lease-time {min(told.lease, 60)};"
    yield from told.extra
    for prefix, subnet in told.subnet.items():
        network = ipaddress.ip_network(prefix)
        yield f"subnet {network.network_address} netmask {network.netmask} {{"
        if subnet.pool:
            yield f"range {subnet.pool[0]} {subnet.pool[1]};"
        if subnet.lease:
            yield f"default-lease-time {subnet.lease}; max-lease-time {subnet.lease};"
        for name, values in _common(told, subnet).items():
            yield f"option {name} {', '.join(values)};"
        server = _next_server(place, told, subnet, prefix)
        yield f"next-server {server};" if server else ""
        yield from _isc_files(_files(told, subnet))
        yield from subnet.extra
        yield "}"


def _isc_files(files: dict[str, str]) -> Iterator[str]:
    word = "if"
    for key, file in sorted(files.items(), key=lambda one: one[0] != IPXE):
        if key == IPXE:
            yield f'{word} exists user-class and option user-class = "iPXE" {{ filename "{file}"; }}'
        else:
            http = 'option vendor-class-identifier "HTTPClient"; ' if _by_http(key, file) else ""
            yield f'{word} option arch = {int(key):#06x} {{ {http}filename "{file}"; }}'.replace(
                f"{int(key):#06x}", f"00:{int(key):02x}"
            )
        word = "elsif"


def kea(place: Place, told: Dhcp) -> Server:
    """Kea."""
    settings = {
        "interfaces-config": {"interfaces": list(told.interfaces)}, "lease-database": {"type": "memfile", "persist": False},
        "valid-lifetime": told.lease, "min-valid-lifetime": told.lease, "max-valid-lifetime": told.lease,
        "authoritative": told.authoritative, "multi-threading": {"enable-multi-threading": False},
        "subnet4": [_kea_subnet(place, told, number, prefix, one) for number, (prefix, one) in enumerate(told.subnet.items(), 1)],
        "client-classes": [_kea_class(key, file) for key, file in sorted(told.files.items(), key=lambda one: one[0] != IPXE)],
        "loggers": [{"name": "kea-dhcp4", "severity": "INFO", "output_options": [{"output": "stdout", "flush": True}]}],
    }  # fmt: skip
    config = write(place, "conf", [json.dumps({"Dhcp4": settings})])
    where = {"KEA_PIDFILE_DIR": str(place.directory), "KEA_LOCKFILE_DIR": str(place.directory)}
    return Server(argv=("kea-dhcp4", "-c", config), environment=where, listens=(_PORT,))


def _kea_subnet(place: Place, told: Dhcp, number: int, prefix: str, subnet: Subnet) -> dict[str, Any]:
    if subnet.files is not None:
        raise LabError(f"service {place.name}: Kea's boot files are the same in all subnets; use kind dhcpd or dnsmasq")
    found: dict[str, Any] = {
        "id": number, "subnet": prefix, "next-server": _next_server(place, told, subnet, prefix) or "0.0.0.0",  # noqa: S104 - none
        "option-data": [{"name": name, "data": ", ".join(values)} for name, values in _common(told, subnet).items()],
    }  # fmt: skip
    if subnet.pool:
        found["pools"] = [{"pool": f"{subnet.pool[0]} - {subnet.pool[1]}"}]
    if subnet.lease:
        found |= {
            "valid-lifetime": subnet.lease,
            "max-valid-lifetime": subnet.lease,
            "min-valid-lifetime": subnet.lease,
        }
    return found


def _kea_class(key: str, file: str) -> dict[str, Any]:
    ipxe = "option[77].hex == 'iPXE'"
    test = ipxe if key == IPXE else f"option[93].hex == 0x{int(key):04x} and not ({ipxe})"
    found: dict[str, Any] = {"name": f"boots-{key}", "test": test, "boot-file-name": file}
    if _by_http(key, file):
        found["option-data"] = [{"name": "vendor-class-identifier", "data": "HTTPClient", "always-send": True}]
    return found


def dnsmasq(place: Place, told: Dhcp) -> Server:
    """dnsmasq, without DNS and TFTP."""
    options = [
        "-k", "-C", "/dev/null", "--no-ping", "--port=0", "--bind-dynamic", "--user=root", "--pid-file=", "--log-facility=-",
        f"--dhcp-leasefile={place.directory}/leases", *(f"--interface={name}" for name in told.interfaces),
        *(["--dhcp-authoritative"] if told.authoritative else []), f"--dhcp-userclass=set:{IPXE},iPXE",
    ]  # fmt: skip
    for number, (prefix, subnet) in enumerate(told.subnet.items(), 1):
        options += _dnsmasq_subnet(place, told, f"s{number}", prefix, subnet)
    keys = {key for subnet in told.subnet.values() for key in _files(told, subnet)} - {IPXE}
    options += [f"--dhcp-match=set:a{key},option:client-arch,{key}" for key in sorted(keys)]
    options += [f"--dhcp-match=set:a{key},option6:61,{int(key):04x}" for key in sorted(keys)]
    return Server(
        argv=("dnsmasq", *options, *told.extra),
        listens=(_PORT if any("." in one for one in told.subnet) else ("udp", 547),),
    )


def _dnsmasq_subnet(place: Place, told: Dhcp, tag: str, prefix: str, subnet: Subnet) -> Iterator[str]:
    network = ipaddress.ip_network(prefix)
    if not subnet.pool:
        return
    lease = subnet.lease or told.lease
    if network.version == 6:
        yield f"--dhcp-range=set:{tag},{subnet.pool[0]},{subnet.pool[1]},{network.prefixlen},{lease}"
        for key, file in _files(told, subnet).items():
            yield f"--dhcp-option=tag:{IPXE if key == IPXE else f'a{key}'},tag:{tag},option6:59,{file}"
        return
    yield f"--dhcp-range=set:{tag},{subnet.pool[0]},{subnet.pool[1]},{network.netmask},{lease}"
    numbers = {"routers": 3, "domain-name-servers": 6, "ntp-servers": 42}
    common = _common(told, subnet)
    for name, number in numbers.items():
        yield f"--dhcp-option=tag:{tag},{number}" + "".join(f",{value}" for value in common.get(name, ()))
    server = _next_server(place, told, subnet, prefix) or "0.0.0.0"  # noqa: S104 - none
    for key, file in _files(told, subnet).items():
        which = f"tag:{IPXE}" if key == IPXE else f"tag:a{key},tag:!{IPXE}"
        yield f"--dhcp-boot=tag:{tag},{which},{file},,{server}"
        if _by_http(key, file):
            yield f"--dhcp-option-force=tag:{tag},{which},60,HTTPClient"
    yield from (line.replace("SUBNET", tag) for line in subnet.extra)


def relay(_: Place, told: Relay) -> Server:
    """ISC dhcrelay."""
    down = [word for name in told.down for word in ("-id", name)]
    up = [word for name in told.up for word in ("-iu", name)]
    return Server(argv=("dhcrelay", "-4", "-d", "--no-pid", *down, *up, *told.server), listens=(_PORT,))


def _common(told: Dhcp, subnet: Subnet) -> dict[str, tuple[str, ...]]:
    """Options that all three servers name alike; those without a value are not sent."""
    values = {
        "routers": (subnet.router,) if subnet.router else (),
        "domain-name-servers": told.dns if subnet.dns is None else subnet.dns,
        "ntp-servers": told.ntp if subnet.ntp is None else subnet.ntp,
    }
    return {name: value for name, value in values.items() if value}


def _files(told: Dhcp, subnet: Subnet) -> dict[str, str]:
    return told.files if subnet.files is None else subnet.files


def _next_server(place: Place, told: Dhcp, subnet: Subnet, prefix: str) -> str:
    named = told.next_server if subnet.next_server is None else subnet.next_server
    if named == "none":
        return ""
    return named or place.own_address(prefix)


def _by_http(key: str, file: str) -> bool:
    return key != IPXE and int(key) in HTTP and file.startswith("http")
