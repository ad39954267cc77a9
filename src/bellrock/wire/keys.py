"""From the secret that people share to the keys that sign, seal and open beacons."""

import hmac
import re
from collections.abc import Callable, Iterable
from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

ITERATIONS: Final = 100_000
KEY_LENGTH: Final = 32
_WHITE: Final = re.compile(r"\s+")
_HEX: Final = re.compile(r"[0-9a-fA-F]+")


class SecretError(ValueError):
    """A text that is not a secret. The message says what is wrong with it and never contains any of it."""


class Key:
    """The keys derived from one secret. Its `repr` shows the public fingerprint only.

    Attributes:
        signer: HMAC-SHA256 with the signing key, nothing fed to it yet: copy it.
        cipher: AES-128 with the encryption key.
        decrypt: IV and ciphertext together → 16 octets of no meaning, then the padded plaintext. In CBC a block of
            plaintext depends on its own block and the one before, so that one context, made once and never finished,
            serves every token: whatever came before it reaches the octets of the IV only. Making a context for each
            token would cost fifteen times as much.
        id: public fingerprint, 8 hex digits; tells keys apart and gives nothing of them away.
        stream_key: 32 bytes for the proof with which agents and regions meet; tells nothing about the beacon keys.
        join_key: 32 bytes, the password of the exchange by which an agent joins (`contract.pake`); tells nothing about the others.
    """

    __slots__ = ("cipher", "decrypt", "id", "join_key", "signer", "stream_key")

    def __init__(self, derived: bytes) -> None:
        if len(derived) != KEY_LENGTH:
            raise ValueError(f"a derived key has {KEY_LENGTH} octets, not {len(derived)}")
        # Fernet's key: the first half signs, the second encrypts.
        self.signer = HMAC(derived[:16], hashes.SHA256())
        self.cipher = AES(derived[16:])
        self.decrypt: Callable[[bytes], bytes] = Cipher(self.cipher, CBC(bytes(16))).decryptor().update
        self.id: str = hmac.digest(derived, b"bellrock key id v1", "sha256")[:4].hex()
        self.stream_key: bytes = hmac.digest(derived, b"bellrock stream v1", "sha256")
        self.join_key: bytes = hmac.digest(derived, b"bellrock join v1", "sha256")

    def __repr__(self) -> str:  # type: ignore[explicit-override]  # typing.override is of Python 3.12
        return f"Key({self.id})"


class Keyring:
    """The keys in use, one or more: the first signs, all open. So a secret can be changed without a gap.

    Attributes:
        keys: in the order of preference.
        openers: each key with what makes a fresh HMAC of it, looked up once.
    """

    __slots__ = ("keys", "openers")

    def __init__(self, keys: Iterable[Key]) -> None:
        self.keys: tuple[Key, ...] = tuple(keys)
        if not self.keys:
            raise ValueError("a keyring needs at least one key")
        self.openers: tuple[tuple[Key, Callable[[], HMAC]], ...] = tuple((key, key.signer.copy) for key in self.keys)

    @property
    def signing(self) -> Key:
        """The key that signs."""
        return self.keys[0]

    def __repr__(self) -> str:  # type: ignore[explicit-override]  # typing.override is of Python 3.12
        return f"Keyring({', '.join(key.id for key in self.keys)})"


def parse_secret(text: str) -> bytes:
    """A secret as people keep it: hex digits, white space anywhere.

    Raises:
        SecretError: empty, not hex, or an odd number of digits.
    """
    digits = _WHITE.sub("", text)
    if not digits:
        raise SecretError("the secret is empty; expected hex digits, as `bellrock secret new` makes them")
    if not _HEX.fullmatch(digits):
        raise SecretError("the secret is not hex; expected the digits 0–9 and a–f only, white space aside")
    if len(digits) % 2:
        raise SecretError(f"the secret has an odd number of hex digits ({len(digits)}); one is missing or too many")
    return bytes.fromhex(digits)


def derive(secret: bytes) -> Key:
    """The keys of a secret: PBKDF2-HMAC-SHA256, no salt, 100 000 rounds. Takes tens of milliseconds: keep the result.

    Raises:
        SecretError: the secret is empty.
    """
    if not secret:
        raise SecretError("the secret is empty; expected at least one byte")
    return Key(derive_bytes(secret))


def derive_bytes(secret: bytes) -> bytes:
    """The 32 bytes themselves, for whoever must show them to another program; they are as secret as the secret."""
    return PBKDF2HMAC(hashes.SHA256(), KEY_LENGTH, b"", ITERATIONS).derive(secret)
