"""Which finding says why a boot stopped, and whether one says that it did."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import inf
from typing import Final

from msgspec.structs import replace

from bellrock.diagnosis.boot import Boot
from bellrock.diagnosis.boots.ending import begins_anew
from bellrock.diagnosis.boots.steady import steady
from bellrock.diagnosis.packets import NS, Wire
from bellrock.model import Finding, Severity

FLOWS: Final[dict[str, frozenset[str]]] = {
    "dhcp": frozenset(("dhcp", "dhcpv6", "libvirt-dnsmasq")), "proxydhcp": frozenset(("dhcp",)), "tftp": frozenset(("tftp",)),
    "http-boot": frozenset(("http-boot", "https-boot")), "dns": frozenset(("dns",)), "ntp": frozenset(("ntp",)),
    "metadata": frozenset(("api",)), "proxy": frozenset(("proxy", "proxy-auth")), "mirror": frozenset(("apt", "snap")),
    "syslog": frozenset(("syslog",)),
}  # fmt: skip
"""Step of a boot → flows of the catalogue that it needs."""
_GOOD: Final = ("worked", "slow")
_ASIDE: Final = ("link", "arp", "syslog", "ntp", "reboot")
_STARTS: Final = (("firmware", "tftp"), ("firmware", "http-boot"))
"""After these a program starts, or does not."""
_PACKET: Final = re.compile(r"^packet ([0-9]{1,12})$")


def judged(wire: Wire, boots: Sequence[Boot], findings: Sequence[Finding]) -> tuple[Boot, ...]:
    """Boots, stopped where a finding says so of which the ladder alone shows nothing: a file of the wrong kind arrives as well as any."""
    wire = steady(wire)  # as ladders are told
    times = {one.number: (one.at - wire.first) / NS for one in wire.packets}
    ends = [_begin(other) if (one.mac or one.address) == (other.mac or other.address) else inf
            for one, other in pairwise(boots)]  # fmt: skip
    told = zip(boots, [*ends, inf], strict=False)
    return tuple(
        one if one.stopped_at else replace(one, stopped_at=_stopped_by(one, end, findings, times)) for one, end in told
    )


def _stopped_by(boot: Boot, end: float, findings: Sequence[Finding], times: dict[int, float]) -> str:
    """The step of an error of this client since which the boot came no further."""
    begin = _begin(boot)
    steps = [one for one in boot.steps if one.outcome in _GOOD and one.step not in _ASIDE]
    good = [one for place, one in enumerate(steps) if not begins_anew(one, steps[:place])]
    for one in findings:
        every = [times[number] for number in _packets(one) if number in times]
        # Proof may be older than this boot, and of others; its end is in the boot that it is about.
        seen = [at for at in every if begin <= at] if every and begin <= max(every) < end else []
        if (
            one.severity is not Severity.ERROR
            or not one.client
            or one.client not in (boot.mac, boot.address)
            or not seen
        ):
            continue
        step = next((step for step, flows in FLOWS.items() if one.flow in flows), "")
        if step and not any(each.time > min(seen) for each in good if each.step != step):
            return step
        if not one.flow and good and (good[-1].stage, good[-1].step) in _STARTS:
            return good[-1].step
    return ""


def _begin(boot: Boot) -> float:
    return min((one.time for one in boot.steps if one.packets), default=0.0)


def _packets(one: Finding) -> Iterator[int]:
    return (int(number) for text in one.evidence for number in _PACKET.findall(text))


def cause(boot: Boot, findings: Sequence[Finding]) -> Finding | None:
    """Of findings in their order, the gravest first, the one that explains best why this boot stopped; None: it did not, or none does.

    A finding about this client and the flow of the step counts most, then one about the client, then an error of the flow that names no client.
    """
    if not boot.stopped_at:
        return None
    flows = FLOWS.get(boot.stopped_at, frozenset())
    who = {boot.mac, boot.address} - {""}
    mine = [one for one in findings if one.client in who and one.severity is not Severity.NOTICE]
    everybodys = [one for one in findings if not one.client and one.flow in flows and one.severity is Severity.ERROR]
    return next((one for one in (*(one for one in mine if one.flow in flows), *mine, *everybodys)), None)
