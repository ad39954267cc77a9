import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from bellrock.model import Verdict
from bellrock.probe import Ask
from bellrock.probe.ssh import IDENTIFICATION, MAX_LINES, PROBE, plan
from bellrock.probe.values import PlanError
from bellrock.wire.ssh import (
    Algorithms,
    KexReply,
    build_disconnect,
    build_kexinit,
    packet,
    packet_length,
    parse_kexinit,
    payload_of,
    string,
)
from bellrock.wire.sshkex import Half, Transcript
from bellrock.wire.sshkeys import parse_host_key
from tests.probe.peers import probe, tcp_server

LINE = b"SSH-2.0-Testing_1.0 of tests"
OFFER = Algorithms(
    kex=("curve25519-sha256", "kex-strict-s-v00@openssh.com"), host_key=("ssh-ed25519",), cipher=("aes128-ctr",), mac=("hmac-sha2-256",)
)  # fmt: skip
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
BLOB = base64.b64decode(KEY.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).split()[1])
FINGERPRINT = parse_host_key(BLOB).fingerprint
OTHER = "SHA256:" + "A" * 43


class Server:
    """An SSH server up to its host key, with the faults that a test gives it."""

    def __init__(
        self, *, line=LINE + b"\r\n", before=b"", offer=OFFER, between=(), forge=False, reply=None, one_by_one=False
    ):
        self.line, self.before, self.offer, self.between, self.forge = line, before, offer, between, forge
        self.reply, self.one_by_one, self.connections, self.goodbyes = reply, one_by_one, 0, 0

    def __call__(self, connection):
        self.connections += 1
        self._say(connection, self.before + self.line)
        client = self._until(connection, b"\n").rstrip(b"\r\n")
        init = build_kexinit(self.offer, bytes(16))
        self._say(connection, packet(init))
        theirs = self._packet(connection)
        for payload in self.between:
            self._say(connection, packet(payload))
        if not set(parse_kexinit(theirs).host_key) & set(self.offer.host_key):
            return
        point = self._packet(connection)
        if point[0] == 1:
            self.goodbyes += 1
            return
        # The server's half: the same arithmetic, from another seed.
        half = Half("curve25519-sha256", b"the server's")
        said = Transcript(client=client, server=self.line.rstrip(b"\r\n"), client_kexinit=theirs, server_kexinit=init)
        signature = string(b"ssh-ed25519") + string(KEY.sign(self._hash(half, said, point[5:]) + b"!" * self.forge))
        reply = b"\x1f" + string(BLOB) + string(half.public) + string(signature)
        self._say(connection, packet(self.reply if self.reply is not None else reply))
        self.goodbyes += self._packet(connection)[0] == 1

    @staticmethod
    def _hash(half, said, client_point):
        """RFC 5656 §4, with the halves the other way round."""
        mirrored = Half("curve25519-sha256", b"the server's")
        mirrored.public = client_point
        real = KexReply(BLOB, half.public, b"")
        shared = half._shared(client_point)
        mirrored._shared = lambda _: shared
        return mirrored.exchange_hash(said, real)

    def _say(self, connection, octets):
        for chunk in [octets[i : i + 1] for i in range(len(octets))] if self.one_by_one else [octets]:
            connection.sendall(chunk)

    @staticmethod
    def _until(connection, end):
        said = b""
        while not said.endswith(end):
            one = connection.recv(1)
            if not one:
                raise OSError
            said += one
        return said

    @staticmethod
    def _exactly(connection, size):
        said = b""
        while len(said) < size:
            some = connection.recv(size - len(said))
            if not some:
                raise OSError
            said += some
        return said

    def _packet(self, connection):
        return payload_of(self._exactly(connection, packet_length(self._exactly(connection, 4))))


def tried(server, within=3.0, **options):
    with tcp_server(server) as port:
        return probe("ssh", port, within=within, **options)


def test_the_plan_is_a_function_of_its_ask():
    ask = Ask(flow="ssh", address="10.0.0.1", nonce=bytes(range(16)))
    assert plan(ask) == plan(ask)
    assert plan(ask).cookie == bytes(range(16))
    assert plan(Ask(flow="ssh", address="10.0.0.1", nonce=b"")).cookie == bytes(16)


@pytest.mark.parametrize(
    "options", [{"fingerprint": "MD5:aa"}, {"fingerprint": "SHA256:abc"}, {"fingerprint": "SHA256:" + "!" * 43},
                {"fingerprint": FINGERPRINT[7:]}, {"keys": "none"}, {"key": "all"}], ids=range(6)
)  # fmt: skip
def test_options_that_are_wrong(options):
    with pytest.raises(PlanError, match="ssh"):
        plan(Ask(flow="ssh", address="10.0.0.1", options=options))


def test_works():
    server = Server()
    found = tried(server, fingerprint=f"{OTHER},{FINGERPRINT}")
    assert found.verdict is Verdict.WORKS, found
    assert found.detail == f"Testing_1.0, host key ssh-ed25519 {FINGERPRINT}"
    assert found.facts == {
        "software": "Testing_1.0", "comments": "of tests", "protocol": "2.0", "kex": list(OFFER.kex),
        "host_key_algorithms": ["ssh-ed25519"], "ciphers": ["aes128-ctr"], "macs": ["hmac-sha2-256"], "outdated": [], "terrapin": False,
        "host_keys": [{"kind": "ssh-ed25519", "bits": 256, "fingerprint": FINGERPRINT, "proved": True, "kex": "curve25519-sha256"}],
    }  # fmt: skip
    assert (server.connections, server.goodbyes) == (1, 1)
    assert found.evidence[2].what == f"identification {IDENTIFICATION.decode()}"


@pytest.mark.parametrize(
    "server",
    [
        Server(before=b"Welcome\r\n" * (MAX_LINES - 1)),
        Server(between=(b"\x02ignore", b"\x04debug", b"\x07ext")),
        Server(one_by_one=True),
        Server(line=b"SSH-1.99-Testing_1.0 of tests\n"),
    ],
    ids=["lines before", "messages between", "octet by octet", "speaks 1.5 too"],
)
def test_manners_of_servers(server):
    assert tried(server).verdict is Verdict.WORKS


def test_a_host_key_that_signed_something_else():
    found = tried(Server(forge=True))
    assert found.verdict is Verdict.WRONG_SERVICE
    assert "somebody in between" in found.detail
    assert found.facts["host_keys"][0]["proved"] is False


def test_another_host_key_than_expected():
    server = Server()
    found = tried(server, fingerprint=OTHER)
    assert found.verdict is Verdict.WRONG_SERVICE
    assert FINGERPRINT in found.detail
    assert server.connections == 1, "it has no other kind of key"


def test_a_key_of_another_kind_than_was_agreed_on():
    """It has two kinds by its own word, and shows the one key that it has for either."""
    server = offering(host_key=("ssh-ed25519", "rsa-sha2-512"))
    found = tried(server, keys="all")
    assert server.connections == 2
    assert found.verdict is Verdict.WRONG_SERVICE
    assert [key["proved"] for key in found.facts["host_keys"]] == [True, False]


def test_without_anything_in_common():
    offer = Algorithms(
        kex=("sntrup761x25519-sha512",), host_key=("ssh-ed25519",), cipher=("aes128-ctr",), mac=("hmac-sha1",)
    )
    server = Server(offer=offer)
    found = tried(server)
    assert found.verdict is Verdict.WORKS
    assert "could not be proved: its key exchanges (sntrup761x25519-sha512)" in found.detail
    assert server.goodbyes == 1
    assert tried(server, fingerprint=FINGERPRINT).verdict is Verdict.WRONG_SERVICE


def offering(**changes):
    fields = {"kex": OFFER.kex, "host_key": OFFER.host_key, "cipher": OFFER.cipher, "mac": OFFER.mac} | changes
    return Server(offer=Algorithms(**fields))


@pytest.mark.parametrize(
    ("server", "words"),
    [
        (offering(cipher=("3des-cbc", "arcfour")), "cipher (it offers 3des-cbc, arcfour)"),
        (offering(mac=("hmac-md5",)), "MAC (it offers hmac-md5)"),
        (offering(kex=("a", "b", "c", "d")), "key exchange (it offers a, b, c and 1 more)"),
        (offering(host_key=("ssh-dss",)), "host key algorithm (it offers ssh-dss)"),
        (offering(host_key=()), "host key algorithm (it offers none)"),
    ],
    ids=["ciphers", "MACs", "key exchanges", "host keys", "no host keys"],
)
def test_what_current_clients_do_not_take(server, words):
    found = tried(server)
    assert found.verdict is Verdict.DEGRADED, found
    assert words in found.detail


def test_a_cipher_that_needs_no_mac():
    found = tried(offering(cipher=("aes256-gcm@openssh.com",), mac=("hmac-md5",)))
    assert found.verdict is Verdict.WORKS
    assert found.facts["outdated"] == ["hmac-md5"]


@pytest.mark.parametrize(
    ("changes", "terrapin"),
    [
        ({"kex": ("curve25519-sha256",), "cipher": ("chacha20-poly1305@openssh.com",)}, True),
        ({"cipher": ("chacha20-poly1305@openssh.com",)}, False),
        (
            {
                "kex": ("curve25519-sha256",),
                "cipher": ("aes128-ctr", "aes128-cbc"),
                "mac": ("hmac-sha2-256-etm@openssh.com",),
            },
            True,
        ),
        ({"kex": ("curve25519-sha256",)}, False),
    ],
    ids=["chacha", "chacha, strict", "CBC with etm", "neither"],
)
def test_terrapin(changes, terrapin):
    assert tried(offering(**changes)).facts["terrapin"] is terrapin


@pytest.mark.parametrize(
    ("server", "words"),
    [
        (Server(line=b"SSH-1.5-Ancient\r\n"), "it speaks SSH 1.5 only (Ancient)"),
        (Server(line=b"SSH-2.0\r\n"), "goes on otherwise"),
        (Server(between=(build_disconnect("too many"),)), "ends the conversation: too many (reason 11)"),
        (Server(between=(b"\x02",) * 9), "messages of no matter"),
        (Server(reply=b"\x15"), "message 21 where the key exchange's reply"),
        (Server(reply=b"\x1f\xff\xff\xff\xff"), "goes on otherwise"),
    ],
    ids=["SSH 1.5", "half an identification", "DISCONNECT", "no end of IGNORE", "NEWKEYS", "wrong lengths"],
)
def test_faults_of_servers(server, words):
    found = tried(server)
    assert found.verdict is Verdict.WRONG_SERVICE, found
    assert words in found.detail


def says(octets, then=None):
    """A server that says this, waits for the client and does `then`."""

    def serve(connection):
        connection.sendall(octets)
        connection.recv(100)
        if then is not None:
            connection.sendall(then)

    return serve


@pytest.mark.parametrize(
    ("server", "words"),
    [
        (says(b""), "closes it without a word"),
        (says(b"Exceeded MaxStartups\r\n"), "'Exceeded MaxStartups' and closes"),
        (says(b"", b"HTTP/1.1 400 Bad Request\r\nServer: nginx\r\n\r\n"), "HTTP"),
        (says(b"220 mail.example ESMTP\r\n" + b"x\r\n" * 80), "SMTP"),
        (says(b"\r\n" * 80), "no SSH identification"),
        (says(LINE + b"\r\n"), "closes the connection before the key exchange"),
        (says(LINE + b"\r\n", b"\xff\xff\xff\xff"), "goes on otherwise"),
        (says(LINE + b"\r\n", b"\0\0\x01\x04abc"), "closes the connection before the key exchange"),
        (says(b"x" * 300_000), "does not stop talking"),
        (says(b"x" * 600 + b"\n"), "does not stop talking"),
    ],
    ids=[
        "closes",
        "MaxStartups",
        "HTTP",
        "SMTP",
        "empty lines",
        "closes after",
        "a packet of 4 GiB",
        "half a packet",
        "no end",
        "a long line",
    ],
)
def test_bad_servers(server, words):
    found = tried(server)
    assert found.verdict is Verdict.WRONG_SERVICE, found
    assert words in found.detail


def test_the_load_that_is_stated_is_kept():
    server = Server()
    found = tried(server, keys="all")
    steps = [step for step in found.evidence if step.direction == "sent" and "TCP" not in step.what]
    assert len(steps) <= PROBE.load.packets
    assert server.connections <= PROBE.load.connections


@given(st.binary(max_size=64))
def test_any_octets_give_a_verdict(data):
    with tcp_server(says(LINE + b"\r\n" + data)) as port:
        assert probe("ssh", port, within=2.0).verdict is Verdict.WRONG_SERVICE
