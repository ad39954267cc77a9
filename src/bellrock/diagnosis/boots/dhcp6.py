"""Step `dhcp` over IPv6 (RFC 8415, boot options of RFC 5970)."""

from collections.abc import Iterable, Iterator
from typing import Final

from msgspec import Struct

from bellrock.diagnosis.boot import Outcome, Step
from bellrock.diagnosis.boots.clients import inner, leased6
from bellrock.diagnosis.boots.once import numbers, once
from bellrock.diagnosis.boots.part import SLOW, Part, counted
from bellrock.diagnosis.boots.series import REPEATS
from bellrock.diagnosis.dhcp_story import NAMES
from bellrock.diagnosis.packets import NS, Packet
from bellrock.wire import dhcp6
from bellrock.wire.dhcp6 import Kind
from bellrock.wire.errors import WireError
from bellrock.wire.text import printable

_ASKS: Final = (Kind.SOLICIT, Kind.REQUEST)
_ANSWERS: Final = (Kind.ADVERTISE, Kind.REPLY)
Seen = tuple[Packet, ...]


class Series6(Struct, kw_only=True):
    """From the first SOLICIT to an address: messages by time, each at all points where it was seen."""

    stage: str
    arch: int | None
    seen: list[Seen] = []

    def of(self, *kinds: int) -> list[tuple[Seen, dhcp6.Message]]:
        """Messages of these kinds."""
        told = ((seen, said_by(seen[0])) for seen in self.seen)
        return [(seen, said) for seen, said in told if said.kind in kinds]

    @property
    def begin(self) -> int:
        """Nanoseconds, as Packet.at."""
        return self.seen[0][0].at

    @property
    def last(self) -> int:
        """The same of the last one."""
        return max(one.at for seen in self.seen for one in seen)

    @property
    def url(self) -> str:
        """The boot file (option 59)."""
        urls = (dhcp6.first(said.options, dhcp6.BOOT_URL) for _, said in reversed(self.of(*_ANSWERS)))
        return next((printable(url) for url in urls if url), "")

    @property
    def over(self) -> bool:
        """It has an answer for good."""
        return bool(self.of(Kind.REPLY))


def said_by(packet: Packet) -> dhcp6.Message:
    """What client or server said, out of what relays wrapped around it."""
    assert isinstance(packet.said, dhcp6.Message | dhcp6.Relayed)  # noqa: S101 -- nothing else comes here
    return inner(packet.said)


def series6(packets: Iterable[Packet]) -> list[Series6]:
    """Of one client, by time; what only renews or gives back is left out."""
    found: list[Series6] = []
    told = (
        one
        for one in packets
        if isinstance(one.said, dhcp6.Message | dhcp6.Relayed) and said_by(one).kind in (*_ASKS, *_ANSWERS)
    )
    for seen in once(told, _key):
        said = said_by(seen[0])
        if said.kind in _ASKS and (not found or _anew(found[-1], seen[0], said)):
            found.append(Series6(stage=_stage(said, found[-1].stage if found else ""), arch=arch6(said)))
        if found:
            found[-1].seen.append(seen)
    return found


def arch6(said: dhcp6.Message) -> int | None:
    """Option 61; None: it does not boot from the network, or does not say."""
    value = dhcp6.first(said.options, dhcp6.CLIENT_ARCH) or b""
    return int.from_bytes(value[:2], "big") if len(value) >= 2 else None


def steps(part: Part, series: Iterable[Series6]) -> Iterator[Step]:
    """One for each series."""
    for one in series:
        outcome, what = _outcome(part, one)
        yield part.step(
            "dhcp", outcome, f"DHCPv6: {what}{_asking(one)}", (one.begin, one.last), numbers(one.seen), one.stage
        )


def _outcome(part: Part, one: Series6) -> tuple[Outcome, str]:
    replies, offers = one.of(Kind.REPLY), one.of(Kind.ADVERTISE)
    if not replies and not offers:
        outcome = part.silent(len(one.of(*_ASKS)), one.last, everybody=True)
        return outcome, "no answer" if outcome == "unanswered" else "no answer was to be seen here"
    packet, said = replies[-1] if replies else offers[-1]
    if refused := _refused(said):
        return "failed", f"{packet[0].source} refused it ({refused})"
    if not replies:
        given = ", ".join(leased6(said)) or "no address"
        requests = len(one.of(Kind.REQUEST))
        told = f"asked for it {counted(requests, 'time')}, no answer" if requests else "the client does not take it"
        return part.silent(
            requests, one.last, everybody=True
        ) if requests else "not-seen", f"{packet[0].source} offers {given}; {told}"
    if one.stage == "firmware" and not one.url:
        return "failed", f"{', '.join(leased6(said))} from {packet[0].source}, and nobody told it a boot file"
    late = len(one.of(Kind.SOLICIT)) > 1 or (one.last - one.begin) / NS > SLOW
    file = f", boot file {one.url}" if one.url else ""
    return ("slow" if late else "worked"), f"{', '.join(leased6(said)) or 'settings'} from {packet[0].source}{file}"


def _refused(said: dhcp6.Message) -> str:
    """RFC 8415 §21.13: a status of the message, or of the addresses that were wanted."""
    if told := dhcp6.status(dhcp6.first(said.options, dhcp6.STATUS)):
        return told
    value = dhcp6.first(said.options, dhcp6.IA_NA)
    if value is None or leased6(said):
        return ""
    return dhcp6.status(dhcp6.first(_inside(value), dhcp6.STATUS))


def _inside(association: bytes) -> dhcp6.Options:
    try:
        return dhcp6.options(association[12:])
    except WireError:
        return ()


def _asking(one: Series6) -> str:
    solicits = len(one.of(Kind.SOLICIT))
    told = [f"after {solicits} solicits"] if solicits > 1 else []
    if one.arch is not None:
        told.append(f"arch {one.arch} ({NAMES.get(one.arch, f'architecture {one.arch}')})")
    return "".join(f", {text}" for text in told)


def _anew(before: Series6, packet: Packet, said: dhcp6.Message) -> bool:
    if said.kind == Kind.REQUEST and not before.over:
        return False
    late = packet.at - before.last > REPEATS * NS
    return before.over or late or before.arch != arch6(said)


def _stage(said: dhcp6.Message, before: str) -> str:
    user = dhcp6.first(said.options, dhcp6.USER_CLASS) or b""
    if b"iPXE" in user:
        return "ipxe"
    if arch6(said) is not None:
        return "firmware"
    return "installer" if before else ""


def _key(packet: Packet) -> tuple[object, ...]:
    said = said_by(packet)
    elapsed = dhcp6.first(said.options, dhcp6.ELAPSED)
    return said.kind, said.transaction, elapsed, dhcp6.first(said.options, dhcp6.SERVER_ID)
