"""LDAP far enough to read the root DSE and to begin TLS (RFC 4511, RFC 4512 §5.1)."""

from typing import Final

from msgspec import Struct

from bellrock.wire.ber import (
    ENUMERATED,
    INTEGER,
    OCTET_STRING,
    SEQUENCE,
    SET,
    constructed,
    element,
    elements,
    expect,
    integer,
    length,
    number,
    take,
)
from bellrock.wire.cursor import Cursor
from bellrock.wire.errors import Reason, WireError
from bellrock.wire.text import printable

START_TLS: Final = "1.3.6.1.4.1.1466.20037"
"""RFC 4511 §4.14.1."""
NOTICE_OF_DISCONNECTION: Final = "1.3.6.1.4.1.1466.20036"
UNBIND, ENTRY, DONE, REFERENCE, EXTENDED_ANSWER = 0x42, 0x64, 0x65, 0x73, 0x78
_SEARCH, _EXTENDED = 0x63, 0x77
_BOOLEAN: Final = 0x01
_PRESENT, _REQUEST_NAME, _ANSWER_NAME, _REFERRAL = 0x87, 0x80, 0x8A, 0xA3
MAX_MESSAGE: Final = 256 * 1024
MAX_VALUES: Final = 1024
ATTRIBUTES: Final = (
    "namingContexts", "defaultNamingContext", "subschemaSubentry", "supportedLDAPVersion", "supportedSASLMechanisms",
    "supportedExtension", "supportedControl", "vendorName", "vendorVersion", "dnsHostName", "isGlobalCatalogReady",
)  # fmt: skip
"""RFC 4512 §5.1, RFC 3045; and by the last two Active Directory is known."""

SUCCESS, OPERATIONS_ERROR, PROTOCOL_ERROR, STRONGER_AUTHENTICATION, CONFIDENTIALITY = 0, 1, 2, 8, 13
INAPPROPRIATE_AUTHENTICATION, INVALID_CREDENTIALS, INSUFFICIENT_ACCESS, BUSY, UNAVAILABLE, UNWILLING = (
    48,
    49,
    50,
    51,
    52,
    53,
)
RESULTS: Final = {
    SUCCESS: "success", OPERATIONS_ERROR: "operationsError", PROTOCOL_ERROR: "protocolError", 3: "timeLimitExceeded",
    4: "sizeLimitExceeded", STRONGER_AUTHENTICATION: "strongerAuthRequired", 10: "referral", 11: "adminLimitExceeded",
    CONFIDENTIALITY: "confidentialityRequired", 32: "noSuchObject",
    INAPPROPRIATE_AUTHENTICATION: "inappropriateAuthentication", INVALID_CREDENTIALS: "invalidCredentials",
    INSUFFICIENT_ACCESS: "insufficientAccessRights", BUSY: "busy", UNAVAILABLE: "unavailable", UNWILLING: "unwillingToPerform",
    80: "other",
}  # fmt: skip
"""RFC 4511 §4.1.9."""

Entry = dict[str, tuple[str, ...]]
"""Attribute, in lower case (RFC 4512 §2.5: its case means nothing) → values, fit for a terminal."""


class Message(Struct, frozen=True):
    """RFC 4511 §4.1.1: an id, and an operation with its tag."""

    id: int
    operation: int
    content: bytes


class Result(Struct, frozen=True):
    """RFC 4511 §4.1.9: how an operation ended."""

    code: int
    text: str
    """What the server says about it."""
    name: str = ""
    """Of an extended answer: whose it is."""

    @property
    def words(self) -> str:
        """For people."""
        return f"{RESULTS.get(self.code, f'result {self.code}')}{f': {self.text}' if self.text else ''}"


def _message(number: int, operation: bytes) -> bytes:
    return constructed(SEQUENCE, (integer(number), operation))


def build_root_search(number: int, seconds: int) -> bytes:
    """A search for the entry without a name, with what RFC 4512 §5.1 says of it."""
    attributes = constructed(SEQUENCE, (element(OCTET_STRING, name.encode()) for name in ATTRIBUTES))
    parts = (
        element(OCTET_STRING, b""),
        integer(0, ENUMERATED),  # baseObject
        integer(0, ENUMERATED),  # neverDerefAliases
        integer(0),  # RFC 4511 §4.5.1.4: no limit of entries; there is but one
        integer(seconds),
        element(_BOOLEAN, b"\0"),
        element(_PRESENT, b"objectClass"),
        attributes,
    )
    return _message(number, constructed(_SEARCH, parts))


def build_start_tls(number: int) -> bytes:
    """RFC 4511 §4.14.1."""
    return _message(number, constructed(_EXTENDED, (element(_REQUEST_NAME, START_TLS.encode()),)))


def build_unbind(number: int) -> bytes:
    """RFC 4511 §4.3: a goodbye."""
    return _message(number, element(UNBIND, b""))


def head_length(head: bytes) -> int | None:
    """Octets of a message that follow these first ones; None: more of its head is needed, one octet at a time.

    Raises:
        WireError: MALFORMED, TOO_BIG, UNSUPPORTED; no message begins like this.
    """
    if head[:1] not in (b"", b"\x30"):
        raise WireError(Reason.MALFORMED, ("LDAP: the first octet is 0x%02x, and not 0x30", head[0]))
    # An indefinite length is one octet long, and refused by `length`.
    if len(head) < 2 or (head[1] > 0x80 and len(head) < 2 + min(head[1] & 0x7F, 5)):
        return None
    size = length(Cursor(head[1:], "LDAP"))
    if size > MAX_MESSAGE:
        raise WireError(Reason.TOO_BIG, ("LDAP: a message of %d octets; at most %d are taken", size, MAX_MESSAGE))
    return size


def parse_message(content: bytes) -> Message:
    """What follows the head of a message. Controls behind the operation are of no use here.

    Raises:
        WireError: TRUNCATED, MALFORMED, UNSUPPORTED, TOO_BIG.
    """
    cursor = Cursor(content, "LDAP message")
    number_ = number(expect(cursor, INTEGER))
    return Message(number_, *take(cursor))


def parse_entry(content: bytes) -> Entry:
    """A SearchResultEntry (RFC 4511 §4.5.2).

    Raises:
        WireError: as `parse_message`; TOO_BIG, more values than are taken.
    """
    cursor = Cursor(content, "LDAP entry")
    expect(cursor, OCTET_STRING)  # its name: none
    found: Entry = {}
    left = MAX_VALUES
    for tag, attribute in elements(expect(cursor, SEQUENCE), "LDAP attributes"):
        if tag != SEQUENCE:
            raise WireError(Reason.MALFORMED, ("LDAP: tag 0x%02x where an attribute belongs", tag))
        name, values = _attribute(attribute)
        left -= 1 + len(values)
        if left < 0:
            raise WireError(Reason.TOO_BIG, ("LDAP: an entry of more than %d values", MAX_VALUES))
        found[name] = values
    return found


def _attribute(content: bytes) -> tuple[str, tuple[str, ...]]:
    cursor = Cursor(content, "LDAP attribute")
    name = printable(expect(cursor, OCTET_STRING)).lower()
    return name, tuple(printable(value) for _, value in elements(expect(cursor, SET), "LDAP values"))


def parse_result(content: bytes) -> Result:
    """An LDAPResult: a SearchResultDone, or an ExtendedResponse.

    Raises:
        WireError: as `parse_message`.
    """
    cursor = Cursor(content, "LDAP result")
    code = number(expect(cursor, ENUMERATED))
    expect(cursor, OCTET_STRING)  # matchedDN
    text = printable(expect(cursor, OCTET_STRING))
    names = [printable(value) for tag, value in elements(cursor.rest(), "LDAP result") if tag == _ANSWER_NAME]
    return Result(code, text, names[0] if names else "")
