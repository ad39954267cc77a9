"""Name servers, clocks, proxies, log servers and management controllers: named, chronyd, squid, rsyslogd, ipmi_sim."""

import os
import re
import subprocess

from msgspec import Struct

from bellrock.lab.schema import LabError
from bellrock.lab.servers.values import Place, Server, write


class Dns(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A name server that knows its own zone and nothing else."""

    zone: str = "lab.example"
    names: dict[str, str] = {}
    """Name inside the zone (`mirror`) → IPv4 address."""


class Ntp(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A time server."""

    stratum: int = 8
    synchronised: bool = True
    """False: it has no time to give, and says so."""


class Proxy(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A proxy."""

    port: int = 3128
    users: dict[str, str] = {}
    """Name → password; with some, nobody else is served."""
    names: dict[str, str] = {}
    """Name → address, as it resolves them."""
    extra: tuple[str, ...] = ()
    """Lines of squid's language, before its rules."""


class Syslog(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A log server."""

    port: int = 514


class Ipmi(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A management controller that speaks IPMI over LAN."""

    address: str = "0.0.0.0"  # noqa: S104 - of a namespace of the lab


def named(place: Place, told: Dns) -> Server:
    """BIND."""
    zone = [
        "$TTL 60",
        f"@ IN SOA ns.{told.zone}. root.{told.zone}. 1 60 60 60 60",
        f"@ IN NS ns.{told.zone}.",
        "ns IN A 127.0.0.1",
    ]
    path = write(place, "zone", [*zone, *(f"{name} IN A {address}" for name, address in told.names.items())])
    at = place.directory
    options = f'directory "{at}"; pid-file none; session-keyfile none; listen-on-v6 {{ none; }}; recursion no; allow-query {{ any; }};'
    config = write(
        place,
        "conf",
        [
            f"options {{ {options} dnssec-validation no; }};",
            "controls { };",
            f'zone "{told.zone}" {{ type primary; file "{path}"; }};',
        ],
    )
    return Server(argv=("named", "-g", "-4", "-c", config, "-n", "1", "-U", "1"), listens=(("udp", 53), ("tcp", 53)))


def chronyd(place: Place, told: Ntp) -> Server:
    """chrony, which leaves this machine's clock alone."""
    lines = ["allow all", "cmdport 0", f"pidfile {place.directory}/pid", "port 123"]
    lines += [f"local stratum {told.stratum}"] if told.synchronised else []
    return Server(
        argv=("chronyd", "-d", "-x", "-u", "root", "-f", write(place, "conf", lines)), listens=(("udp", 123),)
    )


def squid(place: Place, told: Proxy) -> Server:
    """squid. Its directory is everybody's, for it gives its privileges up."""
    place.directory.chmod(0o777)
    hosts = write(place, "hosts", [f"{address} {name}" for name, address in told.names.items()])
    lines = [
        f"http_port {told.port}", "pid_filename none", f"cache_log {place.directory}/log", "access_log none", "coredump_dir none",
        "cache deny all", f"hosts_file {hosts}", "dns_nameservers 127.0.0.1", "shutdown_lifetime 0 seconds", "netdb_filename none",
        "visible_hostname proxy.lab.example", "dns_timeout 1 second", "pinger_enable off", *told.extra, *_logins(place, told.users),
    ]  # fmt: skip
    # Shared memory is named after the instance, and a crashed one leaves its own behind.
    unique = "b" + re.sub(r"[^a-z0-9]", "", str(place.directory).lower())[-20:]
    argv = ("squid", "-N", "-n", unique, "-f", write(place, "conf", lines))
    return Server(argv=argv, listens=(("tcp", told.port),), leaves=(f"/dev/shm/{unique}-*",))  # noqa: S108 - named after this one


def _logins(place: Place, users: dict[str, str]) -> list[str]:
    if not users:
        return ["http_access allow all"]
    listed = []
    for name, password in users.items():
        done = subprocess.run(
            ["openssl", "passwd", "-apr1", "-stdin"],
            input=password,
            capture_output=True,
            text=True,
            check=False,
            timeout=10,
        )
        if done.returncode:
            raise LabError(f"service {place.name}: openssl passwd: {done.stderr.strip()}")
        listed.append(f"{name}:{done.stdout.strip()}")
    known = write(place, "users", listed)
    helper = "/usr/lib/squid/basic_ncsa_auth"
    return [
        f"auth_param basic program {helper} {known}", "auth_param basic children 1 startup=1", "auth_param basic realm lab",
        "acl known proxy_auth REQUIRED", "http_access allow known", "http_access deny all",
    ]  # fmt: skip


def rsyslogd(place: Place, told: Syslog) -> Server:
    """rsyslog, by UDP and TCP."""
    lines = [
        'module(load="imudp")', 'module(load="imtcp")', f'input(type="imudp" port="{told.port}")',
        f'input(type="imtcp" port="{told.port}")', f"*.* {place.directory}/messages",
    ]  # fmt: skip
    argv = ("rsyslogd", "-n", "-f", write(place, "conf", lines), "-i", f"{place.directory}/pid")
    return Server(argv=argv, listens=(("udp", told.port), ("tcp", told.port)))


def ipmi_sim(place: Place, told: Ipmi) -> Server:
    """OpenIPMI's simulator of a management controller."""
    lan = write(
        place,
        "lan",
        [
            'name "bmc"', "set_working_mc 0x20", "  startlan 1", f"    addr {told.address} 623", "    priv_limit admin",
            "    allowed_auths_admin none md2 md5 straight", "    guid a123456789abcdefa123456789abcdef", "  endlan",
            '  user 2 true "admin" "lab-secret" admin 10 none md2 md5 straight',
        ],
    )  # fmt: skip
    emulator = write(
        place,
        "emu",
        ["mc_setbmc 0x20", "mc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02", "mc_enable 0x20"],
    )
    state = place.directory / "state"
    state.mkdir(exist_ok=True)
    os.chmod(state, 0o755)  # noqa: S103
    return Server(argv=("ipmi_sim", "-n", "-c", lan, "-f", emulator, "-s", str(state)), listens=(("udp", 623),))
