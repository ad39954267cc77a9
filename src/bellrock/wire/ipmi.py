"""IPMI before anybody has logged in: two questions that need no session, and how an RMCP+ session is opened and given up (IPMI 2.0 §13, §22).

What is sent goes behind an RMCP header of class IPMI (`wire.rmcp`).
"""

from enum import IntEnum
from typing import Final

from msgspec import Struct

from bellrock.wire.cursor import Cursor
from bellrock.wire.errors import Reason, WireError

_BMC, _CONSOLE = 0x20, 0x81
"""IPMI 2.0 §13.8: the controller's slave address, and the first software id of a remote console."""
_APP, _APP_ANSWER = 0x06, 0x07
AUTHENTICATION_CAPABILITIES: Final = 0x38
CIPHER_SUITES: Final = 0x54
THIS_CHANNEL: Final = 0x0E
ADMINISTRATOR: Final = 4
_PLUS: Final = 0x06
"""Authentication type of a packet in IPMI 2.0's format."""
OPEN_REQUEST, OPEN_ANSWER, RAKP_3 = 0x10, 0x11, 0x14
MAX_MESSAGE: Final = 1024

INTEGRITY: Final = {0: "none", 1: "hmac-sha1-96", 2: "hmac-md5-128", 3: "md5-128", 4: "hmac-sha256-128"}
AUTHENTICATION: Final = {0: "none", 1: "rakp-hmac-sha1", 2: "rakp-hmac-md5", 3: "rakp-hmac-sha256"}
CONFIDENTIALITY: Final = {0: "none", 1: "aes-cbc-128", 2: "xrc4-128", 3: "xrc4-40"}
"""IPMI 2.0 §13.28: numbers of the algorithms."""

COMPLETIONS: Final = {
    0xC0: "node busy", 0xC1: "invalid command", 0xC3: "timeout", 0xC7: "length of the request", 0xCC: "invalid field in the request",
    0xD4: "insufficient privilege", 0xD5: "not possible in this state", 0xFF: "unspecified error",
}  # fmt: skip
"""IPMI 2.0 §5.2."""


class Status(IntEnum):
    """RMCP+ status codes (IPMI 2.0 §13.24)."""

    OK = 0x00
    INSUFFICIENT_RESOURCES = 0x01
    INVALID_SESSION_ID = 0x02
    INVALID_PAYLOAD_TYPE = 0x03
    INVALID_AUTHENTICATION_ALGORITHM = 0x04
    INVALID_INTEGRITY_ALGORITHM = 0x05
    NO_MATCHING_AUTHENTICATION_PAYLOAD = 0x06
    NO_MATCHING_INTEGRITY_PAYLOAD = 0x07
    INACTIVE_SESSION_ID = 0x08
    INVALID_ROLE = 0x09
    UNAUTHORIZED_ROLE = 0x0A
    INSUFFICIENT_RESOURCES_FOR_ROLE = 0x0B
    INVALID_NAME_LENGTH = 0x0C
    UNAUTHORIZED_NAME = 0x0D
    UNAUTHORIZED_GUID = 0x0E
    INVALID_INTEGRITY_CHECK_VALUE = 0x0F
    INVALID_CONFIDENTIALITY_ALGORITHM = 0x10
    NO_CIPHER_SUITE_MATCH = 0x11
    ILLEGAL_PARAMETER = 0x12


class Answer(Struct, frozen=True):
    """What a controller says to a command outside of any session."""

    command: int
    sequence: int
    """0 to 63, as in the request."""
    completion: int
    data: bytes


class Capabilities(Struct, frozen=True, kw_only=True):
    """Get Channel Authentication Capabilities (IPMI 2.0 §22.13)."""

    channel: int
    ipmi15: bool
    ipmi20: bool
    types: tuple[str, ...]
    """Of IPMI 1.5 sessions: `none`, `md2`, `md5`, `password`, `oem`."""
    anonymous: bool
    """A user without name and without password may log in."""
    null_names: bool
    """Users without a name, but with a password."""
    per_message: bool
    """Each message is authenticated, and not only the first."""
    two_keys: bool
    """K_G is set: beside the user's password a key of the controller is needed."""
    oem: int
    """IANA enterprise number; 0: none."""


class Suite(Struct, frozen=True):
    """A cipher suite (IPMI 2.0 §22.15): its id, and the numbers of its algorithms."""

    id: int
    authentication: int
    integrity: int
    confidentiality: int
    oem: int = 0
    """IANA enterprise number of who defined it; 0: the standard."""


class Opened(Struct, frozen=True):
    """RMCP+ Open Session Response (IPMI 2.0 §13.18)."""

    tag: int
    status: int
    console: int = 0
    """Our session id."""
    controller: int = 0
    """Its session id; 0 where it opened none."""


def build_command(command: int, data: bytes, sequence: int) -> bytes:
    """A command outside of any session: IPMI 1.5's session header of zeros, then the message (IPMI 2.0 §13.6, §13.8)."""
    head = bytes((_BMC, _APP << 2))
    body = bytes((_CONSOLE, (sequence & 0x3F) << 2, command)) + data
    message = head + _checksum(head) + body + _checksum(body)
    return bytes(9) + bytes((len(message),)) + message


def parse_answer(payload: bytes) -> Answer:
    """The answer to such a command.

    Raises:
        WireError: TRUNCATED, UNSUPPORTED (of a session, or no answer), BAD_CHECKSUM.
    """
    cursor = Cursor(payload, "IPMI")
    if kind := cursor.u8():
        raise WireError(Reason.UNSUPPORTED, ("IPMI: authentication type %d in an answer outside of any session", kind))
    cursor.take(8)  # sequence number, session id
    message = cursor.take(cursor.u8())
    head, body = message[:3], message[3:]
    if len(body) < 5:
        raise WireError(Reason.TRUNCATED, ("IPMI: a message of %d octets is no answer", len(message)))
    if _checksum(head[:2]) != head[2:] or _checksum(body[:-1]) != body[-1:]:
        raise WireError(Reason.BAD_CHECKSUM, "IPMI: a checksum of the message is wrong")
    if head[1] >> 2 != _APP_ANSWER:
        raise WireError(Reason.UNSUPPORTED, ("IPMI: network function 0x%02x, and no answer to ours", head[1] >> 2))
    return Answer(command=body[2], sequence=body[1] >> 2, completion=body[3], data=body[4:-1])


def _checksum(octets: bytes) -> bytes:
    """IPMI 2.0 §13.8: with it the octets add up to zero."""
    return bytes((-sum(octets) & 0xFF,))


def capabilities_request(*, extended: bool = True) -> bytes:
    """Data of Get Channel Authentication Capabilities. Not `extended`: as IPMI 1.5 knows it, for controllers that refuse bit 7."""
    return bytes((THIS_CHANNEL | (0x80 if extended else 0), ADMINISTRATOR))


def parse_capabilities(data: bytes) -> Capabilities:
    """Data of its answer, without the completion code.

    Raises:
        WireError: TRUNCATED.
    """
    cursor = Cursor(data, "IPMI authentication capabilities")
    channel, types, status, extended = cursor.u8(), cursor.u8(), cursor.u8(), cursor.u8()
    oem = int.from_bytes(cursor.take(3), "little")
    plus = bool(types & 0x80)
    return Capabilities(
        channel=channel & 0x0F,
        # IPMI 1.5 has no octet of extended capabilities: bit 7 of the types says whether it means anything.
        ipmi15=bool(extended & 1) if plus else True, ipmi20=plus and bool(extended & 2),
        types=tuple(name for bit, name in ((0, "none"), (1, "md2"), (2, "md5"), (4, "password"), (5, "oem")) if types >> bit & 1),
        anonymous=bool(status & 1), null_names=bool(status & 2), per_message=not status & 0x10,
        two_keys=plus and bool(status & 0x20), oem=oem,
    )  # fmt: skip


def suites_request(index: int) -> bytes:
    """Data of Get Channel Cipher Suites: IPMI payloads, the `index`-th sixteen octets of the list by cipher suite."""
    return bytes((THIS_CHANNEL, 0x00, 0x80 | (index & 0x3F)))


def parse_suites(records: bytes) -> tuple[Suite, ...]:
    """Cipher suite records, put together from all answers without their channel number (IPMI 2.0 table 22-18).

    A record may name several algorithms of a kind; a suite that has none of a kind has number 0, which is `none`.

    Raises:
        WireError: TRUNCATED, MALFORMED (octets that belong to no record).
    """
    cursor = Cursor(records, "IPMI cipher suites")
    found: list[Suite] = []
    while cursor.left:
        start = cursor.u8()
        # Table 22-18: 0xC0 begins a standard suite, 0xC1 one of an enterprise, whose number follows its id.
        if start not in (0xC0, 0xC1):
            raise WireError(Reason.MALFORMED, ("IPMI cipher suites: octet 0x%02x where a record should begin", start))
        number = cursor.u8()
        oem = int.from_bytes(cursor.take(3), "little") if start == 0xC1 else 0
        found.append(_suite(number, oem, cursor))
    return tuple(found)


def _suite(number: int, oem: int, cursor: Cursor) -> Suite:
    """The algorithms of a record: up to the next octet that begins one. The two highest bits say of which kind each is."""
    algorithms: dict[int, int] = {}
    while cursor.left and cursor.peek() < 0xC0:
        octet = cursor.u8()
        algorithms.setdefault(octet >> 6, octet & 0x3F)
    return Suite(number, algorithms.get(0, 0), algorithms.get(1, 0), algorithms.get(2, 0), oem)


def build_open(tag: int, console: int, suite: Suite) -> bytes:
    """RMCP+ Open Session Request (IPMI 2.0 §13.17): at whatever privilege is the highest, with the algorithms of a suite."""
    proposals = b"".join(
        bytes((kind, 0, 0, 8, algorithm, 0, 0, 0))
        for kind, algorithm in enumerate((suite.authentication, suite.integrity, suite.confidentiality))
    )
    return _plus(OPEN_REQUEST, bytes((tag, 0, 0, 0)) + console.to_bytes(4, "little") + proposals)


def parse_opened(payload: bytes) -> Opened:
    """RMCP+ Open Session Response.

    Raises:
        WireError: TRUNCATED, UNSUPPORTED (another message).
    """
    cursor = Cursor(payload, "RMCP+")
    kind, content = cursor.u8(), cursor.u8()
    if (kind, content & 0x3F) != (_PLUS, OPEN_ANSWER):
        raise WireError(
            Reason.UNSUPPORTED,
            ("RMCP+: payload 0x%02x of authentication type %d, and no answer to ours", content, kind),
        )
    cursor.take(8)  # session id, sequence number
    answer = Cursor(cursor.take(int.from_bytes(cursor.take(2), "little")), "RMCP+ Open Session Response")
    tag, status = answer.u8(), answer.u8()
    if status:
        # §13.18: after an error the rest may be missing.
        return Opened(tag, status)
    answer.take(2)  # privilege, reserved
    console, controller = (int.from_bytes(answer.take(4), "little") for _ in "cb")
    return Opened(tag, status, console, controller)


def build_abandon(tag: int, controller: int) -> bytes:
    """RAKP Message 3 that says that it goes no further (IPMI 2.0 §13.22): on a status other than 0 the controller gives the session up.

    Without it the half-open session would hold its slot until it times out (§6.12.15: a minute).
    """
    return _plus(RAKP_3, bytes((tag, Status.INVALID_ROLE, 0, 0)) + controller.to_bytes(4, "little"))


def _plus(kind: int, payload: bytes) -> bytes:
    """IPMI 2.0 §13.6: the session header in RMCP+ format, outside of any session."""
    return bytes((_PLUS, kind)) + bytes(8) + len(payload).to_bytes(2, "little") + payload
