"""LDAP against OpenLDAP's slapd."""

import pytest

from bellrock.model import Verdict
from tests.cli.programs import Program
from tests.lab.services.blocked import (
    BLOCKED,
    EMPTY_PORT,
    SECURE_PORT,
    SSH_PORT,
    WEB_PORT,
    blocked,
    others,
    replies_dropped,
)
from tests.lab.services.certificates import authority, certificate
from tests.lab.services.world import SERVER, SERVER6, World

pytestmark = pytest.mark.lab
BASE = "dc=example,dc=org"
NAME = "ldap.example.org"


@pytest.fixture(scope="module")
def issuer(world):
    return authority(directory=world.directory)


def slapd(world: World, port: int, secure: int = 0, files=None, settings: str = "", access: str = "access to * by * read") -> Program:  # fmt: skip
    directory = world.directory / f"slapd-{port}"
    (directory / "db").mkdir(parents=True)
    shown = f"TLSCertificateFile {files[0]}\nTLSCertificateKeyFile {files[1]}\nTLSVerifyClient never\n" if files else ""
    (directory / "slapd.conf").write_text(
        f"include /etc/ldap/schema/core.schema\nmodulepath /usr/lib/ldap\nmoduleload back_mdb\npidfile {directory}/pid\n"
        f'argsfile {directory}/args\n{shown}{settings}\n{access}\ndatabase mdb\nsuffix "{BASE}"\nrootdn "cn=admin,{BASE}"\n'
        f"directory {directory}/db\n"
    )
    urls = f"ldap://:{port}/" + (f" ldaps://:{secure}/" if secure else "")
    program = world.start("slapd", "-h", urls, "-f", directory / "slapd.conf", "-d", "0")
    world.listens(secure or port)
    return program


@pytest.fixture(scope="module")
def server(world, issuer):
    files = certificate([NAME, SERVER, SERVER6], issuer=issuer, directory=world.directory)
    others(world, certificate([SERVER], directory=world.directory))
    return slapd(world, 389, 636, files)


@pytest.fixture(scope="module")
def plain(world):
    """Without TLS."""
    return slapd(world, 3890)


@pytest.mark.parametrize("address", [SERVER, SERVER6])
def test_works_over_starttls(world, server, issuer, address):
    found = world.probe("ldap", address, name=NAME, authority=str(issuer.file), base="DC=Example, DC=ORG")
    assert found.verdict is Verdict.WORKS, found
    assert "over StartTLS (TLSv1.3)" in found.detail
    assert found.facts["naming_contexts"] == [BASE]
    assert found.facts["versions"] == ["3"]
    assert found.facts["starttls"] is True
    assert found.facts["certificate"]["verified"] is True
    assert found.facts["active_directory"] is False
    assert found.rtt_ms is not None


@pytest.mark.parametrize("address", [SERVER, SERVER6])
def test_works_over_ldaps(world, server, issuer, address):
    found = world.probe("ldap", address, 636, name=NAME, authority=str(issuer.file))
    assert found.verdict is Verdict.WORKS, found
    assert "over LDAPS" in found.detail
    assert "starttls" not in found.facts, "nobody asked in the clear"


def test_an_authority_that_is_not_known_here_is_told_as_a_fact(world, server):
    found = world.probe("ldap")
    assert found.verdict is Verdict.WORKS, found
    assert found.facts["certificate"]["verified"] is not True


def test_in_the_clear_as_asked(world, server):
    found = world.probe("ldap", tls="none")
    assert found.verdict is Verdict.WORKS, found
    assert "StartTLS is offered" in found.detail
    assert "tls" not in found.facts


def test_without_tls_at_all(world, plain):
    found = world.probe("ldap", port=3890)
    assert found.verdict is Verdict.WORKS, found
    assert "StartTLS is not offered" in found.detail
    wanted = world.probe("ldap", port=3890, tls="starttls")
    assert wanted.verdict is Verdict.TLS_FAULT, wanted
    assert "does not begin TLS on request: protocolError" in wanted.detail


@pytest.mark.parametrize(
    ("port", "settings", "words"),
    [
        (3900, {"days": -1, "not_before": -30}, "over since"),
        (3902, {"not_before": 2}, "does not hold before"),
        (3904, {"names": ["other.example.org"]}, "other.example.org"),
    ],
    ids=["expired", "not yet valid", "wrong name"],
)
def test_certificates_that_will_not_do(world, issuer, port, settings, words):
    files = certificate(**({"names": [NAME], "issuer": issuer, "directory": world.directory} | settings))
    program = slapd(world, port, port + 1, files)
    for tried in (port, port + 1):
        found = world.probe("ldap", port=tried, name=NAME, tls="auto" if tried == port else "ldaps")
        assert found.verdict is Verdict.TLS_FAULT, found
        assert words in found.detail
    world.stop(program)


def test_another_authority(world, server):
    other = authority("Another", directory=world.directory)
    found = world.probe("ldap", name=NAME, authority=str(other.file))
    assert found.verdict is Verdict.TLS_FAULT, found
    assert found.facts["naming_contexts"] == [BASE], "what was read before is not lost"


def test_confidentiality_required(world, issuer):
    """`security tls=1`: nothing is said in the clear; StartTLS is begun without being offered."""
    files = certificate([NAME], issuer=issuer, directory=world.directory)
    program = slapd(world, 3910, 0, files, "security tls=1")
    found = world.probe("ldap", port=3910, name=NAME)
    refused = world.probe("ldap", port=3910, tls="none")
    world.stop(program)
    assert found.verdict is Verdict.WORKS, found
    assert "over StartTLS" in found.detail
    assert refused.verdict is Verdict.TLS_FAULT, refused
    assert "over TLS only" in refused.detail


def test_authentication_needed(world):
    program = slapd(world, 3911, settings="require authc")
    found = world.probe("ldap", port=3911)
    world.stop(program)
    assert found.verdict is Verdict.AUTHENTICATION_NEEDED, found


def test_a_root_dse_that_is_not_shown(world):
    program = slapd(world, 3912, access='access to dn.base="" by users read by * none')
    found = world.probe("ldap", port=3912)
    world.stop(program)
    assert found.verdict is Verdict.AUTHENTICATION_NEEDED, found


def test_another_directory_than_expected(world, server):
    found = world.probe("ldap", base="dc=other,dc=org")
    assert found.verdict is Verdict.WRONG_SERVICE
    assert BASE in found.detail


def test_ldaps_tried_in_the_clear(world, server):
    found = world.probe("ldap", port=636, tls="none", within=3)
    assert found.verdict is Verdict.WRONG_SERVICE, found
    assert "TLS" in found.detail


def test_ldap_tried_as_ldaps(world, server):
    found = world.probe("ldap", port=389, tls="ldaps", within=3)
    assert found.verdict in (Verdict.WRONG_SERVICE, Verdict.TLS_FAULT), found


def test_stopped(world, server):
    assert world.probe("ldap", port=EMPTY_PORT).verdict is Verdict.REFUSED


@pytest.mark.parametrize(("how", "at", "verdict"), BLOCKED)
def test_blocked(world, server, how, at, verdict):
    assert blocked(world, "ldap", 389, how, at).verdict is verdict


def test_replies_are_lost(world, server):
    assert replies_dropped(world, "ldap", 389).verdict is not Verdict.WORKS


@pytest.mark.parametrize(
    ("port", "words"), [(SSH_PORT, "SSH"), (WEB_PORT, ""), (SECURE_PORT, "")], ids=["sshd", "nginx", "HTTPS"]
)
def test_another_service_on_the_port(world, server, port, words):
    found = world.probe("ldap", port=port, within=2)
    assert found.verdict is Verdict.WRONG_SERVICE, found
    assert words in found.detail


def test_a_web_server_where_ldaps_should_be(world, server):
    found = world.probe("ldap", port=SECURE_PORT, tls="ldaps", within=2)
    assert found.verdict is Verdict.WRONG_SERVICE, found
