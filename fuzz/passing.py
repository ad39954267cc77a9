"""What passes by on a wire: ARP, neighbour discovery, ICMP, TCP, DNS, heads of HTTP, TLS in clear, certificates. The first octet: which
parser (PARSERS), in their order."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from bellrock.capture.reading import said
from bellrock.wire import arp, certificate, discovery, dns, httphead, icmp, ip, lenient, tcp, tls, udp
from bellrock.wire.errors import WireError
from fuzz.contract import demand, value_or_refusal


def neighbour(data: bytes) -> object:
    found = arp.parse(data)
    demand(arp.build(found) == data[: arp.BODY.size], "what was parsed is not built as it was")
    return found


def router(data: bytes) -> object:
    found = discovery.parse(data)
    if isinstance(found, discovery.RouterAdvertisement):
        demand(max(len(found.prefixes), len(found.servers)) <= discovery.MAX_LISTED, "more is listed than is taken")
    return found


def segment(data: bytes) -> object:
    found = tcp.parse(data)
    demand(found.mss is None or 0 <= found.mss < 1 << 16, "a size of more than two octets")
    return found


def name(data: bytes) -> object:
    found = dns.parse(data)
    demand(found.name.isprintable() and len(found.name) <= 2 * dns.MAX_NAME, f"a name that is none: {found.name!r}")
    return found


def head(data: bytes) -> object:
    found = httphead.parse(data)
    texts = [getattr(found, field) for field in found.__struct_fields__]
    demand(all(text.isprintable() for text in texts if isinstance(text, str)), "a field that is not printable")
    return found


def hello(data: bytes) -> object:
    """And whatever a prefix says: it waits, or is what the whole says, or the whole is refused."""
    found = tls.parse(data)
    if len(data) > tls.HEADER:
        try:
            before = tls.parse(data[: len(data) // 2 + 3])
        except WireError:
            return found
        demand(before.more or before == found, "more octets took back what was told")
    return found


PARSERS: tuple[Callable[[bytes], object], ...] = (
    neighbour, router, lambda data: icmp.parse(4, data), lambda data: icmp.parse(6, data), segment, name, dns.parse_stream, head,
    hello, certificate.parse, lenient.parse, said.log_stream, said.beacon,
)  # fmt: skip


def one(data: bytes) -> None:
    parse = PARSERS[(data[0] if data else 0) % len(PARSERS)]
    value_or_refusal(lambda: parse(data[1:]))


def signed() -> bytes:
    """A certificate, the same every time: neither Ed25519 nor anything else of it is drawn."""
    key, subject = (
        Ed25519PrivateKey.from_private_bytes(bytes(range(32))),
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "rack")]),
    )
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    made = x509.CertificateBuilder(subject, subject, key.public_key(), 7, begin, begin.replace(year=2027))
    names = x509.SubjectAlternativeName([x509.DNSName("rack.example")])
    return made.add_extension(names, critical=False).sign(key, None).public_bytes(Encoding.DER)


def seeds() -> Iterator[tuple[str, bytes]]:
    quoted = ip.build("10.0.0.57", "10.0.0.2", 64, 17, udp.build("10.0.0.57", "10.0.0.2", udp.Segment(2070, 69, b"x")))
    quoted6 = ip.build("fd00::57", "fd00::2", 64, 17, udp.build("fd00::57", "fd00::2", udp.Segment(2070, 69, b"x")))
    address, name = "fd000000000000000000000000000001", "04 6d616173 00"
    texts = {
        "arp": "00 0001 0800 06 04 0001 525400123456 0a000039 000000000000 0a000002",
        "solicitation": f"01 8700 0000 00000000 {address} 0101 020000000001",
        "advertisement": f"01 8800 0000 e0000000 {address} 0201 020000000002",
        "router": f"01 8600 0000 40c0 0708 00000000 00000000 0304 40c0 00015180 00003840 00000000 {address} 0501 0000 000005dc",
        "unreachable": f"02 0303 0000 00000000 {quoted.hex()}",
        "needed": f"02 0304 0000 00000578 {quoted.hex()}",
        "redirect": f"02 0501 0000 0a000001 {quoted.hex()}",
        "echo": "02 0800 0000 0007 0001",
        "too-big": f"03 0200 0000 00000500 {quoted6.hex()}",
        "syn": "04 c350 0050 00000007 00000009 7002 faf0 0000 0000 020405b4 01010402",
        "asked": f"05 0007 0100 0001 0000 0000 0000 {name} 0001 0001",
        "answered": f"05 0007 8180 0001 0001 0000 0000 {name} 0001 0001 c00c 0001 0001 0000003c 0004 0a000001",
        "streamed": f"06 0016 0007 0100 0001 0000 0000 0000 {name} 0001 0001",
        "hello": "08 16 0301 003e 01 00003a 0303" + "00" * 32 + "00 0002 c02f 0100 000f 0000 000b 0009 00 0006 7261636b2d31",
        "alert": "08 15 0303 0002 0230",
        "ipv4": f"0a {quoted.hex()}",
        "ipv6": f"0a {quoted6.hex()}",
        "beacon": "0c 02 01 0000",
    }  # fmt: skip
    for title, text in texts.items():
        yield title, bytes.fromhex(text)
    yield "request", b"\x07GET http://u@h/a?b HTTP/1.1\r\nHost: h\r\nAuthorization: x\r\n\r\n"
    yield "response", b"\x07HTTP/1.1 401 No\r\nWWW-Authenticate: Basic\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n"
    der = signed()
    yield "certificate", b"\x09" + der
    chain = len(der).to_bytes(3, "big") + der
    message = b"\x0b" + (len(chain) + 3).to_bytes(3, "big") + len(chain).to_bytes(3, "big") + chain
    yield "shown", b"\x08\x16\3\3" + len(message).to_bytes(2, "big") + message
    yield "log", b"\x0b33 <34>Oct 11 22:14:15 m su[7]: x"
