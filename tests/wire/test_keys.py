import base64
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.wire.keys import Key, Keyring, SecretError, derive, derive_bytes, parse_secret
from tests.wire.vectors import OTHER_SECRET, SECRET, VECTORS, key

KEYS = {vector["secret_hex"]: vector["key_base64"] for vector in VECTORS}


@pytest.mark.parametrize(("secret", "expected"), KEYS.items())
def test_the_keys_of_the_vectors(secret, expected):
    assert base64.urlsafe_b64encode(derive_bytes(parse_secret(secret))).decode() == expected


@pytest.mark.parametrize(
    "text", [SECRET, SECRET.upper(), f"  {SECRET}\n", "\n".join(SECRET[i : i + 4] for i in range(0, 32, 4)), "\ufeff00"]
)
def test_parse_secret(text):
    if text.startswith("\ufeff"):
        with pytest.raises(SecretError, match="not hex"):
            parse_secret(text)
    else:
        assert parse_secret(text) == bytes(i * 17 for i in range(16))


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("", "empty"),
        (" \n\t", "empty"),
        ("hunter2", "not hex"),
        ("0x0011", "not hex"),
        ("٠١", "not hex"),
        ("abc", "odd number of hex digits \\(3\\)"),
    ],
)
def test_what_is_no_secret(text, match):
    with pytest.raises(SecretError, match=match) as caught:
        parse_secret(text)
    assert not text.strip() or text not in str(caught.value)


@given(st.text(max_size=40))
def test_a_text_is_a_secret_or_refused_without_being_shown(text):
    try:
        assert parse_secret(text) == bytes.fromhex("".join(text.split()))
    except SecretError as error:
        shown = str(error)
        assert len(text.strip()) < 8 or text.strip() not in shown


def test_an_empty_secret_derives_nothing():
    with pytest.raises(SecretError, match="empty"):
        derive(b"")


def test_a_key_shows_its_fingerprint_only():
    derived = hashlib.pbkdf2_hmac("sha256", bytes.fromhex(SECRET), b"", 100_000, 32)
    shown = repr(key()) + repr(Keyring((key(), key(OTHER_SECRET))))
    assert key().id in shown
    for hidden in (derived[:16], derived[16:], key().stream_key, bytes.fromhex(SECRET)):
        assert hidden.hex() not in shown
        assert repr(hidden) not in shown
    assert not hasattr(key(), "__dict__")


def test_what_is_derived_further_differs_in_everything():
    ours, theirs = key(), key(OTHER_SECRET)
    derived = derive_bytes(bytes.fromhex(SECRET))
    assert ours.id != theirs.id
    assert len(ours.id) == 8
    assert int(ours.id, 16) >= 0
    assert ours.stream_key != theirs.stream_key
    assert len(ours.stream_key) == 32
    assert ours.stream_key not in (derived, derived[::-1])
    assert ours.id not in (derived.hex()[:8], ours.stream_key.hex()[:8])


def test_the_same_secret_gives_the_same():
    again = derive(bytes.fromhex(SECRET))
    assert (again.id, again.stream_key) == (key().id, key().stream_key)


@pytest.mark.parametrize("size", [0, 16, 31, 33])
def test_a_derived_key_of_another_size(size):
    with pytest.raises(ValueError, match="32 octets"):
        Key(bytes(size))


def test_keyring():
    ring = Keyring([key(), key(OTHER_SECRET)])
    assert ring.signing is key()
    assert ring.keys == (key(), key(OTHER_SECRET))
    with pytest.raises(ValueError, match="at least one"):
        Keyring(())
