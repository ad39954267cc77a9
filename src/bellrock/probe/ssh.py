"""SSH: identification, algorithms, and a key exchange in which the server proves its host key (RFC 4253). Nobody logs in."""

import base64
import hashlib
from collections.abc import Sequence
from typing import Final

from msgspec import Struct, structs

from bellrock.link.obstacle import Obstacle, Obstructed
from bellrock.link.stream import Stream
from bellrock.probe.net import Net
from bellrock.probe.options import read
from bellrock.probe.ssh_judged import CIPHERS, MACS, Met, few, judged
from bellrock.probe.values import Ask, Found, Load, Option, PlanError, Probe, Unexpected
from bellrock.wire.errors import WireError
from bellrock.wire.greeting import described, protocol_of
from bellrock.wire.ssh import (
    DEBUG,
    DISCONNECT,
    EXT_INFO,
    IGNORE,
    MAX_LINE,
    Algorithms,
    Identification,
    agree,
    build_disconnect,
    build_kex,
    build_kexinit,
    identification,
    packet,
    packet_length,
    parse_disconnect,
    parse_kex_reply,
    parse_kexinit,
    payload_of,
)
from bellrock.wire.sshkex import METHODS, Half, Transcript
from bellrock.wire.sshkeys import ALGORITHMS, KINDS, parse_host_key
from bellrock.wire.text import printable

IDENTIFICATION: Final = b"SSH-2.0-Bellrock"
MAX_LINES: Final = 64
"""Lines that may come before the identification (RFC 4253 §4.2: any number; sshd sends none)."""
MAX_MESSAGES: Final = 8
"""Messages that may come where one is waited for: IGNORE, DEBUG and EXT_INFO are passed over."""

_OLD_CIPHERS: Final = (
    "aes256-cbc", "aes192-cbc", "aes128-cbc", "rijndael-cbc@lysator.liu.se", "3des-cbc", "blowfish-cbc", "cast128-cbc", "arcfour256",
    "arcfour128", "arcfour",
)  # fmt: skip
_OLD_MACS: Final = (
    "hmac-sha1-96-etm@openssh.com", "hmac-md5-etm@openssh.com", "hmac-sha1-96", "hmac-ripemd160", "hmac-md5", "hmac-md5-96",
)  # fmt: skip

OPTIONS: Final = (
    Option("fingerprint", "the host key that is expected, as `ssh-keygen -l` writes it: SHA256:…; several with commas; default: any"),
    Option("keys", "`first`: have the first of ed25519, ECDSA and RSA proved that the server has; `all`: one of each kind; default first"),
)  # fmt: skip


class Plan(Struct, frozen=True, kw_only=True):
    """What will be said, but for what depends on the server's offer."""

    offer: Algorithms
    cookie: bytes
    seed: bytes
    fingerprints: tuple[str, ...]
    every: bool
    """Whether each kind of host key is to be proved."""


def plan(ask: Ask) -> Plan:
    """What is said to an SSH server.

    Raises:
        PlanError: an option is unknown or no fingerprint.
    """
    given = read(ask, OPTIONS)
    fingerprints = given.several("fingerprint")
    for one in fingerprints:
        if not _is_fingerprint(one):
            raise PlanError(f"ssh: option fingerprint takes SHA256: with 43 characters of base64, and not {one!r}")
    # Nothing is ever encrypted here, so ciphers of long ago do no harm, and let old servers come to their host key.
    offer = Algorithms(
        kex=METHODS, host_key=ALGORITHMS, cipher=CIPHERS + _OLD_CIPHERS, mac=MACS + _OLD_MACS,
        compression=("none", "zlib@openssh.com", "zlib"),
    )  # fmt: skip
    return Plan(
        offer=offer, cookie=ask.nonce[:16].ljust(16, b"\0"), seed=ask.nonce, fingerprints=fingerprints,
        every=given.choice("keys", ("first", "all"), "first") == "all",
    )  # fmt: skip


def _is_fingerprint(text: str) -> bool:
    try:
        digest = base64.b64decode(text.removeprefix("SHA256:") + "=", validate=True)
    except ValueError:
        return False
    return text.startswith("SHA256:") and len(digest) == hashlib.sha256().digest_size


async def run(plan: Plan, net: Net) -> tuple[Found, ...]:
    """Meet the server once, and once more for each further kind of host key that is wanted."""
    met = [await _meet(plan, net, ALGORITHMS)]
    for names in KINDS.values() if met[0].key else ():
        if not _wanted(plan, met):
            break
        if not any(one.key and one.key.kind in _of_kind(names) for one in met) and set(names) & set(
            met[0].offer.host_key
        ):
            met.append(await _meet(plan, net, names))
    return (judged(met, plan.fingerprints),)


def _wanted(plan: Plan, met: Sequence[Met]) -> bool:
    """Whether another kind of host key is to be asked for."""
    unmatched = plan.fingerprints and not any(one.key and one.key.fingerprint in plan.fingerprints for one in met)
    return plan.every or bool(unmatched)


def _of_kind(names: Sequence[str]) -> tuple[str, ...]:
    return (*names, "ssh-rsa") if names == KINDS["rsa"] else tuple(names)


async def _meet(plan: Plan, net: Net, host_keys: Sequence[str]) -> Met:
    """One connection, up to the host key's signature.

    Raises:
        Unexpected: no SSH server.
    """
    async with await net.connect() as stream:
        # At once: servers of other protocols that wait for a client to begin have so something to object to.
        net.record.sent(f"identification {IDENTIFICATION.decode()}", len(IDENTIFICATION) + 2)
        await stream.write(IDENTIFICATION + b"\r\n")
        try:
            return await _talk(plan, net, stream, tuple(host_keys))
        except WireError as error:
            raise Unexpected(f"it begins like SSH and goes on otherwise: {error.detail}") from None


async def _talk(plan: Plan, net: Net, stream: Stream, host_keys: tuple[str, ...]) -> Met:
    server = await _identified(net, stream)
    if server.protocol not in ("2.0", "1.99"):
        raise Unexpected(f"it speaks SSH {server.protocol} only ({server.software}); clients of today speak 2.0")
    ours = structs.replace(plan.offer, host_key=host_keys)
    init = build_kexinit(ours, plan.cookie)
    net.record.sent("KEXINIT", len(init))
    await stream.write(packet(init))
    theirs = await _message(net, stream)
    offer = parse_kexinit(theirs)
    net.record.received(
        f"KEXINIT: {few(offer.kex)}; host keys {few(offer.host_key)}; ciphers {few(offer.cipher)}", len(theirs)
    )
    if (agreed := agree(ours, offer)) is None:
        await _goodbye(net, stream)
        return Met(server=server, offer=offer)
    half = Half(agreed.kex, plan.seed)
    net.record.sent(f"key exchange {agreed.kex}", len(half.public))
    await stream.write(packet(build_kex(half.public)))
    answer = await _message(net, stream)
    reply = parse_kex_reply(answer)
    key = parse_host_key(reply.host_key)
    transcript = Transcript(client=IDENTIFICATION, server=server.line, client_kexinit=init, server_kexinit=theirs)
    proved = key.signed(half.exchange_hash(transcript, reply), reply.signature, agreed.host_key)
    does = "signs this exchange" if proved else "did NOT make the signature over this exchange"
    net.record.received(f"host key {key.kind} {key.fingerprint}, which {does}", len(answer))
    await _goodbye(net, stream)
    return Met(server=server, offer=offer, key=key, proved=proved, kex=agreed.kex)


async def _identified(net: Net, stream: Stream) -> Identification:
    """The server's identification, after whatever lines come before it (RFC 4253 §4.2)."""
    said: list[bytes] = []
    for _ in range(MAX_LINES):
        try:
            line = await stream.until(b"\n", MAX_LINE)
        except Obstructed as error:
            raise _closed(error, b"".join(said) + error.partial) from None
        if (found := identification(line)) is not None:
            net.record.received(f"identification {printable(found.line)}", len(line))
            return found
        net.record.received(f"line {printable(line)!r}", len(line))
        said.append(line)
        if protocol_of(said[0]):
            break
    raise Unexpected(f"no SSH identification, but {described(said[0])}")


def _closed(error: Obstructed, said: bytes) -> Exception:
    """What it means that a server closes before it has said who it is."""
    if error.obstacle is not Obstacle.CLOSED:
        return error
    if said:
        return Unexpected(f"it says {described(said)} and closes the connection, without an SSH identification")
    return Unexpected(
        "it accepts the connection and closes it without a word: an SSH server does so that has too many connections "
        "(MaxStartups) or that bars this address"
    )


async def _message(net: Net, stream: Stream) -> bytes:
    """The payload of the next message that matters.

    Raises:
        WireError: no packet.
        Unexpected: the server takes its leave.
    """
    for _ in range(MAX_MESSAGES):
        payload = payload_of(await _packet(stream))
        if payload[0] == DISCONNECT:
            code, why = parse_disconnect(payload)
            net.record.received(f"DISCONNECT, reason {code}: {why}", len(payload))
            raise Unexpected(f"the SSH server ends the conversation: {why or 'no reason given'} (reason {code})")
        if payload[0] not in (IGNORE, DEBUG, EXT_INFO):
            return payload
    raise Unexpected(
        f"the SSH server sends {MAX_MESSAGES} messages of no matter, and does not come to the key exchange"
    )


async def _packet(stream: Stream) -> bytes:
    """What follows the length of the next packet."""
    try:
        return await stream.exactly(packet_length(await stream.exactly(4)))
    except Obstructed as error:
        if error.obstacle is not Obstacle.CLOSED:
            raise
        raise Unexpected("it begins like SSH, and closes the connection before the key exchange is over") from None


async def _goodbye(net: Net, stream: Stream) -> None:
    """RFC 4253 §11.1, so that the server's log says what this was."""
    net.record.sent("DISCONNECT")
    await stream.write(packet(build_disconnect("reachability was checked; nobody meant to log in")))


PROBE: Final = Probe(
    flows=("ssh",), plan=plan, run=run, options=OPTIONS,
    # Identification, KEXINIT, key exchange and goodbye, for at most one of each kind of host key.
    load=Load(packets=4 * len(KINDS), connections=len(KINDS), octets=len(KINDS) * 160 * 1024),
)  # fmt: skip
