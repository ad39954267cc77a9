"""OpenPGP: what gpg has signed, what is signed here, and everything that is neither."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from bellrock.wire.errors import Reason, WireError
from bellrock.wire.pgp import armoured, clearsigned, is_clearsigned, keyring, signed_by
from tests.wire import pgp

DATA = Path(__file__).parents[1] / "data" / "apt"
TEXT = b"Origin: Lab \n- dashed\n--\nend\t"
CANONICAL = b"Origin: Lab\r\n- dashed\r\n--\r\nend"


@pytest.mark.parametrize("kind", ["rsa2048", "ed25519"])
@pytest.mark.parametrize("form", ["gpg", "asc"])
def test_what_gpg_signed(kind: str, form: str) -> None:
    signed = clearsigned((DATA / f"{kind}.InRelease").read_bytes())
    keys = keyring((DATA / f"{kind}.{form}").read_bytes())
    assert signed.text.startswith(b"Date: Sun, 22 Nov 2026 07:00:00 UTC\n")
    assert signed_by(signed, keys) == (keys[0].fingerprint,) == (signed.signatures[0].issuer,)
    assert signed.signatures[0].digest == "sha512"
    assert signed.signatures[0].created is not None


def test_line_ends_of_two_octets() -> None:
    data = (DATA / "rsa2048.InRelease").read_bytes().replace(b"\n", b"\r\n")
    assert signed_by(clearsigned(data), keyring((DATA / "rsa2048.gpg").read_bytes()))


def test_a_changed_text_is_signed_by_nobody() -> None:
    data = (DATA / "rsa2048.InRelease").read_bytes().replace(b"Origin: Lab", b"Origin: Mal")
    assert signed_by(clearsigned(data), keyring((DATA / "rsa2048.gpg").read_bytes())) == ()


def test_another_key_has_not_signed() -> None:
    assert (
        signed_by(clearsigned((DATA / "rsa2048.InRelease").read_bytes()), keyring((DATA / "ed25519.gpg").read_bytes()))
        == ()
    )


@pytest.fixture(scope="module")
def keys():
    return {algorithm: pgp.private(algorithm) for algorithm in (pgp.RSA, pgp.EDDSA, pgp.ED25519)}


@pytest.mark.parametrize("algorithm", [pgp.RSA, pgp.EDDSA, pgp.ED25519], ids=["rsa", "eddsa", "ed25519"])
@pytest.mark.parametrize("digest", sorted(pgp.DIGESTS))
@pytest.mark.parametrize("old", [False, True], ids=["new", "old"])
def test_each_algorithm(keys, algorithm: int, digest: int, old: bool) -> None:
    key = keys[algorithm]
    body = pgp.key_body(key, algorithm)
    signed = clearsigned(pgp.clearsign(TEXT, pgp.signature(CANONICAL, key, algorithm, digest)))
    assert signed.text == TEXT
    for data in (
        pgp.packet(6, body, old),
        pgp.packet(14, body, old),
        pgp.armour(pgp.packet(6, body, old), "PUBLIC KEY BLOCK"),
    ):
        assert signed_by(signed, keyring(data)) == (pgp.fingerprint(body).hex().upper(),)


def test_who_signed_may_be_told_by_key_id_or_not_at_all(keys) -> None:
    key = keys[pgp.ED25519]
    body = pgp.key_body(key, pgp.ED25519)
    print_ = pgp.fingerprint(body)
    for told, issuer in ((pgp.subpacket(16, print_[-8:]), print_[-8:]), (b"", b"")):
        signed = clearsigned(pgp.clearsign(TEXT, pgp.signature(CANONICAL, key, pgp.ED25519, hashed=b"", loose=told)))
        assert signed.signatures[0].issuer == issuer.hex().upper()
        assert signed.signatures[0].created is None
        assert signed_by(signed, keyring(pgp.packet(6, body))) == (print_.hex().upper(),)


@pytest.mark.parametrize(
    "change",
    [
        {"kind": 0},
        {"algorithm": 17},
        {"digest": 2},
        {"issuer": "00" * 20},
        {"values": b""},
        {"values": bytes(64)},
    ],
    ids=["binary", "dsa", "sha1", "issuer", "empty", "zeros"],
)
@pytest.mark.parametrize("algorithm", [pgp.RSA, pgp.EDDSA, pgp.ED25519], ids=["rsa", "eddsa", "ed25519"])
def test_what_does_not_hold(keys, algorithm: int, change) -> None:
    key = keys[algorithm]
    octets = bytearray(pgp.signature(CANONICAL, key, algorithm, kind=change.get("kind", 1)))
    start = 2 if octets[1] < 192 else 3
    if "digest" in change:
        octets[start + 3] = change["digest"]
    body = pgp.key_body(key, algorithm)
    if "algorithm" in change:
        body = body[:5] + bytes((change["algorithm"],)) + body[6:]
    signed = clearsigned(pgp.clearsign(TEXT, bytes(octets)))
    if "values" in change or "issuer" in change:
        changed = structs.replace(signed.signatures[0], **change)
        signed = structs.replace(signed, signatures=(changed,))
    found = keyring(pgp.packet(6, body))
    if "algorithm" in change:
        signed = clearsigned(pgp.clearsign(TEXT, pgp.signature(CANONICAL, key, algorithm, hashed=b"")))
    assert signed_by(signed, found) == ()


def test_a_curve_that_is_not_known(keys) -> None:
    key = keys[pgp.EDDSA]
    body = pgp.key_body(key, pgp.EDDSA).replace(
        bytes.fromhex("2b06010401da470f01"), bytes.fromhex("2b06010401da470f02")
    )
    signed = clearsigned(pgp.clearsign(TEXT, pgp.signature(CANONICAL, key, pgp.EDDSA, hashed=b"")))
    assert signed_by(signed, keyring(pgp.packet(6, body))) == ()


def test_a_long_subpacket_and_other_packets_are_passed_over(keys) -> None:
    key = keys[pgp.ED25519]
    body = pgp.key_body(key, pgp.ED25519)
    hashed = (
        pgp.subpacket(20, bytes(300))
        + b"\xc0\x09\x14"
        + bytes(200)
        + pgp.subpacket(33, b"\x04" + pgp.fingerprint(body))
    )
    signed = clearsigned(
        pgp.clearsign(TEXT, pgp.packet(13, b"someone"), pgp.signature(CANONICAL, key, pgp.ED25519, hashed=hashed))
    )
    ring = pgp.packet(13, b"x" * 9000) + pgp.packet(6, b"\x03old") + pgp.packet(6, body)
    assert signed_by(signed, keyring(ring)) == (pgp.fingerprint(body).hex().upper(),)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", Reason.MALFORMED),
        (b"Origin: Lab\n\nx", Reason.MALFORMED),
        (b"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n", Reason.MALFORMED),
        (b"-----BEGIN PGP SIGNED MESSAGE-----\n\ntext", Reason.TRUNCATED),
        (b"-----BEGIN PGP SIGNED MESSAGE-----\n\ntext\n-----BEGIN PGP SIGNATURE-----\n\nAAAA\n", Reason.MALFORMED),
        (b"-----BEGIN PGP SIGNED MESSAGE-----\n\ntext\n-----BEGIN PGP SIGNATURE-----\n\nA\n-----END PGP SIGNATURE-----", Reason.MALFORMED),
        (pgp.clearsign(b"t", b"\x01"), Reason.MALFORMED),
        (pgp.clearsign(b"t", b"\xc2\xe0"), Reason.UNSUPPORTED),
        (pgp.clearsign(b"t", b"\xc2\x05\x04"), Reason.TRUNCATED),
        (pgp.clearsign(b"t", pgp.packet(2, b"\x03\0\0\0")), Reason.UNKNOWN_VERSION),
    ],
    ids=["empty", "unsigned", "head-only", "no-signature", "no-end", "no-base64", "no-packet", "in-parts", "cut", "version-3"],
)  # fmt: skip
def test_what_is_no_signed_text(data: bytes, reason: Reason) -> None:
    with pytest.raises(WireError) as caught:
        clearsigned(data)
    assert caught.value.reason is reason


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", Reason.EMPTY),
        (b"hello", Reason.MALFORMED),
        (pgp.packet(13, b"x"), Reason.EMPTY),
        (b"\x9b" + b"\x04" * 70000, Reason.TOO_BIG),
        (pgp.packet(6, b"\x04\0"), Reason.TRUNCATED),
    ],
    ids=["empty", "text", "no-key", "endless", "cut"],
)
def test_what_is_no_keyring(data: bytes, reason: Reason) -> None:
    with pytest.raises(WireError) as caught:
        keyring(data)
    assert caught.value.reason is reason


def test_packets_are_bounded() -> None:
    with pytest.raises(WireError, match="no keys in it"):
        keyring(pgp.packet(13, b"") * 5000)


def test_armour_with_a_head_and_without_a_checksum() -> None:
    assert armoured(b"some words\n" + pgp.armour(b"abc", head="Version: 1\n", checksum="")) == b"abc"


def test_a_beginning() -> None:
    assert is_clearsigned((DATA / "rsa2048.InRelease").read_bytes())
    assert not is_clearsigned(b"Origin: Lab")


@given(st.binary(max_size=300), st.sampled_from(["signed", "packets", "keys", "bare"]))
def test_any_octets_give_a_value_or_the_documented_error(octets: bytes, how: str) -> None:
    found = sentence = None
    try:
        if how == "keys":
            found = keyring(octets)
        else:
            head = b"-----BEGIN PGP SIGNED MESSAGE-----\n\n"
            data = {"signed": head + octets, "packets": pgp.clearsign(b"text", octets), "bare": octets}[how]
            found = signed_by(clearsigned(data), keyring((DATA / "rsa2048.gpg").read_bytes()))
    except WireError as error:
        sentence = str(error)
    assert (sentence is None) == isinstance(found, tuple)
    assert sentence is None or sentence.isprintable()


@given(st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=80))
def test_any_text_can_be_signed(text: str) -> None:
    key = KEY
    data = text.encode()
    canonical = b"\r\n".join(line.rstrip(b" \t") for line in data.split(b"\n"))
    signed = clearsigned(pgp.clearsign(data, pgp.signature(canonical, key, pgp.ED25519)))
    assert signed.text == data
    assert signed_by(signed, keyring(pgp.packet(6, pgp.key_body(key, pgp.ED25519))))


KEY = pgp.private(pgp.ED25519)
