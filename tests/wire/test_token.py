import base64

import pytest
from cryptography.fernet import Fernet
from hypothesis import given
from hypothesis import strategies as st

from bellrock.model import Wall
from bellrock.wire.errors import Reason
from bellrock.wire.keys import Key
from bellrock.wire.token import HEADER, SIGNATURE, decrypt, seal
from tests.wire.vectors import IV, NOW, VECTORS, key, named, refuses

RAW = bytes(range(32))
ORACLE = Fernet(base64.urlsafe_b64encode(RAW))
KEY = Key(RAW)


@pytest.mark.parametrize("vector", named(VECTORS))
def test_the_tokens_of_peers(vector):
    parts = vector["token"]
    token = seal(
        bytes.fromhex(vector["gzip_hex"]), key(vector["secret_hex"]), parts["timestamp"], bytes.fromhex(parts["iv_hex"])
    )
    assert token.hex() == vector["frame_hex"][8:]
    assert token[HEADER.size : -SIGNATURE].hex() == parts["ciphertext_hex"]
    assert token[-SIGNATURE:].hex() == parts["hmac_hex"]
    assert decrypt(token[:-SIGNATURE], key(vector["secret_hex"]), Wall(vector["time"])) == (
        parts["timestamp"],
        bytes.fromhex(vector["gzip_hex"]),
    )


@given(st.binary(max_size=100), st.binary(min_size=16, max_size=16), st.integers(0, 2**33))
def test_fernet_reads_what_is_sealed(plaintext, iv, seconds):
    token = seal(plaintext, KEY, seconds, iv)
    assert ORACLE.decrypt_at_time(base64.urlsafe_b64encode(token), 60, seconds) == plaintext


@given(st.lists(st.binary(max_size=100), min_size=1, max_size=5))
def test_what_fernet_sealed_is_decrypted_in_any_order(plaintexts):
    """One context decrypts them all: none may leave a trace in the next."""
    for plaintext in plaintexts + plaintexts[::-1]:
        token = base64.urlsafe_b64decode(ORACLE.encrypt_at_time(plaintext, int(NOW)))
        assert decrypt(token[:-SIGNATURE], KEY, NOW) == (int(NOW), plaintext)


@pytest.mark.parametrize(
    ("seconds", "skew"), [(int(NOW) + 61, 61.0), (int(NOW) - 61, -61.0), (2**64 - 1, None), (0, None)]
)
def test_the_window(seconds, skew):
    with refuses(Reason.SKEW) as refusal:
        decrypt(seal(b"x", KEY, seconds, IV)[:-SIGNATURE], KEY, NOW)
    assert refusal.error.skew == (skew if skew is not None else float(seconds - int(NOW)))
    assert ("ahead of" in refusal.error.detail) == (refusal.error.skew > 0)


@pytest.mark.parametrize("offset", [-60, 0, 60])
def test_inside_the_window(offset):
    seconds = int(NOW) + offset
    assert decrypt(seal(b"x", KEY, seconds, IV)[:-SIGNATURE], KEY, NOW) == (seconds, b"x")


@pytest.mark.parametrize("last", [b"\x00", b"\x11", b"\xff", b"\x01\x02", b"\x02\x03\x03"])
def test_wrong_padding(last):
    """A token that is signed, and whose plaintext does not end as PKCS #7 says: seal pads, so cut its padding block off."""
    token = seal(b"x" * (16 - len(last)) + last, KEY, int(NOW), IV)
    with refuses(Reason.MALFORMED):
        decrypt(token[: HEADER.size + 16], KEY, NOW)


@pytest.mark.parametrize(
    ("seconds", "iv", "match"), [(0, bytes(15), "16 octets"), (-1, IV, "no time"), (2**64, IV, "no time")]
)
def test_what_cannot_be_sealed(seconds, iv, match):
    with pytest.raises(ValueError, match=match):
        seal(b"x", KEY, seconds, iv)
