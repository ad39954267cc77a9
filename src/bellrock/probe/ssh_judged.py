"""What an SSH server let be seen of itself, and what that amounts to."""

from collections.abc import Sequence
from typing import Any, Final

from msgspec import Struct

from bellrock.model import Verdict
from bellrock.probe.values import Found
from bellrock.wire.ssh import Algorithms, Identification
from bellrock.wire.sshkeys import KINDS, HostKey

CIPHERS: Final = (
    "chacha20-poly1305@openssh.com", "aes128-gcm@openssh.com", "aes256-gcm@openssh.com", "aes128-ctr", "aes192-ctr", "aes256-ctr",
)  # fmt: skip
MACS: Final = (
    "hmac-sha2-256-etm@openssh.com", "hmac-sha2-512-etm@openssh.com", "umac-128-etm@openssh.com", "umac-64-etm@openssh.com",
    "hmac-sha1-etm@openssh.com", "hmac-sha2-256", "hmac-sha2-512", "umac-128@openssh.com", "umac-64@openssh.com", "hmac-sha1",
)  # fmt: skip
_CURRENT: Final = Algorithms(
    kex=(
        "mlkem768x25519-sha256", "sntrup761x25519-sha512", "sntrup761x25519-sha512@openssh.com", "curve25519-sha256",
        "curve25519-sha256@libssh.org", "ecdh-sha2-nistp256", "ecdh-sha2-nistp384", "ecdh-sha2-nistp521",
        "diffie-hellman-group-exchange-sha256", "diffie-hellman-group16-sha512", "diffie-hellman-group18-sha512",
        "diffie-hellman-group14-sha256",
    ),
    host_key=(*KINDS["ssh-ed25519"], *KINDS["ecdsa"], "rsa-sha2-512", "rsa-sha2-256"),
    cipher=CIPHERS, mac=MACS,
)  # fmt: skip
"""What a current client takes without being told to (ssh_config(5) of OpenSSH 9.9)."""
_PARTS: Final = {
    "kex": "key exchange", "host_key": "host key algorithm", "cipher": "cipher", "mac": "MAC",
}  # fmt: skip
_WITH_MAC: Final = ("chacha20-poly1305@openssh.com", "aes128-gcm@openssh.com", "aes256-gcm@openssh.com")
"""Ciphers that need no MAC beside them."""


class Met(Struct, frozen=True, kw_only=True):
    """What one connection brought."""

    server: Identification
    offer: Algorithms
    key: HostKey | None = None
    """None: no method in common that can be carried out here."""
    proved: bool = False
    kex: str = ""


def judged(met: Sequence[Met], fingerprints: Sequence[str] = ()) -> Found:
    """The verdict on all connections, the first of which saw what the server offers. `fingerprints`: those that are expected."""
    first = met[0]
    facts = _facts(met)
    name = first.server.software
    keys = [one.key for one in met if one.key]
    if any(one.key and not one.proved for one in met):
        why = "the signature over the key exchange is not the host key's: somebody in between changes what passes"
        return Found(verdict=Verdict.WRONG_SERVICE, detail=why, facts=facts)
    if fingerprints and not any(key.fingerprint in fingerprints for key in keys):
        has = ", ".join(f"{key.kind} {key.fingerprint}" for key in keys) or "none that could be proved"
        why = f"another host's key than expected: {has}; a host that was installed anew, or another one"
        return Found(verdict=Verdict.WRONG_SERVICE, detail=why, facts=facts)
    if lacking := _lacking(first.offer):
        why = f"{name} has no {lacking} that current clients take without being told to"
        return Found(verdict=Verdict.DEGRADED, detail=why, facts=facts)
    if not keys:
        why = f"{name} answers; its host key could not be proved: its key exchanges ({few(first.offer.kex)}) are not known here"
        return Found(verdict=Verdict.WORKS, detail=why, facts=facts)
    shown = ", ".join(f"{key.kind} {key.fingerprint}" for key in keys)
    return Found(verdict=Verdict.WORKS, detail=f"{name}, host key {shown}", facts=facts)


def _lacking(offer: Algorithms) -> str:
    """The first part for which the server offers nothing that current clients take."""
    for part, words in _PARTS.items():
        theirs = getattr(offer, part)
        if part == "mac" and set(offer.cipher) & set(_WITH_MAC):
            continue
        if not set(theirs) & set(getattr(_CURRENT, part)):
            return f"{words} (it offers {few(theirs)})"
    return ""


def _facts(met: Sequence[Met]) -> dict[str, Any]:
    first = met[0]
    offer = first.offer
    found: dict[str, Any] = {
        "software": first.server.software, "protocol": first.server.protocol, "kex": list(offer.kex),
        "host_key_algorithms": list(offer.host_key), "ciphers": list(offer.cipher), "macs": list(offer.mac),
        "outdated": _outdated(offer), "terrapin": _terrapin(offer),
        "host_keys": [
            {"kind": one.key.kind, "bits": one.key.bits, "fingerprint": one.key.fingerprint, "proved": one.proved, "kex": one.kex}
            for one in met if one.key
        ],
    }  # fmt: skip
    if first.server.comments:
        found["comments"] = first.server.comments
    return found


def _outdated(offer: Algorithms) -> list[str]:
    """Offered, and not taken by current clients; names that are signals and no algorithms aside."""
    signals = ("kex-strict-", "ext-info-")
    return [
        name
        for part in _PARTS
        for name in getattr(offer, part)
        if name not in getattr(_CURRENT, part) and not name.startswith(signals)
    ]


def _terrapin(offer: Algorithms) -> bool:
    """CVE-2023-48795: what is dropped from the beginning is not noticed, for want of strict key exchange."""
    cbc = any(name.endswith("-cbc") for name in offer.cipher) and any("-etm@" in name for name in offer.mac)
    prone = "chacha20-poly1305@openssh.com" in offer.cipher or cbc
    return prone and "kex-strict-s-v00@openssh.com" not in offer.kex


def few(names: Sequence[str], most: int = 3) -> str:
    """The first names, and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return (", ".join(names[:most]) or "none") + more
