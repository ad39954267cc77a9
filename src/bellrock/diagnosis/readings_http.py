"""Readings of HTTP in clear: which answer belongs to which request."""

from collections import defaultdict, deque
from collections.abc import Iterator
from typing import Final, NamedTuple

from bellrock.diagnosis.packets import Packet, Request, Response, Wire

_IMAGES: Final = ("boot-kernel", "boot-initrd", "vmlinuz", "initrd", "squashfs")
_BESIDE: Final = (".sig", ".asc", ".gpg", ".md5", ".sha256", ".manifest")


def is_image(path: str) -> bool:
    """Whether its name is of a kernel or what belongs to it, which nobody asks for at a venture; signatures beside it are looked for."""
    name = path.partition("?")[0].rpartition("/")[2].lower()
    return name == "linux" or (any(part in name for part in _IMAGES) and not name.endswith(_BESIDE))


def address(packet: Packet, request: Request) -> str:
    """The URL that was asked for; a proxy is asked for a whole one (RFC 9112 §3.2.2)."""
    return request.target if "://" in request.target else f"http://{request.host or packet.destination}{request.target}"


class Exchange(NamedTuple):
    """A request as one point saw it, and its answer; None: none was seen there."""

    asked: Packet
    request: Request
    came: Packet | None = None
    response: Response | None = None

    @property
    def client(self) -> str:
        """IP address of who asked."""
        return self.asked.source

    @property
    def status(self) -> int:
        """Of the answer; 0: there was none."""
        return self.response.status if self.response else 0


def exchanges(wire: Wire) -> Iterator[Exchange]:
    """By time of the request, at each point. Answers of one connection come in the order of its requests (RFC 9112 §9.3.2)."""
    waiting: dict[tuple[object, ...], deque[int]] = defaultdict(deque)
    found: list[Exchange] = []
    for packet in wire.packets:
        said = packet.said
        if isinstance(said, Request):
            waiting[_way(packet)].append(len(found))
            found.append(Exchange(packet, said))
        elif isinstance(said, Response) and (ahead := waiting.get(_back(packet))) and said.status >= 200:
            at = ahead.popleft()
            found[at] = found[at]._replace(came=packet, response=said)
    yield from found


def _way(packet: Packet) -> tuple[object, ...]:
    return packet.point, packet.source, packet.source_port, packet.destination, packet.destination_port


def _back(packet: Packet) -> tuple[object, ...]:
    return packet.point, packet.destination, packet.destination_port, packet.source, packet.source_port
