"""Boots of all clients: what concerns a client is cut into boots, each boot into steps."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from bellrock.diagnosis.boot import STEPS, Boot
from bellrock.diagnosis.boots import arp, dhcp, dhcp6, link, services, tftp, web
from bellrock.diagnosis.boots.clients import Client, clients, leased6
from bellrock.diagnosis.boots.dhcp6 import Series6, series6
from bellrock.diagnosis.boots.ending import stopped_at, unseen
from bellrock.diagnosis.boots.part import Part, part_of
from bellrock.diagnosis.boots.series import REPEATS, Series, by_client
from bellrock.diagnosis.boots.steady import steady
from bellrock.diagnosis.dhcp_story import HTTP, exchanges
from bellrock.diagnosis.packets import NS, Packet, Wire
from bellrock.diagnosis.readings import own_macs
from bellrock.flows.site import Site
from bellrock.model import Neighbour
from bellrock.wire.dhcp import NOBODY
from bellrock.wire.dhcp6 import Kind
from bellrock.wire.lacp import Lacpdu
from bellrock.wire.stp import Bpdu

MAX_STEPS = 200
"""Of one boot: more are a machine at work, and no boot."""


def boots(wire: Wire, site: Site | None = None) -> tuple[Boot, ...]:
    """Every boot of every client, by client and time; where a clock went back, in the order in which it was captured."""
    wire = steady(wire)
    told = by_client(exchanges(wire))
    around = tuple(one for one in wire.packets if isinstance(one.said, Bpdu | Lacpdu | Neighbour))
    own = {point.name: own_macs(wire, point.name) for point in wire.points}
    return tuple(
        boot for client in clients(wire) for boot in _of_client(_Known(client, wire, site, told.get(client.mac, ()), around, own))
    )  # fmt: skip


class _Known(Struct, frozen=True):
    client: Client
    wire: Wire
    site: Site | None
    series: tuple[Series, ...]
    around: tuple[Packet, ...]
    own: dict[str, frozenset[str]]


_Told = Series | Series6
_Entry = tuple[int, bool]


def _of_client(known: _Known) -> Iterator[Boot]:
    six = series6(known.client.packets)
    begins = _begins(known.client, known.series, six)
    ends = [*begins[1:], max(known.wire.last, _last(known.client)) + 1]
    for place, (since, until) in enumerate(zip(begins, ends, strict=True)):
        part = part_of(known.client, known.wire, (since, until), known.own, known.site)
        own = [one for one in known.series if since <= one.begin < until]
        own6 = [one for one in six if since <= one.begin < until]
        told: list[_Told] = [*own, *own6]
        stages = sorted((one.begin, one.stage) for one in told)
        around = tuple(one for one in known.around if (since if place else 0) <= one.at < until)
        part = _with(part, tuple(stages), around)
        yield _boot(part, own, own6, known, again=until if place + 1 < len(begins) else None)


def _with(part: Part, stages: tuple[tuple[int, str], ...], around: tuple[Packet, ...]) -> Part:
    return replace(part, stages=stages, around=around)


def _last(client: Client) -> int:
    return max((one.at for given in (client.packets, client.transfers) for one in given), default=0)


def _begins(client: Client, series: Sequence[Series], six: Sequence[Series6]) -> list[int]:
    """When each boot begins: firmware that asks for an address after something else than firmware was at work, or after a long silence.

    Firmware that goes on to another entry of its boot order (from IPv4 to IPv6, from PXE to HTTP) begins no other boot.
    """
    told: list[_Told] = [*series, *six]
    firmware = sorted((one.begin, one.last, _entry(one)) for one in told if one.stage == "firmware")
    later = sorted(one.begin for one in told if one.stage != "firmware")
    files = [one.at for one in client.transfers]
    talks = [one.first for one in client.conversations if one.protocol == "tcp"]
    others = sorted((*later, *files, *talks))
    first = min((one.at for given in (client.packets, client.transfers) for one in given), default=0)
    begins, tried, last = [first], set[_Entry](), first
    for begin, end, entry in firmware:
        worked = _last_of(others, begins[-1], begin)
        silent = bool(tried) and begin - max(last, worked or 0) > REPEATS * NS
        goes_on = bool(tried) and entry not in tried and _last_of(later, begins[-1], begin) is None
        if silent or (worked is not None and not goes_on):
            begins.append(begin)
            tried = set()
        tried.add(entry)
        last = end
    return begins


def _last_of(times: Sequence[int], since: int, until: int) -> int | None:
    """The latest of sorted times in [since, until); None: there is none."""
    place = bisect_left(times, until)
    return times[place - 1] if place and times[place - 1] >= since else None


def _entry(one: _Told) -> _Entry:
    """What entry of the boot order it is: IP version, and whether it is HTTP boot."""
    return (6, one.arch in HTTP) if isinstance(one, Series6) else (4, one.http)


def _boot(part: Part, series: Sequence[Series], six: Sequence[Series6], known: _Known, again: int | None) -> Boot:
    ports = link.ports_of(part, known.own)
    steps = [
        *link.steps(part, ports), *dhcp.steps(part, series), *dhcp6.steps(part, six), *arp.steps(part), *tftp.steps(part), *web.steps(part),
        *services.steps(part),
    ]  # fmt: skip
    steps = sorted(steps, key=lambda one: (one.time, STEPS.index(one.step)))[:MAX_STEPS]
    file, by_http = _file(series, six)
    stopped = stopped_at(part, steps, wants_file=bool(file), by_http=by_http)
    if again is not None:
        steps.append(part.step("reboot", "worked", "the firmware begins again", (again, again), (), ""))
    before, after = unseen(steps, part.site)
    told: list[_Told] = [*series, *six]
    arch = next((one.arch for one in told if one.arch is not None), None)
    return Boot(
        mac=part.mac, address=_address(part, series, six, known.client.address), arch=arch, firmware=_firmware(arch, series),
        steps=(*before, *steps, *after), stopped_at=stopped, points=tuple(dict.fromkeys(one.point for one in part.packets if one.point)),
    )  # fmt: skip


def _file(series: Sequence[Series], six: Sequence[Series6]) -> tuple[str, bool]:
    """The boot file that firmware was told of last, and whether it comes by HTTP."""
    for one in reversed(series):
        if one.stage == "firmware" and one.over:
            file, _ = dhcp.boot_file(one)
            return file, one.http or file.startswith(("http://", "https://"))
    url = next((one.url for one in reversed(six) if one.stage == "firmware"), "")
    return url, url.startswith(("http://", "https://"))


def _firmware(arch: int | None, series: Sequence[Series]) -> str:
    if series and series[0].stage == "ipxe":
        return "iPXE"
    return "" if arch is None else dhcp.firmware_of(arch)


def _address(part: Part, series: Sequence[Series], six: Sequence[Series6], known: str) -> str:
    given = [
        (told.packet.at, told.message.yiaddr)
        for one in series
        for told in one.all("acks")
        if told.message.yiaddr != NOBODY
    ]
    given += [(seen[0].at, address) for one in six for seen, said in one.of(Kind.REPLY) for address in leased6(said)]
    used = known or next(_used(part), "")
    return max(given, default=(0, used))[1]


def _used(part: Part) -> Iterator[str]:
    """Addresses from which the client itself spoke."""
    yield from (one.client for one in part.transfers)
    yield from (
        one.source for one in part.conversations if one.protocol in ("tcp", "udp") and one.source not in (NOBODY, "::")
    )
