"""Names in certificates: how an agent is called in its own, and how an authority is told by its fingerprint."""

import base64
import re
from hashlib import sha256
from typing import Final

_PREFIX: Final = "urn:bellrock:agent:"
_AGENT: Final = re.compile(re.escape(_PREFIX) + r"([0-9A-Za-z]{26})")


def agent_uri(agent: str) -> str:
    """The one subject alternative name of an agent's certificate (RFC 5280 §4.2.1.6, uniformResourceIdentifier)."""
    return _PREFIX + agent


def agent_of(uris: tuple[str, ...]) -> str | None:
    """The agent that a certificate with these URIs speaks for; None unless it is exactly one."""
    found = _AGENT.fullmatch(uris[0]) if len(uris) == 1 else None
    return found.group(1) if found else None


def fingerprint(der: bytes) -> str:
    """SHA-256 of a certificate's DER, in hex."""
    return sha256(der).hexdigest()


def code_of(public_key: bytes) -> str:
    """`K7QF-2M9X`: stands for a public key (DER of its SubjectPublicKeyInfo) where two people compare. 40 bits."""
    text = base64.b32encode(sha256(b"bellrock code v1" + public_key).digest()).decode()[:8]
    return f"{text[:4]}-{text[4:]}"
