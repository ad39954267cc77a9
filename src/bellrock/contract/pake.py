"""The exchange in which agent and region prove a secret to each other, and give nothing away to who does not have it.

SPAKE2 (RFC 9382) over Ed25519: whoever records it, or answers in the region's place, learns nothing that a guess could be
held against; one run tries one guess. Both ends are then held to what they said by proofs over the whole conversation and
over the TLS channel (RFC 5929 `tls-server-end-point`: the hash of the certificate that the server showed), so that nobody
can sit between them.
"""

import copy
import hmac
from collections.abc import Callable
from hashlib import sha256
from typing import Final

from spake2 import SPAKE2_A, SPAKE2_B
from spake2.ed25519_basic import NotOnCurve
from spake2.spake2 import SPAKEError

AGENT: Final = b"bellrock agent"
REGION: Final = b"bellrock region"
MESSAGE: Final = 33
"""Octets of one half: which end it is of, and a point of the curve."""


class ExchangeError(ValueError):
    """The other end's half is not one: what is wrong with it, in one clause."""


class Half:
    """One end of one conversation; another conversation begins with another.

    A region that accepts several secrets answers with a half for each, and the agent finishes with each of them. To whoever
    answers in the region's place that is as many guesses as it sends halves, so `contract.join` bounds their number.

    Attributes:
        message: what to send to the other end.
    """

    def __init__(self, join_key: bytes, entropy: Callable[[int], bytes], *, agent: bool) -> None:
        """Begin. `join_key`: `wire.keys.Key.join_key`; `entropy`: so many random octets."""
        end = SPAKE2_A if agent else SPAKE2_B
        self._end = end(join_key, idA=AGENT, idB=REGION, entropy_f=entropy)
        self.message: bytes = self._end.start()

    def finish(self, theirs: bytes) -> bytes:
        """The session key, 32 octets: the same at both ends if they began with the same join key.

        Raises:
            ExchangeError: not a message of the other end.
        """
        if len(theirs) != MESSAGE:
            raise ExchangeError(f"not the other half of the exchange: {len(theirs)} octets, not {MESSAGE}")
        try:
            # The library's object finishes once; what it is made of does not change, so that a shallow copy is another.
            key: bytes = copy.copy(self._end).finish(theirs)
        except (SPAKEError, NotOnCurve, ValueError, AssertionError) as error:
            raise ExchangeError(f"not the other half of the exchange: {type(error).__name__}") from None
        return key


def transcript(*said: str | bytes) -> bytes:
    """A hash of everything that was said, in order, each piece with its length, so that no two conversations have the same."""
    digest = sha256(b"bellrock join v1")
    for piece in said:
        octets = piece.encode() if isinstance(piece, str) else piece
        digest.update(len(octets).to_bytes(8, "big"))
        digest.update(octets)
    return digest.digest()


def confirm(session_key: bytes, speaker: bytes, conversation: bytes) -> str:
    """In hex, what only an end with the session key can say about a conversation. `speaker`: AGENT or REGION."""
    return hmac.digest(session_key, speaker + b"\0" + conversation, "sha256").hex()
