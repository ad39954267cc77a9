"""DHCPv6 as a wire has shown it: per client what it asked, what came back, and what was never answered. What rules of DHCP share."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Final

from msgspec import Struct

from bellrock.diagnosis.boots.clients import client6, inner
from bellrock.diagnosis.dhcp_story import LONG, PATIENCE, SURE
from bellrock.diagnosis.packets import NS, Packet, Wire
from bellrock.diagnosis.per_wire import per_wire
from bellrock.wire import dhcp6
from bellrock.wire.dhcp6 import Kind, Message, Relayed
from bellrock.wire.errors import WireError
from bellrock.wire.text import printable


class Six(Struct, frozen=True, kw_only=True):
    """All that was said with one client."""

    client: str
    solicits: tuple[Packet, ...] = ()
    answers: tuple[Packet, ...] = ()
    """ADVERTISE and REPLY."""

    @property
    def waiting(self) -> tuple[Packet, ...]:
        """What it asked after the last answer."""
        last = self.answers[-1].at if self.answers else -1
        return tuple(one for one in self.solicits if one.at > last)

    @property
    def boots(self) -> bool:
        """Whether it asks for something to boot (RFC 5970 §3.3; UEFI §24.3.1: class PXEClient or HTTPClient)."""
        return any(asks_to_boot(message(one)) for one in self.solicits)

    @property
    def arch(self) -> int | None:
        """Client system architecture; None: it does not say."""
        values = (dhcp6.first(message(one).options, dhcp6.CLIENT_ARCH) for one in self.solicits)
        return next((int.from_bytes(value[:2], "big") for value in values if value and len(value) >= 2), None)

    @property
    def given(self) -> tuple[Packet, ...]:
        """Answers with an address."""
        return tuple(one for one in self.answers if addresses(message(one)))

    @property
    def url(self) -> str:
        """The boot file, as any answer names it (RFC 5970 §3.1)."""
        urls = (printable(dhcp6.first(message(one).options, dhcp6.BOOT_URL) or b"") for one in self.answers)
        return next((url for url in urls if url), "")

    @property
    def vid(self) -> int | None:
        """Of its link, as far as a tag tells it."""
        return next((one.vids[-1] for one in (*self.solicits, *self.answers) if one.vids), None)


@per_wire
def sixes(wire: Wire) -> tuple[Six, ...]:
    """One for each client, in the order in which they were first heard."""
    found: dict[str, dict[str, list[Packet]]] = defaultdict(lambda: {"solicits": [], "answers": []})
    for packet in wire.packets:
        said = packet.said
        if isinstance(said, Message | Relayed) and (client := client6(said, packet.source_mac)):
            role = _ROLES.get(inner(said).kind)
            if role:
                found[client][role].append(packet)
    return tuple(
        Six(client=client, **{role: tuple(packets) for role, packets in parts.items()})
        for client, parts in found.items()
    )


def in_vain(six: Six, wire: Wire) -> bool:
    """Whether it asked long enough for what it was not given (RFC 8415 §15: again after 1 s, then twice as long each time)."""
    asked = six.waiting
    if not asked:
        return False
    times = attempts(asked)
    long = times > 1 and wire.last - asked[0].at >= PATIENCE * NS
    return times >= SURE or long or wire.last - asked[-1].at >= LONG * NS


def attempts(packets: Iterable[Packet]) -> int:
    """How often something was said, as the point has it that saw it most."""
    seen = Counter((one.point, one.vids, isinstance(one.said, Relayed)) for one in packets)
    return max(seen.values(), default=0)


def message(packet: Packet) -> Message:
    """What client or server said, out of what relays have wrapped around it."""
    said = packet.said
    return inner(said) if isinstance(said, Message | Relayed) else Message(kind=0, transaction=0)


def asks_to_boot(said: Message) -> bool:
    """Whether it says what boots say of themselves."""
    named = dhcp6.first(said.options, dhcp6.VENDOR_CLASS) or b""
    return dhcp6.first(said.options, dhcp6.CLIENT_ARCH) is not None or b"PXEClient" in named or b"HTTPClient" in named


def addresses(said: Message) -> tuple[str, ...]:
    """That a message gives."""
    value = dhcp6.first(said.options, dhcp6.IA_NA)
    try:
        return () if value is None else tuple(address for address, _, _ in dhcp6.leased(value).addresses)
    except WireError:
        return ()


_ROLES: Final[dict[int, str]] = {Kind.SOLICIT: "solicits", Kind.ADVERTISE: "answers", Kind.REPLY: "answers"}
