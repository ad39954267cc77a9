"""What a beacon says: the values, and the BSON document that carries them."""

import math
from enum import IntEnum
from typing import Annotated, Any, Final

import bson
import msgspec
from bson.errors import BSONError
from bson.int64 import Int64
from msgspec import Meta, Struct

from bellrock.wire.compression import MAX_INFLATED
from bellrock.wire.errors import Reason, WireError
from bellrock.wire.identifier import KEYS, NAMES, matches

MAX_TEXT: Final = 256
MAX_ACKS: Final = 64
MAX_REGIONS: Final = 16
MAX_PARTS: Final = 64
"""Parts of a letter."""
MAX_LETTER: Final = 1024
"""Characters of one part of a letter, and of the answer to a scan."""
MAX_DEPTH: Final = 8
"""Documents and arrays within each other; a beacon of today has three."""

Text = Annotated[str, Meta(max_length=MAX_TEXT)]
Vid = Annotated[int, Meta(ge=0, le=4095)]
"""A plain peer takes a priority tag for VLAN 0 and says so, hence 0."""
Count = Annotated[int, Meta(ge=0, le=(1 << 63) - 1)]

Document = dict[str, Any]


class BeaconType(IntEnum):
    """What a beacon asks for."""

    SOLICITATION = 1
    ADVERTISEMENT = 2


class Remote(Struct, frozen=True):
    """The sending interface as every peer describes it.

    `type`: physical, vlan, bridge or bond; a text of other peers is kept as it is. `subnet`: address with prefix length
    of the link that this copy is sent from.
    """

    name: Text
    mac_address: Text
    type: Text = ""
    parents: tuple[Text, ...] = ()
    vid: Vid | None = None
    subnet: Text | None = None


class Received(Struct, frozen=True):
    """On what the acknowledged beacons were received: interface, VID of the frame, hop limit that it still had."""

    interface: Text
    vid: Vid | None = None
    hops: Annotated[int, Meta(ge=0, le=255)] | None = None


class Letter(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One part of a message from one agent to another on the same link, where there is no address to send it by.

    Only the agent that `to` names takes it; with `to` empty, any agent that a region listens to does. A letter whose `text`
    is empty acknowledges the parts of `id` that `got` lists.
    """

    to: Text = ""
    id: Text
    """Of the whole message: unique for its sender."""
    part: Annotated[int, Meta(ge=0, lt=MAX_PARTS)] = 0
    parts: Annotated[int, Meta(ge=1, le=MAX_PARTS)] = 1
    text: Annotated[str, Meta(max_length=MAX_LETTER)] = ""
    """Base64 of this part's octets."""
    got: Annotated[tuple[Annotated[int, Meta(ge=0, lt=MAX_PARTS)], ...], Meta(max_length=MAX_PARTS)] = ()


class ScanCall(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """This solicitation is one of a scan of VIDs: it is answered in `ScanAnswer`, makes no peer and is evidence of nothing else."""

    id: Text
    """Of the scan."""
    vid: Vid
    """The tag that it was sent with; 0: untagged."""
    outer: Vid = 0
    """The service tag (IEEE 802.1ad) around it; 0: none."""
    seconds: Annotated[float, Meta(ge=0, le=3600)] = 0.0
    """How long the scan goes on from now: others on the segment wait that long with theirs."""
    stop: bool = False
    """Not a solicitation: the scan that is under way on this segment shall end."""


class ScanAnswer(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Which solicitations of a scan arrived here."""

    id: Text
    """Of the scan."""
    heard: Annotated[str, Meta(max_length=MAX_LETTER)]
    """As `beacon.scan.write_heard` puts it: runs of VIDs as sent, and where they differ, as received."""


class Extension(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The sub-document `bellrock`, which plain peers ignore. Keys that a later version adds are ignored by this one."""

    agent: Text
    host: Text
    role: Text = ""
    boot: Text
    seq: Count = 0
    """Counts the beacons of one boot."""
    interface: Text = ""
    """The port that it was sent from."""
    vid: Vid | None = None
    sent_us: Count = 0
    """Microseconds since the epoch, by the sender's clock."""
    acks: Annotated[tuple[Text, ...], Meta(max_length=MAX_ACKS)] = ()
    held: Text = ""
    """For how long each of `acks` was held until now, in their order: hundreds of microseconds in hex, `-` where unknown."""
    received: Received | None = None
    urgent: bool = False
    """The sender wants an answer at once."""
    regions: Annotated[tuple[Text, ...], Meta(max_length=MAX_REGIONS)] = ()
    """Where a region listens, as URLs."""
    authority: Text = ""
    """SHA-256 of the DER of the region's authority certificate, in hex: what `regions` with https are checked against."""
    padded: Annotated[int, Meta(ge=0, le=65535)] = 0
    """Octets of the IP packet that this solicitation was padded to, to find out what passes; 0: not padded."""
    mtu: Annotated[int, Meta(ge=0, le=65535)] = 0
    """MTU of the sending interface; told in padded solicitations and in what acknowledges them. 0: not told."""
    fragmented: Annotated[tuple[Text, ...], Meta(max_length=MAX_ACKS)] = ()
    """Ids of padded solicitations that came in fragments, although they must not be fragmented."""
    letter: Letter | None = None
    scan: ScanCall | None = None
    scanned: ScanAnswer | None = None


class Beacon(Struct, frozen=True, kw_only=True):
    """One beacon. `version` 1 or 2, with `id` and `acks` of its kind (see `identifier`).

    `acks` is the id that a unicast reply answers; those that one of ours answers at once are in `extension.acks`.
    """

    version: int
    type: BeaconType
    id: str
    remote: Remote
    acks: str | None = None
    extension: Extension | None = None


class _Document(Struct, frozen=True):
    """The document of either version, before it is known whether its id is of the right kind."""

    remote: Remote
    type: BeaconType
    ulid: str = ""
    uuid: str = ""
    acks: str | None = None
    bellrock: Extension | None = None


_KEYS: Final = frozenset(_Document.__struct_fields__)
_EXTENSION_KEYS: Final = frozenset(Extension.__struct_fields__) - {"letter", "scan", "scanned"}
"""Those that hold no sub-documents of their own, beside `received`: what holds more is looked at value by value."""
_RECEIVED_KEYS: Final = frozenset(Received.__struct_fields__)
_REMOTE_KEYS: Final = frozenset(Remote.__struct_fields__)
_exact_types: Final = msgspec.msgpack.Encoder().encode
_to_json: Final = msgspec.json.Encoder().encode
_to_plain: Final = msgspec.json.Decoder().decode
_SIMPLE: Final = frozenset((str, int, bool, type(None)))
_BSON_ERRORS: Final = (BSONError, ValueError, OverflowError, RecursionError, TypeError, KeyError)


def read_document(version: int, data: bytes) -> tuple[Beacon, Document]:
    """What one BSON document says, and the document itself, of plain values that JSON can hold.

    Raises:
        WireError: MALFORMED: not BSON, nested deeper than MAX_DEPTH, a value that JSON cannot hold; a key that is missing,
            or whose value is not of its kind or out of bounds.
    """
    try:
        document: Document = bson.decode(data)
    except _BSON_ERRORS as error:
        raise WireError(Reason.MALFORMED, ("BSON: %s", str(error)[:200])) from None
    try:
        read = msgspec.convert(document, _Document)
    except msgspec.ValidationError as error:
        raise WireError(Reason.MALFORMED, ("document: %s", error)) from None
    if not _is_plain(document):
        _make_plain(document)
    return _to_beacon(version, read), document


def _is_plain(document: Document) -> bool:
    """Whether a document that has passed for a `_Document` holds plain values only; says no where that takes longer."""
    if not (_KEYS.issuperset(document) and _REMOTE_KEYS.issuperset(document["remote"])):
        return False
    extension = document.get("bellrock")
    if extension is not None and not _make_extension_plain(extension):
        return False
    try:
        # Known keys hold text, numbers and the like; this refuses the subclasses of those that BSON knows (Int64, Code).
        _exact_types(document)
    except TypeError:
        return False
    return True


def _make_extension_plain(extension: Document) -> bool:
    """The same for the sub-document, in which one 64-bit integer is usual."""
    if not (_EXTENSION_KEYS.issuperset(extension) and _RECEIVED_KEYS.issuperset(extension.get("received") or ())):
        return False
    if type(extension.get("sent_us")) is Int64:
        extension["sent_us"] = int(extension["sent_us"])
    return True


def _make_plain(document: Document) -> None:
    """Check every value, and replace BSON's 64-bit integers by plain ones; level by level, so that depth is bounded."""
    level: list[Document | list[Any]] = [document]
    for _ in range(MAX_DEPTH):
        below: list[Document | list[Any]] = []
        for node in level:
            for key, value in node.items() if isinstance(node, dict) else enumerate(node):
                kind = type(value)
                if kind in _SIMPLE:
                    continue
                if kind is dict or kind is list:
                    below.append(value)
                elif kind is Int64:
                    node[key] = int(value)  # type: ignore[index]  # a key of this very node
                elif kind is not float or not math.isfinite(value):
                    raise WireError(Reason.MALFORMED, ("BSON: %s holds a %s that JSON cannot", key, kind.__name__))
        if not below:
            return
        level = below
    raise WireError(Reason.MALFORMED, ("BSON: nested deeper than %d", MAX_DEPTH))


def _to_beacon(version: int, read: _Document) -> Beacon:
    id_ = read.ulid if version == 2 else read.uuid
    is_id = matches[version]
    if not is_id(id_):
        raise WireError(Reason.MALFORMED, ("document: `%s` is not %s", KEYS[version], NAMES[version]))
    if read.acks is not None and not is_id(read.acks):
        raise WireError(Reason.MALFORMED, ("document: `acks` is not %s", NAMES[version]))
    return Beacon(version=version, type=read.type, id=id_, remote=read.remote, acks=read.acks, extension=read.bellrock)


def to_document(beacon: Beacon) -> Document:
    """The document of a beacon, its keys in the order that peers use."""
    remote = beacon.remote
    described: Document = {"type": remote.type, "mac_address": remote.mac_address, "parents": list(remote.parents)}
    if remote.vid is not None:
        described["vid"] = remote.vid
    described |= {"name": remote.name, "subnet": remote.subnet}
    document: Document = {"remote": described}
    if beacon.acks is not None:
        document["acks"] = beacon.acks
    document |= {KEYS.get(beacon.version, "id"): beacon.id, "type": int(beacon.type)}
    if beacon.extension is not None:
        document["bellrock"] = _to_plain(_to_json(beacon.extension))
    return document


def write_bson(version: int, document: Document) -> bytes:
    """The BSON of a document that every peer can read.

    Raises:
        ValueError: it is not one: no id or type of this version, or a value that JSON or BSON cannot hold.
    """
    if version not in KEYS:
        raise ValueError(f"there is no beacon version {version}; expected 1 or 2")
    if type(document.get("type")) is not int:
        raise ValueError("a beacon needs a `type`: 1 (solicitation) or 2 (advertisement)")
    try:
        written: bytes = bson.encode(document)
    except _BSON_ERRORS as error:
        raise ValueError(f"the payload cannot be written as BSON: {error}") from None
    if len(written) > MAX_INFLATED:
        raise ValueError(
            f"peers would refuse this beacon: {len(written)} octets of BSON; at most {MAX_INFLATED} are read"
        )
    try:
        read_document(version, written)
    except WireError as error:
        raise ValueError(f"peers would refuse this beacon: {error.detail}") from None
    return written
