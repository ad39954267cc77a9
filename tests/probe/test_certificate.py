"""What certificates say, and whether they will do."""

import contextlib
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.x509.verification import Store
from hypothesis import given
from hypothesis import strategies as st

from bellrock.model import Wall
from bellrock.probe.certificate import (
    Certificate,
    Unreadable,
    describe,
    load,
    out_of_time,
    span,
    speaks_for,
    untrusted,
    wrong_name,
)
from bellrock.probe.trust import Roots, of_file
from bellrock.wire.certificate import MAX_NAMES
from tests.lab.services import certificates

NOW = Wall(datetime.now(UTC).timestamp())
DAY = 86_400.0


def shown(files):
    """The chain of a file, as a server shows it."""
    return [certificates.der(one) for one in x509.load_pem_x509_certificates(files[0].read_bytes())]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("certificates")


def test_what_it_says(place):
    authority = certificates.authority("Höhere Stelle", directory=place)
    files = certificates.certificate(
        ["a.lab", "*.b.lab", "10.0.0.1", "fd00::1"], issuer=authority, days=2, not_before=-1
    )
    found = describe(shown(files)[0])
    assert (found.subject, found.issuer) == ("CN=a.lab", "CN=Höhere Stelle")
    assert set(found.names) == {"a.lab", "*.b.lab", "10.0.0.1", "fd00::1"}
    assert (found.key, found.self_signed) == ("ECDSA secp256r1", False)
    assert found.not_after - found.not_before == 3 * DAY
    assert len(found.sha256) == 64
    assert found.facts()["subject"] == "CN=a.lab"


@pytest.mark.parametrize(("kind", "expected"), [("ec", "ECDSA secp256r1"), ("rsa", "RSA 2048")])
def test_keys(place, kind, expected):
    found = describe(shown(certificates.certificate(["a.lab"], directory=place, kind=kind))[0])
    assert (found.key, found.self_signed, found.subject) == (expected, True, "CN=a.lab")


def test_ed25519_and_many_names(place):
    private = ed25519.Ed25519PrivateKey.generate()
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "n" * 60)] * 6)
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(private.public_key()).serial_number(1)
    )
    made = made.not_valid_before(now).not_valid_after(now + timedelta(days=1))
    made = made.add_extension(
        x509.SubjectAlternativeName([x509.DNSName(f"{n}.lab") for n in range(500)]), critical=False
    )
    found = describe(certificates.der(made.sign(private, None)))
    assert found.key == "Ed25519"
    assert len(found.names) == MAX_NAMES
    assert len(found.subject) == 200


def test_its_issuer_has_its_name_but_another_key(place):
    authority = certificates.authority("a.lab", directory=place)
    assert describe(shown(certificates.certificate(["a.lab"], issuer=authority))[0]).self_signed is False


def a_certificate(**changes):
    fields = {"subject": "CN=a", "issuer": "CN=b", "names": ("a.lab",), "not_before": Wall(NOW - DAY), "not_after": Wall(NOW + DAY),
              "sha256": "0" * 64, "key": "RSA 2048", "self_signed": False}  # fmt: skip
    return Certificate(**(fields | changes))


def test_times():
    assert out_of_time(a_certificate(), NOW) == ""
    over = out_of_time(a_certificate(not_after=Wall(0.0)), Wall(3 * 3600.0))
    assert over == "its certificate is over since 1970-01-01 00:00 UTC, 3 hours ago"
    early = out_of_time(a_certificate(not_before=Wall(7200.0), not_after=Wall(9000.0)), Wall(0.0))
    assert early.startswith("its certificate does not hold before 1970-01-01 02:00 UTC, in 2 hours: ")
    assert early.endswith("or this host's clock (1970-01-01 00:00 UTC) is at least 2 hours behind")


@pytest.mark.parametrize(
    ("seconds", "words"), [(0, "0 s"), (119, "119 s"), (120, "2 minutes"), (7199, "120 minutes"), (7200, "2 hours"), (172_800, "2 days")]
)  # fmt: skip
def test_spans(seconds, words):
    assert span(seconds) == words


@pytest.mark.parametrize(
    ("names", "name", "fits"),
    [
        (("a.lab",), "a.lab", True),
        (("A.Lab",), "a.lAB.", True),
        (("a.lab",), "b.a.lab", False),
        (("*.lab.example",), "a.lab.example", True),
        (("*.lab.example",), "a.b.lab.example", False),
        (("*.lab.example",), "lab.example", False),
        (("*.lab",), "a.lab", False),
        (("a*.lab.example",), "ab.lab.example", False),
        (("10.0.0.1",), "10.0.0.1", True),
        (("10.0.0.1",), "10.0.0.2", False),
        (("fd00::1",), "fd00:0::1", True),
        (("fe80::1",), "fe80::1%eth0", True),
        (("*.0.0.1",), "10.0.0.1", False),
        ((), "a.lab", False),
    ],
    ids=str,
)
def test_names(names, name, fits):
    assert speaks_for(a_certificate(names=names), name) is fits
    assert (wrong_name(a_certificate(names=names), name) == "") is fits


def test_sentences_of_wrong_names():
    many = a_certificate(names=tuple(f"{n}.lab" for n in range(6)))
    assert wrong_name(many, "x") == "its certificate is of 0.lab, 1.lab, 2.lab, 3.lab and others, and not of x"
    none = a_certificate(names=())
    assert (
        wrong_name(none, "a")
        == "its certificate has no subject alternative names, so it is not of a (its subject: CN=a)"
    )


def test_chains(place):
    top = certificates.authority("Top", directory=place)
    middle = certificates.authority("Middle", directory=place, below=top)
    mere = certificates.authority("Mere", directory=place, below=top, ca=False)
    other = certificates.authority("Other", directory=place)
    roots, others = of_file(str(top.file)), of_file(str(other.file))
    direct = shown(certificates.certificate(["a.lab"], issuer=top))
    whole = shown(certificates.certificate(["a.lab"], issuer=middle, chain=[middle.certificate]))
    by_mere = shown(certificates.certificate(["a.lab"], issuer=mere, chain=[mere.certificate]))
    own = certificates.certificate(["a.lab"], directory=place)
    assert untrusted(direct, roots, NOW) == ""
    assert untrusted(whole, roots, NOW) == ""
    assert untrusted([*whole, *whole, *direct], roots, NOW) == ""
    assert untrusted(whole[:1], of_file(str(middle.file)), NOW) == ""
    assert untrusted(shown(own), of_file(str(own[0])), NOW) == ""
    assert untrusted(shown(own), roots, NOW) == "its certificate is signed by itself"
    assert (
        untrusted(whole[:1], roots, NOW)
        == "its certificate is signed by an authority that is not known here (CN=Middle)"
    )
    assert untrusted(direct, others, NOW) == "its certificate is signed by an authority that is not known here (CN=Top)"
    assert untrusted(by_mere, roots, NOW).endswith("(CN=Mere): one of its chain may not sign certificates")
    assert untrusted(direct, roots, Wall(NOW + 9000 * DAY)) != ""
    assert untrusted([*direct, b"junk"], roots, NOW).startswith("its chain cannot be read: ")


def test_a_certificate_that_was_changed(place):
    """One bit of its signature."""
    top = certificates.authority("Top", directory=place)
    der = bytearray(shown(certificates.certificate(["a.lab"], issuer=top))[0])
    der[-1] ^= 1
    assert untrusted([bytes(der)], of_file(str(top.file)), NOW) != ""


@given(st.binary(max_size=400))
def test_any_octets_are_a_certificate_or_unreadable(octets):
    for read in (load, describe):
        with contextlib.suppress(Unreadable):
            read(octets)


@pytest.fixture(scope="module")
def good(place):
    return shown(certificates.certificate(["a.lab", "10.0.0.1"], directory=place, kind="rsa"))[0]


@given(data=st.data())
def test_changed_certificates_are_read_or_unreadable(good, data):
    der = bytearray(good)
    for _ in range(data.draw(st.integers(1, 4))):
        der[data.draw(st.integers(0, len(der) - 1))] = data.draw(st.integers(0, 255))
    try:
        found = describe(bytes(der))
    except Unreadable:
        return
    assert isinstance(untrusted([bytes(der), good], Roots(frozenset(), Store([load(good)])), NOW), str)
    assert isinstance(untrusted([good, bytes(der)], Roots(frozenset(), Store([load(good)])), NOW), str)
    assert len(found.subject) <= 200
    assert len(found.names) <= MAX_NAMES


def test_serial_numbers_that_the_standard_forbids_are_read_without_a_word(place):
    """RFC 5280 §4.1.2.2: positive; BMCs have others."""
    private = certificates.key()
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "bmc")])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(private.public_key())
    made = (
        made.serial_number(0x7F)
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=1))
        .sign(private, hashes.SHA256())
    )
    der = certificates.der(made)
    negative = der.replace(b"\x02\x01\x7f", b"\x02\x01\xff", 1)
    assert negative != der
    assert describe(negative).subject == "CN=bmc"


def test_a_name_of_a_type_that_names_are_not_of(good):
    """RFC 5280 §4.1.2.4; found by chance: the library tells it only when the name is looked at."""
    bit_string = good.replace(b"\x03\x55\x04\x03\x0c\x05a.lab", b"\x03\x55\x04\x03\x03\x05\x00.lab")
    assert bit_string != good
    with pytest.raises(Unreadable):
        describe(bit_string)


def test_two_extensions_of_a_kind():
    """RFC 5280 §4.2 forbids them; which of them should count?"""
    private = certificates.key()
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "twice")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(private.public_key()).serial_number(1)
    )
    made = made.not_valid_before(now).not_valid_after(now + timedelta(days=1))
    made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName("a.lab")]), critical=False)
    made = made.add_extension(x509.IssuerAlternativeName([x509.DNSName("b.lab")]), critical=False)
    der = certificates.der(made.sign(private, hashes.SHA256()))
    with pytest.raises(Unreadable):
        describe(der.replace(b"\x55\x1d\x12", b"\x55\x1d\x11"))


def test_a_version_that_there_is_not(good):
    """RFC 5280 §4.1.2.1: 2 stands for version 3."""
    later = good.replace(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x3a", 1)
    assert later != good
    with pytest.raises(Unreadable):
        describe(later)


def test_a_certificate_that_is_shown_again_is_not_read_again(place):
    der = shown(certificates.certificate(["a.lab"], directory=place))[0]
    assert describe(bytes(bytearray(der))) is describe(bytes(bytearray(der)))
