"""Redfish against sushy-emulator, plain and with TLS; how gently it is asked."""

import sys
from itertools import pairwise
from pathlib import Path

import pytest

from bellrock.model import Verdict
from tests.lab.services import certificates
from tests.lab.services.blocked import BLOCKED, EMPTY_PORT, SECURE_PORT, SSH_PORT, blocked, others
from tests.lab.services.web import nginx
from tests.lab.services.world import SERVER

pytestmark = pytest.mark.lab

PLAIN, GUARDED, EXPIRED = 8000, 8001, 8002
EMULATOR = Path(sys.executable).parent / "sushy-emulator"


def emulator(world, port, certificate=None, **settings):
    file = world.directory / f"sushy-{port}.conf"
    lines = {"SUSHY_EMULATOR_FAKE_DRIVER": True} | settings
    file.write_text("".join(f"{name} = {value!r}\n" for name, value in lines.items()))
    tls = ("--ssl-certificate", certificate[0], "--ssl-key", certificate[1]) if certificate else ()
    return world.start(EMULATOR, "--fake", "-i", SERVER, "-p", port, "--config", file, *tls)


@pytest.fixture(scope="module")
def served(world):
    own = certificates.certificate(["bmc-0042"], directory=world.directory, kind="rsa")
    passwords = world.directory / "bmc-passwords"
    passwords.write_text(world.server.run("htpasswd", "-Bbn", "-C", "4", "admin", "let me in"))
    emulator(world, PLAIN)
    emulator(world, GUARDED, own, SUSHY_EMULATOR_AUTH_FILE=str(passwords))
    expired = certificates.certificate([SERVER], directory=world.directory, days=-400, not_before=-800)
    # A second controller of the same kind, but for what it shows.
    nginx(world, f"""server {{ listen {SERVER}:{EXPIRED} ssl; ssl_certificate {expired[0]}; ssl_certificate_key {expired[1]};
  location / {{ proxy_pass http://{SERVER}:{PLAIN}; }} }}""", "expired")  # fmt: skip
    others(world, own)
    for port in (PLAIN, GUARDED, EXPIRED):
        world.listens(port)


def test_it_works(world, served):
    found = world.probe("redfish", port=PLAIN, tls="no")
    assert (found.verdict, found.detail) == (Verdict.WORKS, "Redfish 1.5.0")
    assert found.facts["name"] == "Redvirt Service"
    assert len(found.facts["uuid"]) == 36


def test_a_certificate_that_signs_itself_is_told_and_may_be_pinned(world, served):
    found = world.probe("redfish", port=GUARDED)
    assert (found.verdict, found.detail) == (Verdict.WORKS, "Redfish 1.5.0; its certificate is signed by itself")
    shown = found.facts["certificate"]
    assert (shown["self_signed"], shown["verified"], shown["of_target"], shown["key"]) == (
        True,
        False,
        False,
        "RSA 2048",
    )
    assert world.probe("redfish", port=GUARDED, pin=f"sha256:{shown['sha256']}").verdict is Verdict.WORKS
    found = world.probe("redfish", port=GUARDED, pin=f"sha256:{'1' * 64}")
    assert found.verdict is Verdict.TLS_FAULT
    assert found.detail == f"its certificate is another than the one that was pinned: sha256:{shown['sha256']}"


def test_its_name_counts_where_one_is_given(world, served):
    assert world.probe("redfish", port=GUARDED, name="bmc-0042").verdict is Verdict.WORKS
    assert world.probe("redfish", port=GUARDED, name="bmc-0043").verdict is Verdict.TLS_FAULT


def test_an_expired_certificate(world, served):
    found = world.probe("redfish", port=EXPIRED)
    assert found.verdict is Verdict.TLS_FAULT
    assert "400 days ago" in found.detail


def test_plain_http_where_tls_is_wanted(world, served):
    found = world.probe("redfish", port=PLAIN)
    assert found.verdict is Verdict.TLS_FAULT
    assert "it answers HTTP in plain text instead of TLS" in found.detail


def pin(world):
    shown = world.probe("redfish", port=GUARDED).facts["certificate"]
    return f"sha256:{shown['sha256']}"


def test_credentials_go_to_nobody_whose_certificate_anybody_may_have_made(world, served):
    found = world.probe("redfish", port=GUARDED, user="admin", password="let me in")
    assert found.verdict is Verdict.AUTHENTICATION_NEEDED
    assert "a Redfish service answers, but the credentials were not sent" in found.detail
    assert f"give pin={pin(world)}, if" in found.detail
    assert ("redfish_version" in found.facts, "credentials_taken" in found.facts) == (True, False)


def test_credentials(world, served):
    known = pin(world)
    found = world.probe("redfish", port=GUARDED, user="admin", password="let me in", pin=known)
    assert (found.verdict, found.facts["credentials_taken"]) == (Verdict.WORKS, True)
    found = world.probe("redfish", port=GUARDED, user="admin", password="calvin", pin=known)
    assert found.verdict is Verdict.AUTHENTICATION_NEEDED
    assert "calvin" not in repr(found)


def test_messages_are_a_fifth_of_a_second_apart(world, served):
    found = world.probe("redfish", port=GUARDED, user="admin", password="let me in", pin=pin(world))
    steps = [step.at for step in found.evidence if step.direction == "sent" and step.what]
    assert len(steps) >= 3
    assert all(later - sooner >= 0.19 for sooner, later in pairwise(steps))


@pytest.mark.parametrize(
    ("port", "says"),
    [(SSH_PORT, "it does not speak TLS; what came back is SSH"), (SECURE_PORT, "is no Redfish service: 200 OK")],
    ids=["sshd", "nginx"],
)
def test_another_service_on_its_port(world, served, port, says):
    found = world.probe("redfish", port=port)
    assert found.verdict is Verdict.WRONG_SERVICE
    assert says in found.detail


def test_nobody_listens(world, served):
    assert world.probe("redfish", port=EMPTY_PORT).verdict is Verdict.REFUSED


@pytest.mark.parametrize(("how", "at", "verdict"), BLOCKED)
def test_blocked(world, served, how, at, verdict):
    assert blocked(world, "redfish", GUARDED, how, at).verdict is verdict
