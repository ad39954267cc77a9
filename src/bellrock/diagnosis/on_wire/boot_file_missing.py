"""boot-file-missing: the boot server does not have the file that a machine was told to boot."""

from collections.abc import Iterator
from typing import Final

from msgspec.structs import replace

from bellrock.diagnosis.case import Case
from bellrock.diagnosis.dhcp_story import exchanges
from bellrock.diagnosis.packets import Packet, Request, Response, Wire
from bellrock.diagnosis.readings import clients, links, of
from bellrock.diagnosis.readings_http import address, is_image
from bellrock.diagnosis.tftp_story import Fetch, evidence, failure, fetches, proof, recheck
from bellrock.model import Confidence, Finding, Severity
from bellrock.wire import dhcp_answer as answer
from bellrock.wire.tftp import NO_ACCESS, NOT_DEFINED, NOT_FOUND, Refusal

ID = "boot-file-missing"
TITLE = "The boot server does not have the boot file"
EXPLAINS: frozenset[str] = frozenset()
LOOKS_FOR: Final = ("pxelinux.cfg/", "grub.cfg", "ldlinux", "grub/", "-01-", ".cfg")
"""Parts of names that boot loaders try one after the other, most of which are meant to be missing."""
GONE: Final = frozenset((404, 410))


def find(case: Case) -> Iterator[Finding]:
    """One for each client and file, by TFTP or HTTP. A boot loader that looks for its settings under many names is no fault."""
    if case.wire is None:
        return
    named = _named(case)
    refused = [one for one in fetches(case) if failure(one) == "refused"]
    for fetch in refused:
        if _matters(fetch, named.get(fetch.client, set())) or _needed(case.wire, fetch):
            finding = _by_tftp(case, fetch, named.get(fetch.client, set()))
            yield _guess(finding) if _at_a_venture(case.wire, fetch, named.get(fetch.client, set())) else finding
    yield from _by_http(case, named)


def _named(case: Case) -> dict[str, set[str]]:
    """Client → files and URLs that DHCP told it to boot."""
    found: dict[str, set[str]] = {}
    for exchange in exchanges(case.wire) if case.wire else ():
        answers = (*exchange.offers, *exchange.acks, *exchange.proxies, *exchange.proxy_answers)
        found.setdefault(exchange.client, set()).update(file for one in answers if (file := answer.file(one.message)))
    return found


def _matters(fetch: Fetch, named: set[str]) -> bool:
    """Whether it is what DHCP named, or, where the capture lacks that, no name that is only tried."""
    asked = fetch.path.strip("/")
    if any(_path(name) == asked or _damaged(name, fetch.path) for name in named):
        return True
    return not named and not any(part in asked for part in LOOKS_FOR)


def _needed(wire: Wire, fetch: Fetch) -> bool:
    """Whether it is a kernel or what belongs to it, whoever named it, and nothing was fetched after it."""
    return is_image(fetch.path) and not _went_on(wire, fetch.address, max(one.at for one in fetch.views))


def _at_a_venture(wire: Wire, fetch: Fetch, named: set[str]) -> bool:
    """Whether nothing tells who named it, and the machine has another file whole: boot loaders look for fonts, texts and settings."""
    told = named or is_image(fetch.path)
    return not told and any(one.client == fetch.address and one.ended == "whole" for one in wire.transfers)


def _guess(finding: Finding) -> Finding:
    return replace(
        finding, severity=Severity.NOTICE, confidence=Confidence.POSSIBLE,
        cause=f"{finding.cause} Or a boot loader only looks for it and does without: the machine has got other files, and the capture lacks who named it.",
    )  # fmt: skip


def _path(name: str) -> str:
    return (name.partition("://")[2].partition("/")[2] if "://" in name else name).strip("/")


def _damaged(name: str, path: str) -> bool:
    """The client asks for what was named with octets after it: a server that ends option 67 without NUL, a client that reads on."""
    return path != name and path.startswith(name) and len(path) - len(name) <= 2 and not path[len(name) :].isascii()


def _by_tftp(case: Case, fetch: Fetch, named: set[str]) -> Finding:
    error = next((one.error for one in fetch.views if one.error), "")
    codes = _codes(case, fetch)
    denied = NO_ACCESS in codes or "access" in error.lower()
    damaged = next((name for name in named if _damaged(name, fetch.path)), "")
    if damaged:
        cause = (
            f"DHCP names {damaged!r}, and the firmware asks for {fetch.path!r}: it reads beyond the end of option 67."
        )
    elif denied:
        cause = "The file is there and the server may not read it, or it lies outside of what the server may serve."
    else:
        cause = (
            "The file is not below the server's root, or DHCP names it by another path (upper and lower case count)."
        )
    return Finding(
        id=ID, severity=Severity.ERROR, client=fetch.client, vid=fetch.vid, flow="tftp", address=fetch.server,
        what=f"{fetch.server} does not give {fetch.path!r} to {fetch.client}: {error or 'refused'}", cause=cause, proof=proof(fetch),
        evidence=evidence(fetch), confidence=Confidence.CERTAIN if codes & {NOT_FOUND, NO_ACCESS} or damaged else Confidence.LIKELY,
        fix=(
            f"On {fetch.server}: put the file there (`ls -l` below the TFTP root; readable by the server's user), or import boot images again.",
            "Or correct the file name in the DHCP server's answer (option 67, field file).",
        ),
        recheck=recheck(fetch),
    )  # fmt: skip


def _codes(case: Case, fetch: Fetch) -> set[int]:
    assert case.wire is not None  # noqa: S101 -- there are fetches
    ends = (fetch.server, fetch.address)
    return {said.code for packet, said in of(case.wire, Refusal) if (packet.source, packet.destination) == ends} - {
        NOT_DEFINED
    }


def _by_http(case: Case, named: dict[str, set[str]]) -> Iterator[Finding]:
    assert case.wire is not None  # noqa: S101 -- `find` has looked
    owners, told = clients(case), set[tuple[str, str]]()
    booting = {one.client for one in exchanges(case.wire) if one.boots or one.ipxe}
    for packet, request, reply in _answered(case):
        client = owners.get(packet.source, packet.source_mac or packet.source)
        urls = {name for name in named.get(client, ()) if "://" in name}
        asked = _path(request.target.partition("?")[0])
        if reply.status not in GONE or (client, asked) in told:
            continue
        by_dhcp = any(_path(url) == asked for url in urls)
        if by_dhcp or (client in booting and is_image(asked) and not _went_on(case.wire, packet.source, packet.at)):
            told.add((client, asked))
            yield _of_url(client, packet, request, reply, by_dhcp=by_dhcp)


def _went_on(wire: Wire, client: str, since: int) -> bool:
    """Whether the machine fetched anything after it: another mirror, another way, another menu entry."""
    return any(one.client == client and one.at > since and one.ended == "whole" for one in wire.transfers) or any(
        isinstance(one.said, Response) and 200 <= one.said.status < 300 and one.destination == client and one.at > since
        for one in wire.packets
    )


def _answered(case: Case) -> Iterator[tuple[Packet, Request, Response]]:
    """Each request with the first response that came to it."""
    assert case.wire is not None  # noqa: S101 -- `find` has looked
    waiting: dict[tuple[str, int, str, int], tuple[Packet, Request]] = {}
    for packet in case.wire.packets:
        if isinstance(packet.said, Request):
            waiting[packet.source, packet.source_port, packet.destination, packet.destination_port] = (
                packet,
                packet.said,
            )
        elif isinstance(packet.said, Response):
            asked = waiting.pop((packet.destination, packet.destination_port, packet.source, packet.source_port), None)
            if asked:
                yield *asked, packet.said


def _of_url(client: str, packet: Packet, request: Request, reply: Response, *, by_dhcp: bool) -> Finding:
    url = address(packet, request)
    which = "which" if by_dhcp else "without which"
    told = "was told to boot" if by_dhcp else "cannot go on"
    return Finding(
        id=ID, severity=Severity.ERROR, client=client, vid=packet.vids[-1] if packet.vids else None, flow="http-boot", address=packet.destination,
        what=f"{packet.destination} does not have {url}, {which} {client} {told}: {reply.status} {reply.reason}".rstrip(),
        cause=(
            "The file is not where the URL says, or DHCP names another path than the server has." if by_dhcp
            else "The boot loader's settings name a file that the server does not have: boot images are half imported, or of another release."
        ),
        proof=(f"Packet {packet.number}: {client} asks for {url}; the answer is {reply.status} {reply.reason}".rstrip() + ".",),
        evidence=links((packet,)), confidence=Confidence.CERTAIN,
        fix=(f"On {packet.destination}: put the file there, or import boot images again.", "Or correct the URL in the DHCP server's answer (option 67)." if by_dhcp else "Or correct the path in the boot loader's settings."),
        recheck=f"bellrock probe http-boot --to {packet.destination}:{packet.destination_port} -o path={request.target}",
    )  # fmt: skip
