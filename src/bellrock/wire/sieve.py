"""A first look at frames when more come in than can be taken apart: is this one signed by any of our keys at all?

A flood of forged beacons is a flood of frames of the ordinary shape with a signature that no key of ours made. That much can be seen
without taking the frame apart, at a fraction of the cost of a full refusal. Frames of any other shape are left to the parsers.
"""

import hmac
import struct
from typing import Final

from bellrock.wire.keys import Keyring
from bellrock.wire.token import MIN_SIZE, SIGNATURE

_IPV4: Final = b"\x08\x00\x45"
"""EtherType, and IPv4 without options."""
_IPV6: Final = b"\x86\xdd"
_UDP: Final = 17
_START4: Final = 14 + 20 + 8
_START6: Final = 14 + 40 + 8
_LEAST: Final = 4 + MIN_SIZE
"""Octets of the shortest beacon: header and token."""
_length: Final = struct.Struct("!H").unpack_from


class Sieve:
    """Tells forged beacons from those worth a parser's time. Never says so of one that a parser would accept."""

    __slots__ = ("_signers",)

    def __init__(self, keyring: Keyring) -> None:
        self._signers = tuple(start for _, start in keyring.openers)

    def forged(self, data: bytes) -> bool:
        """Whether this frame, tags stripped, is a beacon of ordinary shape that none of our keys signed."""
        if data[12:15] == _IPV4 and data[23] == _UDP:
            start = _START4
        elif data[12:14] == _IPV6 and data[20] == _UDP:
            start = _START6
        else:
            return False
        end = start + 4 + _length(data, start + 2)[0] if len(data) >= start + _LEAST else 0
        if end < start + _LEAST or end > len(data):
            return False
        signed, signature = data[start + 4 : end - SIGNATURE], data[end - SIGNATURE : end]
        for copy in self._signers:
            signer = copy()
            signer.update(signed)
            if hmac.compare_digest(signer.finalize(), signature):
                return False
        return True
