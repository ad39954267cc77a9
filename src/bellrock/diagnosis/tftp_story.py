"""Files by TFTP as a wire has shown them: each file that a client wanted of a server, all tries and all points together. What rules share."""

from collections import defaultdict
from collections.abc import Iterator
from ipaddress import ip_address
from shlex import quote
from typing import Final, Literal

from msgspec import Struct

from bellrock.diagnosis.case import Case
from bellrock.diagnosis.once import once
from bellrock.diagnosis.packets import NS, Complaint, Packet, Transfer, Wire
from bellrock.diagnosis.per_wire import per_wire
from bellrock.diagnosis.readings import clients, of, packet_links
from bellrock.diagnosis.readings_heard import heard
from bellrock.wire.tftp import DEFAULT_BLOCK, HEADER

Failure = Literal["", "refused", "elsewhere", "unanswered", "blocked", "too-large", "stalled"]
"""Empty: it came, it cannot be told yet, or the client gave it up itself."""
PATIENCE: Final = 4.0
"""Seconds of silence after which a server will not answer: firmware asks again after 4 (PXE 2.1 §3.5)."""
STILL: Final = 3
"""So often sent again without an answer, a packet does not come through."""
AGAIN: Final = 2
"""Acknowledgements beyond those that are needed."""
UDP: Final = 8
HEADERS: Final = {4: 20 + UDP + HEADER, 6: 40 + UDP + HEADER}
"""Octets before the data of a block, by IP version (RFC 791, RFC 8200, RFC 768, RFC 1350)."""
TFTP_PORT: Final = 69


class Fetch(Struct, frozen=True, kw_only=True):
    """A file that a client wanted."""

    client: str
    """MAC address, of the lease where a router is between; the IP address where nothing tells it."""
    address: str
    server: str
    path: str
    views: tuple[Transfer, ...]
    """By time: several tries, and each seen at several points."""
    begin: int
    """Of the capture."""
    end: int

    @property
    def whole(self) -> bool:
        """Whether it came in the end."""
        return any(one.ended == "whole" for one in self.views)

    @property
    def asked(self) -> int:
        """Requests, as the point has it that saw most."""
        by_point: dict[str, int] = defaultdict(int)
        for one in self.views:
            by_point[one.point] += one.asked
        return max(by_point.values())

    @property
    def last(self) -> Transfer:
        """The try that went furthest; of equals the latest."""
        return max(self.views, key=lambda one: (one.octets, one.blksize is not None, one.largest, one.at))

    @property
    def vid(self) -> int | None:
        """Of the link where it was seen."""
        return next((one.vids[-1] for one in self.views if one.vids), None)

    @property
    def silence(self) -> float:
        """Seconds from its last packet to the end of the capture."""
        return (self.end - max(one.until for one in self.views)) / NS

    @property
    def waited(self) -> float:
        """Seconds from its first request to the end of the capture."""
        return (self.end - self.views[0].at) / NS

    @property
    def complained(self) -> str:
        """What ICMP says of it; empty: nothing."""
        return next((one.complained for one in self.views if one.complained), "")

    @property
    def numbers(self) -> tuple[int, ...]:
        """Of its requests."""
        return tuple(dict.fromkeys(one.packet for one in self.views))


def fetches(case: Case) -> tuple[Fetch, ...]:
    """All of them, by time."""
    wire = case.wire
    if wire is None or not wire.transfers:
        return ()
    owners, found = clients(case), defaultdict[tuple[str, str, str], list[Transfer]](list)
    for one in sorted(wire.transfers, key=lambda one: one.at):
        found[one.client, one.server, one.path].append(one)
    return tuple(
        Fetch(
            client=owners.get(address) or views[0].client_mac or address, address=address, server=server, path=path,
            views=tuple(views), begin=wire.first, end=wire.last,
        )
        for (address, server, path), views in found.items()
    )  # fmt: skip


def failure(fetch: Fetch) -> Failure:
    """Why it did not come: the one reason that what was seen speaks for."""
    if fetch.whole:
        return ""
    if any(one.answered_from not in ("", fetch.server) for one in fetch.views):
        return "elsewhere"
    if any(one.ended == "refused" for one in fetch.views):
        return "refused"
    if all(one.blksize is None for one in fetch.views):
        if any(one.acks for one in fetch.views):
            return ""  # it acknowledges what the capture does not show
        return "unanswered" if fetch.asked >= STILL or fetch.complained or fetch.waited >= PATIENCE else ""
    if not _in_vain(fetch):
        return ""
    if fetch.last.octets:
        return "stalled"
    return "blocked" if _never_arrives(fetch) else "too-large" if block(fetch) > DEFAULT_BLOCK else "stalled"


def failed(case: Case, why: Failure) -> Iterator[Fetch]:
    """The first file that did not come for this reason, of each client and server: the others are of the same cause."""
    found = (one for one in fetches(case) if failure(one) == why and (why != "unanswered" or _would_be_seen(case, one)))
    return once(found, lambda one: (one.client, one.server))


def _would_be_seen(case: Case, fetch: Fetch) -> bool:
    """Whether an answer would be in the capture: ICMP says that there is none, or something else that is sent to the client is seen."""
    macs = {fetch.client, *(one.client_mac for one in fetch.views)}
    return bool(fetch.complained) or case.wire is None or any(heard(case.wire, one) for one in (fetch.address, *macs))


def block(fetch: Fetch) -> int:
    """Octets of a block as agreed, of the try that went furthest."""
    return fetch.last.blksize or DEFAULT_BLOCK


def _in_vain(fetch: Fetch) -> bool:
    """It will not go on: sent again and again, asked anew, or long silent; not, where the capture just ends inside."""
    again = any(one.repeated >= STILL or _said_again(one) >= AGAIN for one in fetch.views) or fetch.asked > 1
    given_up = all(one.ended == "aborted" for one in fetch.views)
    return (again or fetch.silence >= PATIENCE) and not (given_up and not again)


def _said_again(one: Transfer) -> int:
    """Acknowledgements that the client sent more often than there was something to acknowledge: it waits for what does not come."""
    needed = 1 + one.octets // (one.blksize or DEFAULT_BLOCK)
    return 0 if one.acks is None else max(0, one.acks - needed)


def _never_arrives(fetch: Fetch) -> bool:
    """The server's answers leave, and the client gets none: not even the small first one."""
    spoken = [one for one in fetch.views if one.blksize is not None]
    if any(one.blksize is None and one.point != spoken[0].point for one in fetch.views):
        return True
    counted = [one.acks for one in spoken if one.acks is not None]
    if counted:
        return not any(counted)
    # Not counted: data is sent once options are agreed; where they were not, a block of 512 fits everywhere.
    return not any(one.largest for one in spoken) or block(fetch) <= DEFAULT_BLOCK


def safe_block(fetch: Fetch, wire: Wire) -> tuple[int, str]:
    """The largest block that surely passes, and how that is known."""
    version = ip_address(fetch.server).version
    told = [said.mtu for _packet, said in complaints(fetch, wire) if said.mtu]
    if told:
        mtu = min(told)
        return max(DEFAULT_BLOCK, mtu - HEADERS[version]), f"ICMP names an MTU of {mtu} octets on the way"
    passed = [
        one.largest
        for one in wire.transfers
        if one.ended == "whole" and one.server == fetch.server and one.client == fetch.address
    ]
    if passed and max(passed) > DEFAULT_BLOCK + HEADERS[version]:
        return max(passed) - HEADERS[version], f"packets of {max(passed)} octets came through to this client"
    return DEFAULT_BLOCK, "every host takes packets of 576 octets (RFC 791 §3.1), and hardly a link passes less"


def complaints(fetch: Fetch, wire: Wire) -> list[tuple[Packet, Complaint]]:
    """ICMP errors about it, either way."""
    ends = {fetch.address, fetch.server}
    return [
        (packet, said) for packet, said in errors(wire)
        if {said.source, said.destination} == ends and said.protocol in (17, 0) and _of_tftp(said)
    ]  # fmt: skip


@per_wire
def errors(wire: Wire) -> tuple[tuple[Packet, Complaint], ...]:
    """ICMP errors, by time."""
    return tuple(of(wire, Complaint))


def _of_tftp(said: Complaint) -> bool:
    """Its data ports are the client's choice: whatever is not of another well-known service."""
    ports = {said.source_port, said.destination_port}
    return TFTP_PORT in ports or 0 in ports or min(ports) >= 1024


def proof(fetch: Fetch) -> tuple[str, ...]:
    """The requests, and how each went, as seen at each point."""
    return tuple(_view(one, fetch.begin) for one in fetch.views[:6])


def _view(one: Transfer, begin: int) -> str:
    at = f" at {one.point}" if one.point else ""
    begun = f"Packet {one.packet} ({(one.at - begin) / NS:.3f} s){at}: {one.client} asks {one.server} for {one.path!r}"
    times = f", {one.asked} times" if one.asked > 1 else ""
    if one.blksize is None and one.ended == "refused":
        return f"{begun}{times}; the answer is an error: {one.error or 'no reason given'}."
    if one.blksize is None:
        return f"{begun}{times}; nothing comes back{f' but ICMP: {one.complained}' if one.complained else ''}."
    repeated = f", {one.repeated} packets are sent again" if one.repeated else ""
    acks = "" if one.acks is None else f", {one.acks} acknowledgements"
    error = f": {one.error}" if one.error else ""
    return f"{begun}{times}; blocks of {one.blksize} octets, {one.octets} octets acknowledged{acks}{repeated}; ended {one.ended}{error}."


def evidence(fetch: Fetch) -> tuple[str, ...]:
    """Packets of its requests."""
    return packet_links(*fetch.numbers)


def recheck(fetch: Fetch) -> str:
    """The command that fetches it again."""
    return f"bellrock probe tftp --to {fetch.server} -o {quote(f'path={fetch.path}')}"
