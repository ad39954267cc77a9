"""nothing-after-dhcp: a machine that boots gets its address and the name of its file, and is not heard again."""

from collections.abc import Iterator
from typing import Final

from bellrock.diagnosis.case import Case
from bellrock.diagnosis.dhcp_story import Exchange, Told, boot_answers, by_client, relayed
from bellrock.diagnosis.dhcp_words import boot_options, probe, sentences
from bellrock.diagnosis.packets import NS, Arp, Packet, Wire
from bellrock.diagnosis.per_wire import per_wire
from bellrock.diagnosis.readings import group, links
from bellrock.model import Confidence, Finding, Severity
from bellrock.wire import dhcp, dhcp6
from bellrock.wire import dhcp_answer as answer

ID = "nothing-after-dhcp"
TITLE = "A machine gets its address, and is not heard again"
EXPLAINS: frozenset[str] = frozenset()
GAVE_UP: Final = 10.0
"""Seconds: firmware asks for its boot server at once (PXE 2.1 §2.2.3)."""
LONGEST: Final = 127
"""Octets of a file name that all firmware takes: the field `file` has 128 with its end (RFC 2131 §2)."""


def find(case: Case) -> Iterator[Finding]:
    """One for each machine that was told of a file by TFTP, where what it does next would be seen. HTTP boot has its own rule."""
    wire = case.wire
    if wire is None or not _more_than_dhcp(wire):
        return
    for several in by_client(wire).values():
        last = several[-1]
        files = [one for one in boot_answers(last) if answer.file(one.message)]
        if not last.acks or not last.boots or last.http or not files or answer.url(files[0].message):
            continue
        if wire.last - last.last >= GAVE_UP * NS and _would_be_seen(wire, last, files[0]) and not _heard(wire, last):
            yield _finding(wire, last, files[0])


@per_wire
def _more_than_dhcp(wire: Wire) -> bool:
    """A capture that was filtered for DHCP shows nothing of what comes after it."""
    return bool(wire.transfers) or any(not isinstance(one.said, dhcp.Message | dhcp6.Message) for one in wire.packets)


def _would_be_seen(wire: Wire, last: Exchange, given: Told) -> bool:
    """A point that shows what is sent to the client alone, or that is the boot server's own on the same link."""
    points = {one.packet.point for one in last.acks}
    alone = any(
        one.point in points and one.destination_mac == last.client and not group(one.destination_mac) for one in wire.packets
    )  # fmt: skip
    return alone or any(_own(wire, one, answer.boot_server(given.message)) for one in last.acks)


def _own(wire: Wire, ack: Told, boot_server: str) -> bool:
    here = next((one for one in wire.points if one.name == ack.packet.point), None)
    if here is None or relayed(ack) or ack.packet.source != boot_server:
        return False
    return here.mac == ack.packet.source_mac != "" or boot_server in {one.partition("/")[0] for one in here.addresses}


def _heard(wire: Wire, last: Exchange) -> bool:
    """Whether anything of the machine is in the capture after its lease."""
    mine = {one.message.yiaddr for one in last.acks}
    since = last.acks[-1].packet.at
    return (
        any(one.client in mine and one.at >= since for one in wire.transfers)
        or any(one.source in mine and one.last >= since and one.destination_port != dhcp.SERVER_PORT for one in wire.conversations)
        or any(one.at > since and _from(one, last.client, mine) for one in wire.packets)
    )  # fmt: skip


def _from(packet: Packet, client: str, mine: set[str]) -> bool:
    said = packet.said
    if isinstance(said, dhcp.Message):
        return False
    return packet.source_mac == client or packet.source in mine or (isinstance(said, Arp) and said.sender_mac == client)


def _finding(wire: Wire, last: Exchange, given: Told) -> Finding:
    name, ack = answer.file(given.message), last.acks[-1]
    long = len(name.encode()) > LONGEST
    cause = (
        f"The file's name has {len(name.encode())} octets; firmware that takes at most {LONGEST} stops there." if long
        else "Its link went down, its firmware does not take what the answer says (Secure Boot, a menu in option 43, a server that it cannot "
        "reach with this mask and router), or what it sends is dropped before this point."
    )  # fmt: skip
    return Finding(
        id=ID, severity=Severity.WARNING, client=last.client, vid=last.vid, address=answer.boot_server(given.message),
        what=f"{last.client} is given {answer.address(ack.message)} and {name!r} to boot, and is not heard again", cause=cause,
        proof=(
            *sentences(wire, (ack,)), f"It says: {boot_options(given)}.",
            f"The capture goes on for {(wire.last - last.last) / NS:.1f} s, without ARP, TFTP or any other word of the machine.",
        ),
        evidence=links((given.packet, ack.packet)), confidence=Confidence.POSSIBLE,
        fix=(
            "Look at the machine's console: firmware tells there why it stops.",
            "Compare mask, router, next-server and boot file (`bellrock probe dhcp` shows them) with those of a machine that boots.",
        ),
        recheck=probe(last),
    )  # fmt: skip
