"""mtu-too-small-on-path: less passes between two neighbours than their interfaces let one expect."""

from collections.abc import Iterator

from bellrock.diagnosis.case import Case, Narrow
from bellrock.diagnosis.readings_site import host
from bellrock.model import Finding, Severity

ID = "mtu-too-small-on-path"
TITLE = "Large packets do not pass between neighbours"
EXPLAINS = frozenset(("mtu-black-hole", "tftp-block-too-large", "tftp-stalled", "http-boot-failed", "mtu-too-small"))


def find(case: Case) -> Iterator[Finding]:
    """One for each place that measuring blames."""
    for one in case.narrow:
        if one.where:
            yield _finding(case, one)


def _finding(case: Case, one: Narrow) -> Finding:
    first = one.where[0]
    passes = f"{one.mtu} octets" if one.mtu else "not even 1,280 octets"
    meant = f", where {one.others} are expected" if one.others else ""
    name = host(case, first.host)
    return Finding(
        id=ID, severity=Severity.ERROR, host=name, interface=first.interface, vid=first.vid, what=one.what,
        cause=f"A switch port or an interface on the way has a smaller MTU: {passes} pass{meant}. Pings work, and transfers hang.",
        proof=one.proof or (f"Measured: IP packets of {passes} pass{meant}.",), evidence=(f"mtu {name}/{first.interface}",),
        fix=(f"Raise the MTU on the way to {one.others} at least (of a switch: 22 octets more, for header, tag and check sequence)." if one.others
             else "Raise the MTU on the way to that of the interfaces.",
             f"Until then: ip link set {first.interface} mtu {one.mtu} on {name}" if one.mtu else "Until then nothing large will pass."),
        recheck="bellrock mtu --now",
    )  # fmt: skip
