"""What NTP, TFTP, syslog and name servers say. The first octet: which parser (PARSERS), in their order."""

from collections.abc import Callable, Iterator
from typing import TypeVar

from bellrock.probe.dns_messages import Question, answer, asked, shown
from bellrock.probe.tftp_transfer import Transfer
from bellrock.probe.values import Unexpected
from bellrock.wire import ntp, syslog, tftp
from bellrock.wire.ntp import SERVER, Packet
from bellrock.wire.syslog import Message
from bellrock.wire.tftp import Ack, Agreed, Data, Read, Refusal
from fuzz.contract import demand, value_or_refusal

T = TypeVar("T")
ASKED = asked(Question("maas.example.", "A"), 700, bytes(range(32)), 1232)
WANTED = {"blksize": "1468", "windowsize": "8", "tsize": "0"}


def time_server(data: bytes) -> object:
    packet = ntp.parse(data)
    demand(ntp.build(packet) == data[:48], "what was parsed is not built as it was")
    demand((packet.kiss + packet.source).isprintable(), "a reference that is not printable")
    return packet


def file_server(data: bytes) -> object:
    """One message, and a transfer that it reaches in the middle."""
    message = tftp.parse(data)
    transfer = Transfer(WANTED, 1 << 20)
    for one in (Agreed({"blksize": "8"}), Data(1, bytes(8)), message, message):
        if not transfer.over:
            reply = expected(lambda one=one: transfer.take(one))  # type: ignore[misc]
            demand(reply is None or isinstance(reply, Ack | Refusal), "a client that says what clients do not say")
    demand(transfer.octets <= 8 + 2 * 8, "more was taken than was agreed")
    return message


def log(data: bytes) -> object:
    message = syslog.parse(data)
    fields = (message.text, message.host, message.app, message.process, message.id, message.timestamp)
    demand(all(field.isprintable() for field in fields), "a field that is not printable")
    return message


def name_server(data: bytes) -> object:
    """An answer to our question, from behind its id."""
    found = expected(lambda: answer(ASKED.modern[:2] + data, [ASKED]))
    if found is not None:
        demand(shown(found).isprintable(), "an answer that is not printable")
    return found


def expected(work: Callable[[], T]) -> T | None:
    """Its value; None where it refuses in one line."""
    try:
        return work()
    except Unexpected as error:
        demand(str(error).isprintable(), f"not a line for people: {error!r}")
        return None


PARSERS: tuple[Callable[[bytes], object], ...] = (time_server, file_server, log, name_server)


def one(data: bytes) -> None:
    parse = PARSERS[(data[0] if data else 0) % len(PARSERS)]
    value_or_refusal(lambda: parse(data[1:]))


def seeds() -> Iterator[tuple[str, bytes]]:
    yield "ntp", b"\0" + ntp.build(Packet(mode=SERVER, stratum=2, reference=b"GPS\0", origin=7))
    yield "kiss", b"\0" + ntp.build(Packet(mode=SERVER, reference=b"RATE"))
    messages = {
        "data": Data(2, b"abc"), "ack": Ack(1), "oack": Agreed(WANTED), "error": Refusal(1, "no"), "rrq": Read("a", WANTED),
    }  # fmt: skip
    for name, message in messages.items():
        yield f"tftp-{name}", b"\1" + tftp.build(message)
    yield "syslog", b"\2" + syslog.build(Message(priority=34, host="a", app="su", text="failed"))
    yield "syslog-structured", b'\2<34>1 - - - - - [a@1 b="c\\"d"] text'
    yield "syslog-bsd", b"\2<34>Oct 11 22:14:15 mymachine su[7]: 'su root' failed"
    header = bytes.fromhex("8180 0001 0001 0000 0000")
    record = bytes.fromhex("c00c 0001 0001 0000003c 0004 0a000001")
    yield "dns", b"\3" + header + ASKED.modern[12:30] + record
    yield "dns-refused", b"\3" + bytes.fromhex("8185 0000 0000 0000 0000")
