"""The authority on disk."""

from __future__ import annotations

import os
import ssl
import stat
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from bellrock.model import Wall
from bellrock.region import authority as module
from bellrock.region.authority import AuthorityError, open_authority
from bellrock.region.certificates import CertificateError, read_request

NOW = Wall(1_800_000_000.0)
MOMENT = datetime.fromtimestamp(NOW, UTC)
DAY = 24 * 3600.0


def write(path: Path, data: bytes | str, mode: int = 0o600) -> Path:
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    path.chmod(mode)
    return path


def pem(key, encryption=NoEncryption()) -> bytes:  # noqa: B008 -- never changed
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)


def certificate(key, *extensions, days: float = 9, issuer=None) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "site authority")])
    builder = (
        x509.CertificateBuilder().subject_name(name).issuer_name(issuer[0].subject if issuer else name)
        .public_key(key.public_key()).serial_number(x509.random_serial_number())
        .not_valid_before(MOMENT - timedelta(days=1)).not_valid_after(MOMENT + timedelta(days=days))
    )  # fmt: skip
    for extension in extensions or (x509.BasicConstraints(ca=True, path_length=None),):
        builder = builder.add_extension(extension, critical=True)
    return builder.sign(issuer[1] if issuer else key, hashes.SHA256())


def given(directory: Path, key, *certificates, key_pem: bytes = b"") -> tuple[Path, Path]:
    text = b"".join(one.public_bytes(Encoding.PEM) for one in certificates)
    return write(directory / "site.crt", text, 0o644), write(directory / "site.key", key_pem or pem(key))


def asked():
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    made = builder.sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
    return read_request(made.public_bytes(Encoding.PEM).decode())


def test_made_once_and_the_same_ever_after(tmp_path):
    first = open_authority(tmp_path, "north", NOW)
    again = open_authority(tmp_path, "north", Wall(NOW + DAY))
    assert first.fingerprint == again.fingerprint
    der = ssl.PEM_cert_to_DER_cert(first.pem)
    assert first.fingerprint == sha256(der).hexdigest()


def test_nobody_else_may_look(tmp_path):
    before = os.umask(0)
    try:
        open_authority(tmp_path, "north", NOW).serve_as(["10.0.0.1"], NOW)
    finally:
        os.umask(before)
    directory = tmp_path / "authority"
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (directory, *directory.iterdir())}
    assert modes == {"authority": 0o700, "authority.key": 0o600, "server.pem": 0o600, "authority.crt": 0o644}


def test_issues_to_agents(tmp_path):
    authority = open_authority(tmp_path, "north", NOW)
    issued = authority.issue(asked(), "01JD0000000000000000000001", NOW)
    made = x509.load_pem_x509_certificate(issued.pem.encode())
    assert int(issued.serial, 16) == made.serial_number
    assert issued.expires == NOW + DAY
    made.verify_directly_issued_by(x509.load_pem_x509_certificate(authority.pem.encode()))
    with pytest.raises(CertificateError):
        authority.issue(asked(), "01JD0000000000000000000001", Wall(NOW + 4000 * DAY))


def test_its_own_certificate_is_in_a_file_that_tls_reads_and_due_at_two_thirds(tmp_path):
    authority = open_authority(tmp_path, "north", NOW)
    made = [authority.serve_as(["10.0.0.1"], NOW) for _ in range(2)]
    assert made[0].digest != made[1].digest
    assert made[1].renew == pytest.approx(NOW + 20 * DAY)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made[1].path)
    chain = x509.load_pem_x509_certificates(made[1].path.read_bytes())
    assert sha256(chain[0].public_bytes(Encoding.DER)).digest() == made[1].digest
    assert chain[1].public_bytes(Encoding.PEM).decode() == authority.pem


def test_a_given_authority_is_used_with_its_chain_and_not_copied(tmp_path):
    root_key, key = ec.generate_private_key(ec.SECP384R1()), rsa.generate_private_key(65537, 2048)
    root = certificate(root_key)
    below = certificate(key, x509.BasicConstraints(ca=True, path_length=0), _usage(signs=True), issuer=(root, root_key))
    authority = open_authority(tmp_path, "north", NOW, given(tmp_path, key, below, root))
    assert authority.fingerprint == sha256(below.public_bytes(Encoding.DER)).hexdigest()
    chain = x509.load_pem_x509_certificates(authority.serve_as(["10.0.0.1"], NOW).path.read_bytes())
    assert chain[1:] == [below, root]
    assert sorted(path.name for path in (tmp_path / "authority").iterdir()) == ["server.pem"]


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(not signs, False, False, False, False, signs, False, False, False)


KEY = ec.generate_private_key(ec.SECP256R1())
CA = x509.BasicConstraints(ca=True, path_length=None)


@pytest.mark.parametrize(
    ("certificates", "key_pem", "why"),
    [
        ([], b"", r"site\.crt: not a certificate in PEM"),
        ([certificate(KEY, x509.BasicConstraints(ca=False, path_length=None))], b"", "must say CA:TRUE"),
        ([certificate(KEY, CA, _usage(signs=False))], b"", "allow keyCertSign"),
        ([certificate(KEY, _usage(signs=True))], b"", "must say CA:TRUE"),
        (
            [certificate(KEY)],
            pem(ec.generate_private_key(ec.SECP256R1())),
            r"site\.key: not the key of the certificate",
        ),
        ([certificate(KEY)], b"nonsense", r"site\.key: not a private key in PEM"),
        ([certificate(KEY)], pem(KEY, BestAvailableEncryption(b"x")), "the key is encrypted"),
        ([certificate(KEY)], pem(rsa.generate_private_key(65537, 1024)), "an RSA key of 1024 bits; at least 2048"),
        ([certificate(KEY)], pem(dsa.generate_private_key(2048)), "another kind than EC, Ed25519 and RSA"),
        ([certificate(KEY, days=-0.5)], b"", "holds from 2027-01-14 to 2027-01-14, and it is 2027-01-15 here"),
        ([certificate(KEY)], b"x" * 70_000, "larger than 65536 bytes"),
    ],
)
def test_what_is_no_authority_is_told_in_one_line(tmp_path, certificates, key_pem, why):
    with pytest.raises(AuthorityError, match=why) as caught:
        open_authority(tmp_path, "north", NOW, given(tmp_path, KEY, *certificates, key_pem=key_pem))
    assert "\n" not in str(caught.value)
    assert "PRIVATE" not in str(caught.value)


def test_a_certificate_with_an_extension_twice(tmp_path, monkeypatch):
    def twice(_certificate) -> bool:
        raise x509.DuplicateExtension("Duplicate basicConstraints extension found", CA.oid)

    monkeypatch.setattr(module, "_may_sign", twice)
    with pytest.raises(AuthorityError, match="not a certificate in PEM, or cut short; give another"):
        open_authority(tmp_path, "north", NOW, given(tmp_path, KEY, certificate(KEY)))


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_key_that_others_may_read_is_not_used(tmp_path, mode):
    files = given(tmp_path, KEY, certificate(KEY))
    files[1].chmod(mode)
    with pytest.raises(AuthorityError, match=rf"others may read this private key; chmod 600 {files[1]}"):
        open_authority(tmp_path, "north", NOW, files)


def test_half_of_one_is_not_made_whole_by_a_new_one(tmp_path):
    """A certificate whose key was lost still vouches for the region at its agents: nobody replaces it unasked."""
    open_authority(tmp_path, "north", NOW)
    (tmp_path / "authority/authority.key").unlink()
    with pytest.raises(AuthorityError, match=r"authority\.key: No such file or directory; put back a copy, or move"):
        open_authority(tmp_path, "north", NOW)


def test_where_nothing_can_be_written(tmp_path):
    write(tmp_path / "authority", "")
    with pytest.raises(AuthorityError, match="authority: File exists; the region keeps"):
        open_authority(tmp_path, "north", NOW)


def test_a_full_disk_leaves_no_half_certificate(tmp_path, monkeypatch):
    authority = open_authority(tmp_path, "north", NOW)
    authority.serve_as(["10.0.0.1"], NOW)
    before = (tmp_path / "authority/server.pem").read_bytes()

    def full(_file: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module.os, "fsync", full)
    with pytest.raises(AuthorityError, match=r"server\.pem: No space left on device"):
        authority.serve_as(["10.0.0.2"], NOW)
    assert (tmp_path / "authority/server.pem").read_bytes() == before
    assert sorted(path.name for path in (tmp_path / "authority").iterdir()) == [
        "authority.crt", "authority.key", "server.pem",
    ]  # fmt: skip


def test_the_kept_key_is_the_certificates(tmp_path):
    authority = open_authority(tmp_path, "north", NOW)
    key = load_pem_private_key((tmp_path / "authority/authority.key").read_bytes(), None)
    assert key.public_key() == x509.load_pem_x509_certificate(authority.pem.encode()).public_key()
