"""What an agent keeps of having joined: whole or not at all, private, and refused where it does not belong together."""

import stat
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from bellrock.agent import credentials as module
from bellrock.agent.credentials import (
    AgentKey,
    Credentials,
    CredentialsError,
    forget,
    load,
    load_key,
    make_key,
    received,
    save,
    save_regions,
)
from bellrock.contract.certificate import agent_of
from bellrock.model import Wall
from bellrock.region.certificates import make_authority, pem_of, read_request, sign_agent, sign_server
from tests.agent.standin import AGENT, OTHER

REGIONS = ("https://10.0.0.1:5443", "https://[2001:db8::1]:5443")


@pytest.fixture(scope="module")
def authority():
    return make_authority("region", Wall(time.time()))


@pytest.fixture(scope="module")
def key():
    return make_key()


def signed(authority, key, agent=AGENT):
    return pem_of(sign_agent(authority, read_request(key.request(agent)).public_key, agent, Wall(time.time())))


@pytest.fixture
def held(authority, key):
    return Credentials(key, signed(authority, key), pem_of(authority.certificate), REGIONS)


def test_a_request_names_the_agent_and_nothing_else(key):
    request = x509.load_pem_x509_csr(key.request(AGENT).encode())
    names = request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert agent_of(tuple(names.get_values_for_type(x509.UniformResourceIdentifier))) == AGENT
    assert (len(names), len(request.extensions), list(request.subject)) == (1, 1, [])
    assert request.is_signature_valid


def test_a_key_shows_nothing_of_itself_but_its_code(key):
    assert "PRIVATE" not in repr(key)
    assert key.code == AgentKey(key._private).code
    assert len(key.code) == 9


def test_what_is_kept_is_found_again_and_the_key_is_private(tmp_path, held):
    assert load(tmp_path) is None
    assert received(tmp_path) == 0
    save(tmp_path, held)
    again = load(tmp_path)
    assert (again.agent, again.certificate, again.authority, again.regions) == (
        AGENT, held.certificate, held.authority, REGIONS,
    )  # fmt: skip
    assert (again.serial, again.expires, again.fingerprint) == (held.serial, held.expires, held.fingerprint)
    assert stat.S_IMODE((tmp_path / "agent.key").stat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "agent.crt",
        "agent.key",
        "authority.crt",
        "regions.json",
    ]
    assert abs(received(tmp_path) - time.time()) < 60
    save_regions(tmp_path, REGIONS[:1])
    assert load(tmp_path).regions == REGIONS[:1]


def test_what_is_forgotten_can_be_joined_for_again_with_the_same_key(tmp_path, held):
    save(tmp_path, held)
    forget(tmp_path)
    forget(tmp_path)
    assert load(tmp_path) is None
    assert load_key(tmp_path).code == held.key.code


def test_a_key_is_made_once(tmp_path):
    assert load_key(tmp_path).code == load_key(tmp_path).code


def test_its_life_is_halved_from_when_it_was_received(held):
    assert held.renew_at(held.expires - 100) == held.expires - 50
    assert held.renew_at(held.expires + 5) == held.expires + 5
    assert held.begins < time.time() < held.expires


def test_tls_takes_them_and_leaves_no_file_behind(held, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    context = held.context()
    assert (context.minimum_version.name, context.check_hostname, context.verify_mode.name) == (
        "TLSv1_3", False, "CERT_REQUIRED",
    )  # fmt: skip
    assert list(tmp_path.iterdir()) == []


def test_the_next_certificate_is_of_the_same_agent_and_authority(authority, key, held):
    renewed = held.replaced(signed(authority, key), ())
    assert (renewed.regions, renewed.serial != held.serial) == (REGIONS, True)
    assert held.replaced(signed(authority, key), ("https://x:1",)).regions == ("https://x:1",)
    with pytest.raises(CredentialsError, match=f"is for agent {OTHER}, not for {AGENT}"):
        held.replaced(signed(authority, key, OTHER), ())
    with pytest.raises(CredentialsError, match="not of abab"):
        held.check(AGENT, "ab" * 32)


def test_what_does_not_belong_together_is_refused(authority, key):
    other = make_authority("other", Wall(time.time()))
    root = pem_of(authority.certificate)
    with pytest.raises(CredentialsError, match="for another key"):
        Credentials(make_key(), signed(authority, key), root, REGIONS)
    with pytest.raises(CredentialsError, match="not signed by the authority"):
        Credentials(key, signed(other, key), root, REGIONS)
    with pytest.raises(CredentialsError, match="the authority's certificate cannot be read"):
        Credentials(key, signed(authority, key), "x", REGIONS)
    server = sign_server(authority, read_request(key.request(AGENT)).public_key, ["10.0.0.1"], Wall(time.time()))
    for nobody in (pem_of(server), root):
        with pytest.raises(CredentialsError, match="does not name exactly one agent"):
            Credentials(key, nobody, root, REGIONS)


def test_of_very_many_regions_eight_are_kept(authority, key):
    many = tuple(f"https://10.0.0.{number}:5443" for number in range(20))
    assert Credentials(key, signed(authority, key), pem_of(authority.certificate), many).regions == many[:8]


DAMAGE = [
    ("agent.crt", b"no certificate", "cannot be read; `bellrock rack join` has a new one signed"),
    ("agent.crt", b"\xff", "not text"),
    ("authority.crt", None, "authority.crt: missing"),
    ("regions.json", None, "regions.json: missing"),
    ("regions.json", b"[1]", "`bellrock rack join` writes it anew"),
    ("agent.key", b"no key", "not a P-256 key"),
]


@pytest.mark.parametrize(("name", "content", "line"), DAMAGE)
def test_what_is_damaged_is_one_line(tmp_path, held, name, content, line):
    save(tmp_path, held)
    (tmp_path / name).unlink()
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(CredentialsError, match=line):
        load(tmp_path)


def test_a_key_of_another_kind_is_refused(tmp_path):
    other = ec.generate_private_key(ec.SECP384R1())
    (tmp_path / "agent.key").write_bytes(other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    with pytest.raises(CredentialsError, match="remove it to have a new one made"):
        load_key(tmp_path)


def test_what_cannot_be_read_or_written_is_one_line(tmp_path, held):
    (tmp_path / "agent.crt").mkdir()
    with pytest.raises(CredentialsError, match="is it a file of this user's"):
        load(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(CredentialsError, match="must be kept there"):
        save(tmp_path / "file" / "below", held)


def test_openssl_s_refusal_is_one_line(held, monkeypatch):
    held.authority = "nothing"
    with pytest.raises(CredentialsError, match="cannot be used"):
        held.context()
    assert module.MAX_FILE < 1 << 20


def test_a_key_that_others_can_read_is_refused(tmp_path):
    load_key(tmp_path)
    (tmp_path / "agent.key").chmod(0o644)
    with pytest.raises(CredentialsError, match="others on this machine can read this key; chmod 600"):
        load_key(tmp_path)
