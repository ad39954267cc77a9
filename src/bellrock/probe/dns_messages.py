"""Questions to name servers and what their answers say. No socket, no clock."""

import ipaddress
from collections.abc import Sequence
from typing import Final

import dns.edns
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.reversename
from msgspec import Struct

from bellrock.probe.values import PlanError, Unexpected
from bellrock.wire.greeting import described
from bellrock.wire.text import printable

HEADER: Final = 12
"""RFC 1035 §4.1.1."""
MAX_ANSWERS: Final = 32
"""Records of one answer that are kept."""
_META: Final = (dns.rdatatype.ANY, dns.rdatatype.AXFR, dns.rdatatype.IXFR, dns.rdatatype.OPT, dns.rdatatype.TSIG)


class Question(Struct, frozen=True):
    """A name and what of it is asked for."""

    name: str
    """With a dot at its end."""
    kind: str
    """`A`, `PTR`."""

    @property
    def shown(self) -> str:
        """`maas.example A`."""
        name = self.name if self.name == "." else self.name.removesuffix(".")
        return f"{name} {self.kind}"


class Asked(Struct, frozen=True):
    """A question in its two forms, each with an id of its own."""

    question: Question
    modern: bytes
    """With EDNS (RFC 6891)."""
    plain: bytes
    """As RFC 1035 knows it."""


class Answer(Struct, frozen=True, kw_only=True):
    """What a server says to one question."""

    question: Question
    rcode: str
    """`NOERROR`, `NXDOMAIN`, `REFUSED`."""
    records: tuple[str, ...] = ()
    """Of the kind that was asked for, in order, so that two answers that say the same are equal."""
    authoritative: bool = False
    truncated: bool = False
    recursion: bool = False
    """Whether it offers recursion."""
    referral: bool = False
    """It names other servers instead of an answer."""
    edns: int | None = None
    """Octets of UDP payload that it takes; None: it does not speak EDNS."""
    modern: bool = True
    """To which of the two forms."""
    keeps_case: bool = True
    """Whether the question came back letter by letter; only then is an answer hard to forge."""
    why: str = ""
    """RFC 8914: the server's own words about an error."""
    octets: int = 0


def question(text: str) -> Question:
    """From `NAME`, `NAME/TYPE` or `ADDRESS`, whose name is then asked for.

    Raises:
        PlanError: what is wrong with it.
    """
    name, _, kind = text.partition("/")
    try:
        if not kind and _is_address(name):
            return Question(dns.reversename.from_address(name).to_text(), "PTR")
        found, number = dns.name.from_text(name or ".."), dns.rdatatype.from_text(kind or "A")
    except (dns.exception.DNSException, ValueError):
        raise PlanError(f"dns: option names takes NAME, NAME/TYPE or ADDRESS, and not {text[:64]!r}") from None
    if number in _META:
        raise PlanError(f"dns: option names: {dns.rdatatype.to_text(number)} is no kind of record that a name has")
    return Question(found.to_text(), dns.rdatatype.to_text(number))


def asked(wanted: Question, number: int, drawn: bytes, size: int) -> Asked:
    """The octets of both forms: their ids are `number` and the next, and random octets say how letters are written.

    `size`: octets of an answer that we take over UDP.
    """
    spelled = dns.name.from_text(mixed(wanted.name, drawn))
    modern = dns.message.make_query(spelled, wanted.kind, id=number % 65536, use_edns=0, payload=size)
    plain = dns.message.make_query(spelled, wanted.kind, id=(number + 1) % 65536, use_edns=False)
    return Asked(wanted, modern.to_wire(), plain.to_wire())


def mixed(name: str, drawn: bytes) -> str:
    """With letters large or small as the bits of `drawn` say (draft-vixie-dnsext-dns0x20): a forger has to guess them."""
    bits = int.from_bytes(drawn, "big")
    return "".join(
        (letter.upper() if bits >> at % (8 * len(drawn)) & 1 else letter.lower()) if letter.isascii() else letter
        for at, letter in enumerate(name)
    )


def asked_by(payload: bytes, open_questions: Sequence[Asked]) -> Asked | None:
    """Whose id a message begins with."""
    return next((one for one in open_questions for form in (one.modern, one.plain) if form[:2] == payload[:2]), None)


def answer(payload: bytes, open_questions: Sequence[Asked]) -> Answer | None:
    """What a message says to one of the questions; None: it answers none of them.

    Raises:
        Unexpected: it is no DNS message, or no answer.
    """
    if len(payload) < HEADER:
        raise Unexpected(f"what answers does not speak DNS: {described(payload)}")
    to = asked_by(payload, open_questions)
    if to is None:
        return None
    try:
        message = dns.message.from_wire(payload)
    except (dns.exception.DNSException, ValueError) as error:
        raise Unexpected(
            f"what answers does not speak DNS: {printable(str(error).encode()) or type(error).__name__}"
        ) from None
    if not message.flags & dns.flags.QR:
        raise Unexpected("what answers is no name server: it sends the question back as it was")
    return _answer(message, to, payload)


def shown(found: Answer) -> str:
    """A line for the record."""
    flags = [
        word
        for word, stands in (
            ("authoritative", found.authoritative),
            ("truncated", found.truncated),
            ("recursion", found.recursion),
        )
        if stands
    ]
    what = ", ".join((found.rcode, *flags, *found.records[:3], *(["…"] if len(found.records) > 3 else [])))
    return f"DNS: {found.question.shown}: {what}" + (f" ({found.why})" if found.why else "")


def _answer(message: dns.message.Message, to: Asked, payload: bytes) -> Answer | None:
    modern = to.modern[:2] == payload[:2]
    kind, name = dns.rdatatype.from_text(to.question.kind), dns.name.from_text(to.question.name)
    # RFC 5452 §9.1: the question must come back; an error may leave it out.
    if message.question and (message.question[0].name, message.question[0].rdtype) != (name, kind):
        return None
    if not message.question and message.rcode() == dns.rcode.NOERROR:
        return None
    flags, sent = message.flags, (to.modern if modern else to.plain)
    records = sorted(
        {printable(rdata.to_text().encode()) for rrset in message.answer if rrset.rdtype == kind for rdata in rrset}
    )
    return Answer(
        question=to.question, rcode=dns.rcode.to_text(message.rcode()), records=tuple(records[:MAX_ANSWERS]),
        authoritative=bool(flags & dns.flags.AA), truncated=bool(flags & dns.flags.TC), recursion=bool(flags & dns.flags.RA),
        referral=not message.answer and any(rrset.rdtype == dns.rdatatype.NS for rrset in message.authority),
        edns=int(message.payload) if message.edns >= 0 else None, modern=modern,
        keeps_case=not message.question or _spelling(payload) == _spelling(sent), why=_why(message), octets=len(payload),
    )  # fmt: skip


def _spelling(octets: bytes) -> bytes:
    """The name of the first question; RFC 1035 §4.1.4: nothing stands before it that it could point to."""
    end = octets.find(b"\0", HEADER)
    return octets[HEADER:end]


def _why(message: dns.message.Message) -> str:
    for option in message.options:
        if isinstance(option, dns.edns.EDEOption):
            text = "" if option.text is None else f": {printable(option.text.encode())}"
            code = dns.edns.EDECode.to_text(option.code)
            return (f"extended error {code}" if code.isdigit() else code.lower().replace("_", " ")) + text
    return ""


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
