"""What SSH, LDAP and libvirt servers and management controllers say. The first octet: which parser (PARSERS), in their order."""

from collections.abc import Callable, Iterator

from bellrock.wire import ber, ipmi, ldap, libvirtrpc, rmcp, ssh
from bellrock.wire.greeting import described
from bellrock.wire.ssh import Algorithms, KexReply
from bellrock.wire.sshkex import METHODS, Half, Transcript
from bellrock.wire.sshkeys import ALGORITHMS, parse_host_key
from fuzz.contract import demand, value_or_refusal

SAID = Transcript(client=b"c", server=b"s", client_kexinit=b"ck", server_kexinit=b"sk")
ED25519 = ssh.string(b"ssh-ed25519") + ssh.string(
    bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
)


def identification(data: bytes) -> object:
    found = ssh.identification(data)
    demand(found is None or (found.software + found.comments).isprintable(), "an identification that is not printable")
    return found


def packet(data: bytes) -> bytes:
    size = ssh.packet_length(data[:4])
    return ssh.payload_of(data[4 : 4 + size])


def host_key(data: bytes) -> str:
    """A key and, behind it, a signature."""
    key = parse_host_key(data[:-68] if len(data) > 119 else data)
    for algorithm in ALGORITHMS:
        value_or_refusal(lambda algorithm=algorithm: key.signed(b"", data[-68:], algorithm))  # type: ignore[misc]
    return key.fingerprint


def exchange(data: bytes) -> bytes:
    """The first octet: the method."""
    method = METHODS[data[0] % len(METHODS)] if data else METHODS[0]
    return Half(method, b"seed").exchange_hash(SAID, KexReply(b"key", data[1:], b""))


def controller(data: bytes) -> object:
    kind, payload = rmcp.unwrap(data)
    return (
        rmcp.parse_pong(payload)
        if kind == rmcp.ASF
        else ipmi.parse_answer(payload)
        if payload[:1] == b"\0"
        else ipmi.parse_opened(payload)
    )


def directory(data: bytes) -> object:
    """A whole message, with its head."""
    head = next(size for size in range(8) if size >= len(data) or ldap.head_length(data[:size]) is not None)
    message = ldap.parse_message(data[head:])
    if message.operation == ldap.ENTRY:
        entry = ldap.parse_entry(message.content)
        demand(
            all(value.isprintable() for values in entry.values() for value in values), "a value that is not printable"
        )
        return entry
    return ldap.parse_result(message.content)


def daemon(data: bytes) -> object:
    found = libvirtrpc.parse_reply(data[4 : 4 + libvirtrpc.body_length(data[:4])])
    return found and (
        found.ok,
        libvirtrpc.parse_mechanisms(found.body) if found.ok else libvirtrpc.parse_refusal(found.body),
    )


PARSERS: tuple[Callable[[bytes], object], ...] = (
    identification, packet, ssh.parse_kexinit, ssh.parse_kex_reply, ssh.parse_disconnect, host_key, exchange, controller,
    ipmi.parse_capabilities, ipmi.parse_suites, directory, ber.number, daemon,
)  # fmt: skip


def one(data: bytes) -> None:
    demand(described(data).isprintable(), "a description that is not printable")
    parse = PARSERS[data[0] % len(PARSERS)] if data else PARSERS[0]
    value_or_refusal(lambda: parse(data[1:]))


def seeds() -> Iterator[tuple[str, bytes]]:
    """One for each parser, and what is easy to get wrong."""
    offer = Algorithms(
        kex=("curve25519-sha256",), host_key=("ssh-ed25519",), cipher=("aes128-ctr",), mac=("hmac-sha2-256",)
    )
    reply = (
        b"\x1f"
        + ssh.string(ED25519)
        + ssh.string(bytes(32))
        + ssh.string(ssh.string(b"ssh-ed25519") + ssh.string(bytes(64)))
    )
    answer = bytes.fromhex("00 00000000 00000000 10 81 1c 63 20 04 38 00 01 97 04 03 00 00 00 00 05")
    opened = bytes.fromhex("06 11 00000000 00000000 0c00 07 00 04 00 a3a2a1a0 02000000")
    entry = bytes.fromhex(
        "30 26 020101 64 21 0400 30 1d 30 1b 040e 6e616d696e67436f6e7465787473 31 09 0407 64633d782c633d"
    )
    found: dict[str, tuple[Callable[[bytes], object], bytes]] = {
        "identification": (identification, b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"),
        "packet": (packet, ssh.packet(b"\x15")),
        "kexinit": (ssh.parse_kexinit, ssh.build_kexinit(offer, bytes(16))),
        "kex-reply": (ssh.parse_kex_reply, reply),
        "disconnect": (ssh.parse_disconnect, ssh.build_disconnect("done")),
        "host-key": (host_key, ED25519),
        "signature": (host_key, ED25519 + ssh.string(b"ssh-ed25519")[:4] + ssh.string(bytes(60))),
        "curve25519": (exchange, b"\0\x09" + bytes(31)),
        "group14": (exchange, b"\5\x02"),
        "pong": (controller, bytes.fromhex("0600ff06 000011be 40050010 000011be 00000000 8100 000000000000")),
        "answer": (controller, rmcp.wrap(answer)),
        "opened": (controller, rmcp.wrap(opened)),
        "capabilities": (ipmi.parse_capabilities, answer[17:]),
        "suites": (ipmi.parse_suites, bytes.fromhex("c00344 0141 81 c180a20200 014181")),
        "entry": (directory, entry),
        "done": (directory, bytes.fromhex("30 0c 020101 65 07 0a0100 0400 0400")),
        "number": (ber.number, b"\x7f"),
        "ways": (daemon, bytes.fromhex("00000024 20008086 00000001 00000042 00000001 00000001 00000000 00000001 00000000")),
        "refusal": (daemon, bytes.fromhex("0000002c 20008086 00000001 00000001 00000001 00000001 00000001 00000026 00000007 00000000 00000000")),
    }  # fmt: skip
    for name, (parse, data) in found.items():
        yield name, bytes((PARSERS.index(parse),)) + data
