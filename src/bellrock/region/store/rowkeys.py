"""What makes rows of what agents told one and the same, and what can be read from that."""

import msgspec

from bellrock.model import EvidenceKey, MtuSeen, Port, RefusalCount, Wall
from bellrock.topology.state import BEACON_KINDS

_encode = msgspec.json.Encoder().encode
_key = msgspec.json.Decoder(EvidenceKey).decode
_way = msgspec.json.Decoder(tuple[Port, Port]).decode
_measured = msgspec.json.Decoder(MtuSeen).decode


def key_text(key: EvidenceKey) -> str:
    """An evidence key as a primary key."""
    return _encode(key).decode()


def refusal_text(refusal: RefusalCount) -> str:
    """What makes a refusal counter one and the same."""
    return _encode((refusal.port, refusal.source_mac, refusal.reason)).decode()


def way_text(port: Port, peer: Port) -> str:
    """A direction between two ports as a primary key."""
    return _encode((port, peer)).decode()


def ports_of(table: str, key: str) -> tuple[Port, Port | None]:
    """The ports that a row of evidence or of what passes is about, by its primary key: whose it is, and the other."""
    if table == "mtu":
        return _way(key)
    told = _key(key)
    return told.port, told.peer


def seen_of(when: Wall | bytes) -> Wall:
    """When what a row of evidence or of what passes tells was seen, by the column that says so: its moment, or its body."""
    return _measured(when).seen if isinstance(when, bytes) else when


def mirrors_of(key: EvidenceKey, since: Wall) -> list[EvidenceKey]:
    """What the peer may have observed of a port, which no longer holds where it is older than `since`."""
    if not since or key.peer is None:
        return []
    return [EvidenceKey(kind, key.peer, key.port) for kind in BEACON_KINDS]
