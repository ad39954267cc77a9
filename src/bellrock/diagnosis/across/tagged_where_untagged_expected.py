"""tagged-where-untagged-expected: a VLAN comes with a tag to a port that is meant to have it without, or the other way round."""

from collections.abc import Iterator

from bellrock.diagnosis.case import Case
from bellrock.diagnosis.readings_site import host, members
from bellrock.flows.site import Switchport
from bellrock.model import Finding, Member, Severity, Strength

ID = "tagged-where-untagged-expected"
TITLE = "A VLAN comes to a port with a tag where it is meant to come without, or without where with"
EXPLAINS = frozenset(
    ("dhcp-unanswered", "wrong-vlan", "no-region-heard", "vlan-missing", "native-mismatch", "unknown-not-disconnected")
)
_SURE = frozenset((Strength.CONFIRMED, Strength.HEARD))


def find(case: Case) -> Iterator[Finding]:
    """Of the ports × VIDs that the site means, those that beacons show in the other column, and not in the right one."""
    ports = {(one.host, one.interface): one for one in case.site.switchports} if case.site is not None else {}
    shown: dict[tuple[str, str], dict[tuple[int, bool], Member]] = {}
    for vlan, member in members(case) if ports else ():
        port = member.port
        vid = vlan.vid if port.vid is None else port.vid
        end = host(case, port.host), port.interface
        if vid is not None and end in ports and member.strength in _SURE:
            shown.setdefault(end, {})[vid, port.vid is not None] = member
    for end, meant in ports.items():
        yield from _at(meant, shown.get(end, {}))


def _at(meant: Switchport, shown: dict[tuple[int, bool], Member]) -> Iterator[Finding]:
    untagged = meant.untagged
    if untagged is not None and (untagged, True) in shown and (untagged, False) not in shown:
        yield _finding(
            meant,
            untagged,
            "with tag",
            "without",
            f"Make {untagged} the untagged (access or native) VLAN of its switch port.",
        )
    for vid in sorted(meant.tagged):
        if (vid, False) in shown and (vid, True) not in shown:
            yield _finding(
                meant,
                vid,
                "without tag",
                "with one",
                f"Make {vid} a tagged VLAN of its switch port, and another one, or none, its native VLAN.",
            )


def _finding(meant: Switchport, vid: int, comes: str, wanted: str, fix: str) -> Finding:
    place = f"{meant.host}/{meant.interface}"
    return Finding(
        id=ID, severity=Severity.ERROR, host=meant.host, interface=meant.interface, vid=vid,
        what=f"VLAN {vid} comes to {place} {comes}, and is meant to come {wanted}",
        cause="The switch port's mode (access or trunk) or its native VLAN is not what the machine expects: its frames are in no VLAN that it listens to.",
        proof=(f"Beacons put {place} into VLAN {vid} {comes}; none does so {wanted}.", f"The site says that VLAN {vid} comes to {place} {wanted}."),
        evidence=(f"vlan {vid} {place}",),
        fix=(fix, f"Or tell the machine: ip link add link {meant.interface} name {meant.interface}.{vid} type vlan id {vid}" if comes == "with tag"
             else f"Or tell the machine: give {meant.interface} itself the address."),
        recheck=f"bellrock vlan validate {meant.interface}",
    )  # fmt: skip
