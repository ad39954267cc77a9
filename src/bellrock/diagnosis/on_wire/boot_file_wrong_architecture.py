"""boot-file-wrong-architecture: the file that a machine is told to boot is made for another kind of machine, or is no program at all."""

from collections.abc import Iterator
from typing import Final

from bellrock.diagnosis.case import Case
from bellrock.diagnosis.dhcp6_story import sixes
from bellrock.diagnosis.dhcp_story import Exchange, Told, boot_answers, by_client, exchanges, heard_alone, server
from bellrock.diagnosis.dhcp_words import boot_options, probe, sentences
from bellrock.diagnosis.packets import NS, Packet, Request, Wire
from bellrock.diagnosis.readings import clock, links, of
from bellrock.diagnosis.tftp_story import Fetch, fetches
from bellrock.model import Confidence, Finding, Severity
from bellrock.wire import dhcp_answer as answer
from bellrock.wire.bootfile import machine_of, misfit

ID = "boot-file-wrong-architecture"
TITLE = "The boot file is no program for this kind of machine"
EXPLAINS: frozenset[str] = frozenset(("dhcp-unanswered", "tftp-stalled"))
BIOS: Final = "BIOS"
_KIND: Final = {
    0: BIOS, 6: "UEFI 32-bit x86", 7: "UEFI x86-64", 9: "UEFI x86-64", 10: "UEFI 32-bit ARM", 11: "UEFI ARM64", 15: "UEFI 32-bit x86",
    16: "UEFI x86-64", 18: "UEFI 32-bit ARM", 19: "UEFI ARM64",
}  # fmt: skip
"""By IANA's processor architecture types."""
_BIOS_ENDS: Final = (".0", ".kpxe", ".kkpxe", ".kkkpxe", ".pxe", ".bin", ".com", ".bs")
_MARKS: Final = {
    "UEFI ARM64": ("aa64", "arm64", "aarch64"), "UEFI x86-64": ("x64", "amd64", "x86_64", "x86-64", "bootx64"),
    "UEFI 32-bit x86": ("ia32", "i386"), "UEFI 32-bit ARM": ("armhf", "bootarm.efi", "arm32"),
}  # fmt: skip
"""Parts of names that UEFI programs have by convention (UEFI §3.5.1.1, and GRUB, shim, iPXE after it)."""
STILL: Final = 2.0


def find(case: Case) -> Iterator[Finding]:
    """One for each client and file, where the machine did not get on with it: names may mislead, and what starts is right."""
    wire = case.wire
    if wire is None:
        return
    wanted = fetches(case)
    told: set[str] = set()
    every = exchanges(wire)
    for exchange in every:
        if (
            exchange.arch is None
            or exchange.ipxe
            or exchange.client in told
            or exchange.client not in heard_alone(wire)
        ):
            continue
        for given in boot_answers(exchange)[:1]:
            fetched = _fetched(exchange, given, wanted)
            why = _misfit(exchange, given, fetched)
            if why and not _went_on(wire, exchange, every, wanted):
                told.add(exchange.client)
                yield _finding(wire, exchange, given, why, fetched)


def made_for(name: str) -> tuple[str, ...]:
    """Kinds of machine that a boot file of this name can be for; (): the name does not tell."""
    last = name.rpartition("/")[2].lower()
    if last.endswith(_BIOS_ENDS):
        return (BIOS,)
    if not last.endswith(".efi"):
        return ()
    marked = tuple(kind for kind, marks in _MARKS.items() if any(mark in last for mark in marks))
    return marked or tuple(kind for kind in dict.fromkeys(_KIND.values()) if kind != BIOS)


def _went_on(wire: Wire, exchange: Exchange, every: tuple[Exchange, ...], wanted: tuple[Fetch, ...]) -> bool:
    """Whether what was booted did something: asked as iPXE, fetched a second file, or a system came up with it."""
    given = {one.message.yiaddr for one in exchange.acks}
    later = [one for one in every if one.client == exchange.client and one.first > exchange.first]
    files = {one.path for one in wanted if one.client == exchange.client and one.whole}
    talked = any(
        one.source in given and one.protocol == "tcp" and one.answered and one.first > exchange.last + STILL * NS
        for one in wire.conversations
    )
    by_http = {said.target for packet, said in of(wire, Request) if packet.source in given}
    return any(one.ipxe or not one.boots for one in later) or len(files) > 1 or len(by_http) > 1 or talked


def _fetched(exchange: Exchange, given: Told, wanted: tuple[Fetch, ...]) -> Fetch | None:
    """The file as it came by TFTP."""
    file = answer.file(given.message)
    return next(
        (one for one in wanted if one.client == exchange.client and one.whole and one.path.strip("/") in file), None
    )


def _head(fetched: Fetch | None) -> bytes:
    return next((one.head for one in fetched.views if one.head), b"") if fetched else b""


def _misfit(exchange: Exchange, given: Told, fetched: Fetch | None) -> str:
    """Why it cannot be started: by the header of the file, where it was seen to come, else by its name; empty: nothing speaks against it."""
    file = answer.file(given.message)
    need, head = _KIND.get(exchange.arch or 0, ""), _head(fetched)
    if not need:
        return ""
    if machine_of(head) is not None:
        return misfit(need, exchange.arch or 0, file, head)
    made = made_for(file)
    return f"{file!r}, by its name, is made for {' or '.join(made)}" if made and need not in made else ""


def _again(wire: Wire, exchange: Exchange, fetched: Fetch | None) -> Packet | None:
    """What its firmware asked next, once it had the file: an address, for another entry of its boot order or for a new attempt."""
    if fetched is None:
        return None
    since = max(one.until for one in fetched.views)
    four = (
        one.discovers[0].packet
        for one in by_client(wire)[exchange.client]
        if one.boots and not one.ipxe and one.discovers
    )
    sixth = (packet for six in sixes(wire) if six.client == exchange.client and six.boots for packet in six.solicits)
    return min((one for one in (*four, *sixth) if one.at >= since), key=lambda one: one.at, default=None)


def _finding(wire: Wire, exchange: Exchange, given: Told, why: str, fetched: Fetch | None) -> Finding:
    file, whom = answer.file(given.message), answer.boot_server(given.message) or server(given)
    need, again = _KIND[exchange.arch or 0], _again(wire, exchange, fetched)
    more = (
        [f"The file came whole (packet {fetched.numbers[0]}), and nothing that it would do is seen after it."]
        if fetched
        else []
    )
    if _head(fetched):
        more.append(f"It begins with {_head(fetched)[:8].hex(' ')}: {why}.")
    if again:
        more.append(f"Packet {again.number} ({clock(wire, again.at)}): its firmware asks for an address again.")
    return Finding(
        id=ID, severity=Severity.ERROR, client=exchange.client, vid=exchange.vid, address=server(given),
        what=f"{exchange.client} is {need} (architecture {exchange.arch}) and was told to boot {file!r}, which it cannot start", cause=f"{_upper(why)}. {_why(_head(fetched))}",
        proof=(*sentences(wire, (*exchange.discovers[:1], given)), f"It says: {boot_options(given)}.", *more),
        evidence=links((*(one.packet for one in exchange.discovers[:1]), given.packet, *((again,) if again else ()))),
        confidence=_confidence(need, file, fetched, again),
        fix=(
            f"On {server(given)}: choose the boot file by option 93 (dhcpd `option arch = …`, Kea `option[93].hex == 0x{exchange.arch or 0:04x}`, dnsmasq "
            f"`--dhcp-match=set:kind,option:client-arch,{exchange.arch}`).",
            f"Put a boot loader for {need} onto {whom}, and name it.",
        ),
        recheck=probe(exchange),
    )  # fmt: skip


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]


def _why(head: bytes) -> str:
    if head.startswith(b"#!ipxe"):
        return "It is a script for iPXE, which firmware must be told to boot first: name iPXE itself, and the script to who asks as iPXE (option 77)."
    return "The DHCP server does not tell kinds of machines apart, or takes this one for another; or another file lies under this name."


def _confidence(need: str, file: str, fetched: Fetch | None, again: Packet | None) -> Confidence:
    if machine_of(_head(fetched)) is not None:
        return Confidence.CERTAIN if again else Confidence.LIKELY
    return Confidence.LIKELY if fetched or BIOS in (need, *made_for(file)) else Confidence.POSSIBLE
