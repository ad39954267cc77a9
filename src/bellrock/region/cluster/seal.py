"""Letters under the site's shared secret: whoever only has the database can neither read what people ask nor speak for a process."""

import os
from collections.abc import Callable
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from bellrock.region.service import Secret

INFO: Final = b"bellrock letters v1"
ID: Final = 8
"""Octets of a secret's public id, which come first and say by which a letter is sealed."""
NONCE: Final = 12
KEY: Final = 32


class SealError(ValueError):
    """A letter that no process with one of our secrets wrote, to us, as this sender."""


class Seal:
    """AES-256-GCM (NIST SP 800-38D) under a key of each accepted secret; sender and recipient are authenticated with it."""

    def __init__(self, member: str, accepted: Callable[[], tuple[Secret, ...]]) -> None:
        """`member`: which process this is; `accepted`: the secrets in force, the one to use first, as of now."""
        self._member = member
        self._accepted = accepted
        self._keys: dict[str, AESGCM] = {}

    def close(self, recipient: str, body: bytes) -> bytes:
        """A letter's body, sealed for its recipient."""
        secret = self._accepted()[0]
        nonce = os.urandom(NONCE)
        sealed = self._key(secret).encrypt(nonce, body, _parties(self._member, recipient))
        return secret.id.encode().ljust(ID)[:ID] + nonce + sealed

    def open(self, sender: str, sealed: bytes) -> bytes:
        """The body of a letter to this process.

        Raises:
            SealError: its seal is not one of ours, or not of this sender and recipient.
        """
        name = sealed[:ID].decode(errors="replace").rstrip()
        secret = next((one for one in self._accepted() if one.id == name), None)
        if secret is None:
            raise SealError(f"sealed under the secret {name!r}, which is not in force here")
        try:
            return self._key(secret).decrypt(
                sealed[ID : ID + NONCE], sealed[ID + NONCE :], _parties(sender, self._member)
            )
        except (InvalidTag, ValueError):
            raise SealError("its seal is broken") from None

    def _key(self, secret: Secret) -> AESGCM:
        if secret.id not in self._keys:
            derived = HKDF(SHA256(), KEY, salt=None, info=INFO).derive(secret.stream_key)
            self._keys = {one: key for one, key in self._keys.items() if one in {held.id for held in self._accepted()}}
            self._keys[secret.id] = AESGCM(derived)
        return self._keys[secret.id]


def _parties(sender: str, recipient: str) -> bytes:
    return f"{sender}\0{recipient}".encode()
