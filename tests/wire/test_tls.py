"""Handshakes are OpenSSL's own."""

import contextlib
import ssl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.wire import tls
from bellrock.wire.errors import Reason, WireError
from bellrock.wire.tls import Alert, ClientHello
from tests.lab.services import certificates
from tests.wire.vectors import refuses

NAMED = "01 00003a 0303" + "00" * 32 + "00 0002 c02f 0100 000f 0000 000b 0009 00 0006 72 61 63 6b 2d 31"
UNNAMED = "01 00002f 0303" + "00" * 32 + "00 0002 c02f 0100 0004 0017 0000"
OLD = "01 000029 0303" + "00" * 32 + "00 0002 c02f 0100"


def record(kind: int, body: bytes, minor: int = 3) -> bytes:
    return bytes((kind, 3, minor)) + len(body).to_bytes(2, "big") + body


def shake(
    version: ssl.TLSVersion, chain, name: str | None = "rack.example", trusts: bool = False
) -> tuple[bytes, bytes]:
    """What client and server say until one of them has enough."""
    client_side, server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_side.load_cert_chain(*chain)
    client_side.check_hostname = False
    if not trusts:
        client_side.verify_mode = ssl.CERT_NONE
    client_side.minimum_version = client_side.maximum_version = version
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    said = {to_server: b"", to_client: b""}
    ends = [
        (client_side.wrap_bio(to_client, to_server, server_hostname=name), to_server),
        (server_side.wrap_bio(to_server, to_client, server_side=True), to_client),
    ]
    for end, out in ends * 4:
        before = out.pending
        with contextlib.suppress(ssl.SSLError):
            end.do_handshake()
        if out.pending > before:
            fresh = out.read()
            said[out] += fresh
            out.write(fresh)
    return said[to_server], said[to_client]


@pytest.fixture(scope="module")
def chain(tmp_path_factory):
    issuer = certificates.authority(directory=tmp_path_factory.mktemp("tls"))
    return certificates.certificate(["rack.example"], issuer=issuer, kind="rsa")


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["1.2", "1.3"])
def test_client(version, chain):
    client, _ = shake(version, chain)
    assert tls.parse(client) == tls.Heard((ClientHello("rack.example"),), more=False)
    nameless, _ = shake(version, chain, None)
    assert tls.parse(nameless).said == (ClientHello(),)


def test_certificate_before_tls_13(chain):
    _, server = shake(ssl.TLSVersion.TLSv1_2, chain)
    (shown,), more = tls.parse(server)
    assert (shown.issuer, shown.names, more) == ("CN=Lab authority", ("rack.example",), False)


def test_no_certificate_in_tls_13(chain):
    _, server = shake(ssl.TLSVersion.TLSv1_3, chain)
    assert tls.parse(server) == tls.Heard((), more=False)


def test_piece_by_piece(chain):
    """Each prefix either waits for more, or says what the whole says; nothing is taken back."""
    for octets in shake(ssl.TLSVersion.TLSv1_2, chain):
        whole = tls.parse(octets)
        for size in range(3, len(octets)):
            heard = tls.parse(octets[:size])
            assert heard.more or heard == whole


def test_whom_the_client_does_not_trust(chain):
    client, _ = shake(ssl.TLSVersion.TLSv1_2, chain, trusts=True)
    alert = client[-7:]
    assert tls.parse(alert) == tls.Heard((Alert("unknown_ca"),), more=False)


TABLE = [
    ("a name", record(22, bytes.fromhex(NAMED)), (ClientHello("rack-1"),), False),
    ("no name", record(22, bytes.fromhex(UNNAMED)), (ClientHello(),), False),
    ("no extensions", record(22, bytes.fromhex(OLD)), (ClientHello(),), False),
    ("a hello in two records", record(22, bytes.fromhex(NAMED)[:20]) + record(22, bytes.fromhex(NAMED)[20:]), (ClientHello("rack-1"),), False),
    ("a hello that is cut before its name", record(22, bytes.fromhex(NAMED))[:50], (ClientHello(),), True),
    ("a warning", bytes.fromhex("15 0303 0002 01 00"), (Alert("close_notify", fatal=False),), False),
    ("an alert nobody knows", bytes.fromhex("15 0303 0002 02 c8"), (Alert("alert 200"),), False),
    ("an alert behind another message", record(22, bytes.fromhex("0e 000000")) + bytes.fromhex("15 0303 0002 02 28"), (), False),
    ("half an alert", bytes.fromhex("15 0303 0002 02"), (), True),
    ("half an encrypted alert", bytes.fromhex("15 0303 001a 00 00"), (), True),
    ("an encrypted alert", bytes.fromhex("15 0303 001a") + bytes(26), (), False),
    ("a server hello, then an alert", record(22, bytes.fromhex("02 000002 0303")) + bytes.fromhex("15 0303 0002 02 28"),
     (Alert("handshake_failure"),), False),
    ("a server hello, then encrypted", record(22, bytes.fromhex("02 000002 0303")) + record(23, b"x"), (), False),
    ("a server hello alone", record(22, bytes.fromhex("02 000002 0303")), (), True),
    ("only the beginning of a record", bytes.fromhex("16 0301"), (), True),
    ("a chain of none", record(22, bytes.fromhex("0b 000003 000000")), (), False),
    ("a certificate to come", record(22, bytes.fromhex("0b 000100 0000fd 0000fa 30")), (), True),
    ("another message", record(22, bytes.fromhex("0e 000000")), (), False),
]  # fmt: skip


@pytest.mark.parametrize(("data", "said", "more"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_parse(data, said, more):
    assert tls.parse(data) == tls.parse(memoryview(data)) == tls.Heard(said, more)
    assert tls.begins(data)


@pytest.mark.parametrize("data", [b"", b"\x16\x03", b"\x17\x03\x03", b"\x16\x02\x00", b"\x16\x03\x05", b"GET /"])
def test_no_tls(data):
    assert not tls.begins(data)
    with refuses(Reason.UNSUPPORTED):
        tls.parse(data)


@pytest.mark.parametrize(
    "data",
    [bytes.fromhex("16 0301 0000 00"), bytes.fromhex("16 0301 ffff 00"), bytes.fromhex("16 0301 0001 01 16 0201 0001 01"),
     record(22, bytes.fromhex("0b 000009 000006 000003") + b"abc")],
    ids=["empty", "too long", "another version", "no certificate"],
)  # fmt: skip
def test_malformed(data):
    with refuses(Reason.MALFORMED):
        tls.parse(data)


@pytest.mark.parametrize(
    "data",
    [record(22, bytes.fromhex("01 000004 0303 0000")), record(22, bytes.fromhex("0b 000006 000003 000009"))],
    ids=["hello", "certificate"],
)
def test_inner_lengths_that_do_not_fit(data):
    with refuses(Reason.TRUNCATED):
        tls.parse(data)


def test_too_many_extensions():
    extensions = b"\x00\x17\0\0" * (tls.MAX_EXTENSIONS + 1)
    body = bytes(34) + bytes.fromhex("00 0002 c02f 0100") + len(extensions).to_bytes(2, "big") + extensions
    with refuses(Reason.MALFORMED):
        tls.parse(record(22, b"\x01" + len(body).to_bytes(3, "big") + body))


def test_a_stream_that_never_ends_is_given_up():
    heard = tls.parse(record(22, b"\x02\xff\xff\xff" + bytes(16000)) * 5)
    assert heard == tls.Heard((), more=False)


@given(
    st.sampled_from([b"", b"\x16\x03\x01\0\x40", record(22, bytes.fromhex(NAMED))[:12], b"\x15\x03\x03\0\2"]),
    st.binary(max_size=200),
)
def test_a_value_or_the_one_error(head, data):
    try:
        heard = tls.parse(head + data)
    except WireError:
        return
    assert all(isinstance(one, ClientHello | Alert | tls.Certificate) for one in heard.said)
