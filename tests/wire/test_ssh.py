import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.wire import ssh
from bellrock.wire.cursor import Cursor
from bellrock.wire.errors import Reason
from bellrock.wire.ssh import Agreed, Algorithms, Identification, KexReply
from fuzz.contract import value_or_refusal
from tests.wire.vectors import refuses

LINES = [
    (b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n", Identification("2.0", "OpenSSH_9.2p1", "Debian-2", b"SSH-2.0-OpenSSH_9.2p1 Debian-2")),
    (b"SSH-2.0-dropbear_2022.83\n", Identification("2.0", "dropbear_2022.83", "", b"SSH-2.0-dropbear_2022.83")),
    (b"SSH-1.99-Cisco-1.25\r\n", Identification("1.99", "Cisco-1.25", "", b"SSH-1.99-Cisco-1.25")),
    (b"SSH-2.0-a\x1b[2J b c\r\n", Identification("2.0", "a\ufffd[2J", "b c", b"SSH-2.0-a\x1b[2J b c")),
    (b"Exceeded MaxStartups\r\n", None),
    (b"\r\n", None),
]  # fmt: skip


@pytest.mark.parametrize(("line", "found"), LINES, ids=range(len(LINES)))
def test_identification(line, found):
    assert ssh.identification(line) == found


@pytest.mark.parametrize("line", [b"SSH-2.0\r\n", b"SSH-\r\n", b"SSH--x\r\n", b"SSH-2.0-" + b"x" * 300], ids=range(4))
def test_identifications_that_are_none(line):
    with refuses(Reason.MALFORMED):
        ssh.identification(line)


# RFC 4251 §5.
@pytest.mark.parametrize(
    ("number", "octets"),
    [
        (0, "00000000"),
        (0x9A378F9B2E332A7, "00000008 09a378f9b2e332a7"),
        (0x80, "00000002 0080"),
        (0x7F, "00000001 7f"),
        (0xFFFF, "00000003 00ffff"),
    ],
    ids=range(5),
)
def test_numbers(number, octets):
    assert ssh.mpint(number) == bytes.fromhex(octets)


def test_strings():
    assert ssh.string(b"testing") == bytes.fromhex("00000007 74657374696e67"), "RFC 4251 §5"
    cursor = Cursor(ssh.string(b"one") + ssh.string(b""), "thing")
    assert (ssh.take_string(cursor), ssh.take_string(cursor), cursor.left) == (b"one", b"", 0)


@given(st.binary(min_size=1, max_size=300))
def test_packets_come_back(payload):
    octets = ssh.packet(payload)
    assert len(octets) % 8 == 0
    assert len(octets) >= 16
    assert ssh.packet_length(octets[:4]) == len(octets) - 4
    assert ssh.payload_of(octets[4:]) == payload
    assert 4 <= octets[4] <= 255


def test_a_packet():
    assert ssh.packet(b"\x15") == bytes.fromhex("0000000c 0a 15" + "00" * 10)


@pytest.mark.parametrize(
    ("head", "reason"),
    [
        ("000000", Reason.TRUNCATED),
        ("00000004", Reason.MALFORMED),
        ("0000000d", Reason.MALFORMED),
        ("48545450", Reason.TOO_BIG),
    ],
)
def test_lengths_of_no_packet(head, reason):
    with refuses(reason):
        ssh.packet_length(bytes.fromhex(head))


@pytest.mark.parametrize(("body", "reason"), [("", Reason.TRUNCATED), ("03 15 000000", Reason.MALFORMED), ("04 00000000", Reason.MALFORMED),
                                              ("ff 15", Reason.MALFORMED)])  # fmt: skip
def test_bodies_of_no_packet(body, reason):
    with refuses(reason):
        ssh.payload_of(bytes.fromhex(body))


OFFER = Algorithms(
    kex=("curve25519-sha256", "kex-strict-s-v00@openssh.com"), host_key=("ssh-ed25519",), cipher=("aes128-ctr",), mac=("hmac-sha2-256",)
)  # fmt: skip
OFFER_HEX = (
    "14 000102030405060708090a0b0c0d0e0f"
    + "0000002e" + b"curve25519-sha256,kex-strict-s-v00@openssh.com".hex()
    + "0000000b" + b"ssh-ed25519".hex()
    + ("0000000a" + b"aes128-ctr".hex()) * 2
    + ("0000000d" + b"hmac-sha2-256".hex()) * 2
    + ("00000004" + b"none".hex()) * 2
    + "00000000 00000000 00 00000000"
)  # fmt: skip


def test_kexinit_both_ways():
    octets = bytes.fromhex(OFFER_HEX)
    assert ssh.build_kexinit(OFFER, bytes(range(16))) == octets
    assert ssh.parse_kexinit(octets) == OFFER


def test_of_two_directions_the_servers_is_told():
    lists = [b"k", b"h", b"in", b"out", b"min", b"mout", b"none", b"zlib", b"", b""]
    octets = b"\x14" + bytes(16) + b"".join(map(ssh.string, lists)) + bytes(5)
    found = ssh.parse_kexinit(octets)
    assert (found.cipher, found.mac, found.compression) == (("out",), ("mout",), ("zlib",))


def test_every_prefix_of_a_kexinit_is_refused():
    octets = bytes.fromhex(OFFER_HEX)
    for size in range(len(octets)):
        with refuses(Reason.TRUNCATED):
            ssh.parse_kexinit(octets[:size])


@pytest.mark.parametrize(
    ("octets", "reason"),
    [
        (b"\x01", Reason.UNSUPPORTED),
        (b"\x14" + bytes(16) + ssh.string(b"a,,b"), Reason.MALFORMED),
        (b"\x14" + bytes(16) + ssh.string(b"a b"), Reason.MALFORMED),
        (b"\x14" + bytes(16) + ssh.string(b"x" * 65), Reason.MALFORMED),
        (b"\x14" + bytes(16) + ssh.string(b"a\x1b"), Reason.MALFORMED),
        (b"\x14" + bytes(16) + ssh.string(b",".join([b"a"] * 257)), Reason.TOO_BIG),
    ],
    ids=["another message", "an empty name", "a space", "a long name", "a control character", "many names"],
)
def test_kexinits_that_are_none(octets, reason):
    with refuses(reason):
        ssh.parse_kexinit(octets)


def offer(kex, host_key):
    return Algorithms(kex=tuple(kex.split()), host_key=tuple(host_key.split()), cipher=("c",), mac=("m",))


@pytest.mark.parametrize(
    ("client", "server", "agreed"),
    [
        (offer("a b", "x y"), offer("b a", "y x"), Agreed("a", "x")),
        (offer("a b", "x y"), offer("b", "y"), Agreed("b", "y")),
        (offer("a", "x"), offer("b", "x"), None),
        (offer("a", "x"), offer("a", "y"), None),
    ],
    ids=["the client's first", "what is common", "no key exchange", "no host key"],
)
def test_what_both_take(client, server, agreed):
    assert ssh.agree(client, server) == agreed


def test_key_exchange_messages():
    assert ssh.build_kex(b"abc") == bytes.fromhex("1e 00000003 616263")
    reply = bytes.fromhex("1f 00000001 6b 00000002 7070 00000003 737373")
    assert ssh.parse_kex_reply(reply) == KexReply(b"k", b"pp", b"sss")
    with refuses(Reason.UNSUPPORTED):
        ssh.parse_kex_reply(b"\x03" + reply[1:])
    for size in range(len(reply)):
        with refuses(Reason.TRUNCATED):
            ssh.parse_kex_reply(reply[:size])


def test_goodbyes():
    octets = ssh.build_disconnect("done")
    assert octets == bytes.fromhex("01 0000000b 00000004 646f6e65 00000000")
    assert ssh.parse_disconnect(octets) == (11, "done")
    with refuses(Reason.UNSUPPORTED):
        ssh.parse_disconnect(b"\x14")
    with refuses(Reason.TRUNCATED):
        ssh.parse_disconnect(octets[:7])


@given(st.binary(max_size=400), st.sampled_from([b"", b"\x14" + bytes(16), b"\x1f", b"\x01", b"SSH-2.0-"]))
def test_a_value_or_the_one_error(data, begun):
    for parse in (ssh.parse_kexinit, ssh.parse_kex_reply, ssh.parse_disconnect, ssh.identification, ssh.payload_of):
        value_or_refusal(lambda parse=parse: parse(begun + data))
    length = value_or_refusal(lambda: ssh.packet_length(data))
    assert length is None or 12 <= length <= ssh.MAX_PACKET
