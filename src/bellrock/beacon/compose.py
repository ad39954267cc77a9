"""Builds the beacons that a port sends."""

from ipaddress import IPv6Interface
from typing import Final

import msgspec
from msgspec import Struct

from bellrock.beacon.values import Identity, NewId, Now, PortFacts
from bellrock.model import InterfaceKind
from bellrock.wire.beacon import Beacon, BeaconType, Extension, Letter, Received, Remote, ScanAnswer, ScanCall

TYPES: Final = frozenset({InterfaceKind.PHYSICAL, InterfaceKind.VLAN, InterfaceKind.BRIDGE, InterfaceKind.BOND})
"""The kinds that a plain MAAS peer has words for; all others are physical to it."""


class Copy(Struct, frozen=True):
    """One of the packets in which a beacon goes out: address family, source address, and the prefix it belongs to."""

    family: int
    source_ip: str | None
    subnet: str | None


def copies(facts: PortFacts) -> tuple[Copy, ...]:
    """One copy for each address family of the interface; where it has no address at all, IPv6 alone."""
    found = []
    if facts.ipv4:
        found.append(Copy(4, facts.ipv4[0].partition("/")[0], facts.ipv4[0]))
    if facts.ipv6 or not facts.ipv4:
        found.append(_copy6(facts))
    return tuple(found)


def _copy6(facts: PortFacts) -> Copy:
    parsed = [IPv6Interface(address) for address in facts.ipv6]
    source = next((str(address.ip) for address in parsed if address.is_link_local), None)
    subnet = next((str(address) for address in parsed if not address.is_link_local), None)
    return Copy(6, source, subnet)


class Composer:
    """Gives every beacon its id and its number in this boot."""

    def __init__(self, identity: Identity, new_id: NewId) -> None:
        self._identity = identity
        self._new_id = new_id
        self._seq = 0

    def introduce(self, identity: Identity) -> None:
        """From now on beacons say this; what was said stays counted."""
        self._identity = identity

    def multicast(
        self,
        facts: PortFacts,
        copy: Copy,
        version: int,
        type: BeaconType,
        acks: tuple[str, ...],
        urgent: bool,
        now: Now,
        held: str = "",
    ) -> Beacon:
        """A beacon for everyone on the link, acknowledging `acks`, which were `held` for so long (`transit.write_held`)."""
        remote = _remote(facts, facts.port.vid, copy.subnet)
        received = Received(facts.port.interface, facts.port.vid, 1) if acks else None
        extension = msgspec.structs.replace(self._extension(facts, acks, received, urgent, now), held=held)
        beacon_id = self._new_id(version, now.wall)
        return Beacon(version=version, type=type, id=beacon_id, remote=remote, extension=extension)

    def probe(self, facts: PortFacts, copy: Copy, version: int, size: int, now: Now) -> Beacon:
        """A solicitation that is to be padded to `size` octets of IP packet; it tells the sender's MTU."""
        plain = self.multicast(facts, copy, version, BeaconType.SOLICITATION, (), False, now)
        return _with(plain, padded=size, mtu=_told(facts.mtu))

    def verdict(self, facts: PortFacts, beacon: Beacon, fragmented: tuple[str, ...]) -> Beacon:
        """An advertisement that acknowledges padded solicitations: it tells our MTU, and which came in fragments."""
        return _with(beacon, mtu=_told(facts.mtu), fragmented=fragmented)

    def reply(self, facts: PortFacts, version: int, acks: str, vid: int | None, hops: int, now: Now) -> Beacon:
        """The unicast answer that a plain MAAS peer expects: `vid` is the tag with which its solicitation came in."""
        received = Received(facts.port.interface, vid, hops)
        extension = self._extension(facts, (), received, False, now)
        beacon_id = self._new_id(version, now.wall)
        return Beacon(
            version=version, type=BeaconType.ADVERTISEMENT, id=beacon_id, remote=_remote(facts, vid, None), acks=acks,
            extension=extension,
        )  # fmt: skip

    def carry(self, facts: PortFacts, copy: Copy, letter: Letter, now: Now) -> Beacon:
        """An advertisement that carries a part of a letter, or acknowledges some, and says nothing else."""
        extension = msgspec.structs.replace(self._extension(facts, (), None, False, now), letter=letter)
        remote = _remote(facts, facts.port.vid, copy.subnet)
        return Beacon(
            version=2, type=BeaconType.ADVERTISEMENT, id=self._new_id(2, now.wall), remote=remote, extension=extension
        )

    def scanning(
        self, facts: PortFacts, version: int, vid: int | None, said: ScanCall | ScanAnswer, now: Now
    ) -> Beacon:
        """A call of a scan (a solicitation, unless it asks to stop or says farewell), or what was heard of one; `vid`: its tag."""
        call, answer = (said, None) if isinstance(said, ScanCall) else (None, said)
        extension = msgspec.structs.replace(
            self._extension(facts, (), None, False, now), scan=call, scanned=answer, vid=vid
        )
        asks = call is not None and not call.stop and call.seconds > 0
        type_ = BeaconType.SOLICITATION if asks else BeaconType.ADVERTISEMENT
        beacon_id, remote = self._new_id(version, now.wall), _remote(facts, vid, None)
        return Beacon(version=version, type=type_, id=beacon_id, remote=remote, extension=extension)

    def letter_id(self, now: Now) -> str:
        """The id of a new letter."""
        return self._new_id(2, now.wall)

    def _extension(
        self, facts: PortFacts, acks: tuple[str, ...], received: Received | None, urgent: bool, now: Now
    ) -> Extension:
        self._seq += 1
        me = self._identity
        return Extension(
            agent=me.agent, host=me.host, role=me.role, boot=me.boot, seq=self._seq, interface=facts.port.interface,
            vid=facts.port.vid, sent_us=int(now.wall * 1e6), acks=acks, received=received, urgent=urgent, regions=me.regions,
            authority=me.authority,
        )  # fmt: skip


def _remote(facts: PortFacts, vid: int | None, subnet: str | None) -> Remote:
    kind = facts.kind if facts.kind in TYPES else InterfaceKind.PHYSICAL
    return Remote(facts.interface, facts.mac, str(kind), facts.parents, vid, subnet)


def _with(beacon: Beacon, **more: int | tuple[str, ...]) -> Beacon:
    extension = beacon.extension
    if extension is None:
        return beacon
    return msgspec.structs.replace(beacon, extension=msgspec.structs.replace(extension, **more))


def _told(mtu: int) -> int:
    """What fits the field; a loopback's MTU is larger than any packet."""
    return min(mtu, 0xFFFF)
