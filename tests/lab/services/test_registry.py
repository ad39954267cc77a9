"""Registries of images against docker-registry: plain, with TLS, with passwords, with an image and without."""

import hashlib
import json
import urllib.request

import pytest

from bellrock.model import Verdict
from tests.lab.services import certificates
from tests.lab.services.blocked import BLOCKED, EMPTY_PORT, SECURE_PORT, SSH_PORT, blocked, others, replies_dropped
from tests.lab.services.world import SERVER, SERVER6

pytestmark = pytest.mark.lab

PLAIN, SECURE, GUARDED, EXPIRED, OTHERS_NAME = 5000, 5001, 5002, 5003, 5004


def registry(world, port, certificate=None, passwords=None, addresses=""):
    lines = [
        "version: 0.1",
        "storage:",
        "  filesystem:",
        f"    rootdirectory: {world.directory}/images",
        "http:",
        f'  addr: "{addresses}:{port}"',
    ]
    if certificate:
        lines += ["  tls:", f"    certificate: {certificate[0]}", f"    key: {certificate[1]}"]
    if passwords:
        lines += ["auth:", "  htpasswd:", "    realm: images", f"    path: {passwords}"]
    settings = world.directory / f"registry-{port}.yml"
    settings.write_text("\n".join(lines) + "\n")
    program = world.start("docker-registry", "serve", settings)
    world.listens(port)
    return program


def push(name, tag):
    """An image of nothing: its configuration and its manifest."""

    def ask(method, url, body=b"", **headers):
        request = urllib.request.Request(url, body, headers, method=method)
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.headers

    base = f"http://{SERVER}:{PLAIN}/v2/{name}"
    config = b"{}"
    digest = "sha256:" + hashlib.sha256(config).hexdigest()
    where = ask("POST", f"{base}/blobs/uploads/")["Location"]
    ask(
        "PUT",
        f"{where}{'&' if '?' in where else '?'}digest={digest}",
        config,
        **{"Content-Type": "application/octet-stream"},
    )
    kind = "application/vnd.docker.distribution.manifest.v2+json"
    manifest = {"schemaVersion": 2, "mediaType": kind, "layers": [],
                "config": {"mediaType": "application/vnd.docker.container.image.v1+json", "size": len(config), "digest": digest}}  # fmt: skip
    ask("PUT", f"{base}/manifests/{tag}", json.dumps(manifest).encode(), **{"Content-Type": kind})


@pytest.fixture(scope="module")
def served(world):
    authority = certificates.authority(directory=world.directory)

    def signed(*names, **how):
        return certificates.certificate(list(names), issuer=authority, **how)

    good = signed(SERVER, SERVER6, "images.lab")
    passwords = world.directory / "passwords"
    passwords.write_text(world.server.run("htpasswd", "-Bbn", "-C", "4", "puller", "let me in"))
    registry(world, PLAIN)
    registry(world, SECURE, good)
    registry(world, GUARDED, good, passwords)
    registry(world, EXPIRED, signed(SERVER, days=-0.5))
    registry(world, OTHERS_NAME, signed("images.lab"))
    others(world, good)
    world.server.inside(lambda: push("boot/kernel", "6.1"))
    return authority


@pytest.mark.parametrize("address", [SERVER, SERVER6], ids=["IPv4", "IPv6"])
def test_it_works(world, served, address):
    found = world.probe("registry", address, SECURE, authority=str(served.file))
    assert (found.verdict, found.detail) == (Verdict.WORKS, "a registry answers")
    assert found.facts["api_version"] == "registry/2.0"
    assert found.facts["scheme"] == "https"
    assert found.facts["tls"] == "TLSv1.3"
    assert found.facts["certificate"] | {} == found.facts["certificate"]
    assert found.facts["certificate"]["names"] == ["images.lab", SERVER, SERVER6] or set(found.facts["certificate"]["names"]) == {"images.lab", SERVER, SERVER6}  # fmt: skip
    assert found.facts["certificate"]["verified"] is True
    assert found.rtt_ms > 0


def test_without_an_authority_its_certificate_is_told_of(world, served):
    found = world.probe("registry", port=SECURE)
    assert found.verdict is Verdict.WORKS
    assert found.detail.endswith("signed by an authority that is not known here (CN=Lab authority)")
    assert found.facts["certificate"]["verified"] is False


def test_plain_is_no_fault_where_it_is_meant(world, served):
    found = world.probe("registry", tls="no")
    assert (found.verdict, found.facts["scheme"]) == (Verdict.WORKS, "http")
    found = world.probe("registry")
    assert found.verdict is Verdict.DEGRADED
    assert "in plain HTTP: clients take it only where it is listed as insecure" in found.detail


def test_an_image_that_is_there_and_one_that_is_not(world, served):
    found = world.probe("registry", tls="no", image="boot/kernel:6.1")
    assert found.verdict is Verdict.WORKS
    assert found.facts["digest"].startswith("sha256:")
    found = world.probe("registry", tls="no", image="boot/kernel")
    assert found.verdict is Verdict.DEGRADED
    assert found.detail == "a registry answers, but /v2/boot/kernel/manifests/latest is not there"


def test_passwords(world, served):
    found = world.probe("registry", port=GUARDED)
    assert (found.verdict, found.detail) == (
        Verdict.AUTHENTICATION_NEEDED,
        "a registry answers and wants credentials (basic)",
    )
    assert found.facts["realm"] == "images"
    found = world.probe("registry", port=GUARDED, user="puller", password="let me in", image="boot/kernel:6.1")
    assert found.verdict is Verdict.AUTHENTICATION_NEEDED
    assert (
        "a registry answers and wants credentials: the credentials were not sent, for anybody may answer so"
        in found.detail
    )
    known = str(served.file)
    found = world.probe("registry", port=GUARDED, user="puller", password="wrong horse", authority=known)
    assert found.verdict is Verdict.AUTHENTICATION_NEEDED
    assert "does not take the credentials that were given" in found.detail
    found = world.probe(
        "registry", port=GUARDED, user="puller", password="let me in", image="boot/kernel:6.1", authority=known
    )
    assert found.verdict is Verdict.WORKS
    assert "let me in" not in repr(found)


@pytest.mark.parametrize(
    ("port", "options", "says"),
    [
        (EXPIRED, {}, "its certificate is over since "),
        (OTHERS_NAME, {}, f"its certificate is of images.lab, and not of {SERVER}"),
        (SECURE, {"pin": "sha256:" + "0" * 64}, "another than the one that was pinned"),
        (PLAIN, {"tls": "yes"}, "it answers HTTP in plain text instead of TLS"),
    ],
    ids=["expired", "wrong name", "pin", "plain"],
)
def test_tls_faults(world, served, port, options, says):
    found = world.probe("registry", port=port, **options)
    assert found.verdict is Verdict.TLS_FAULT
    assert says in found.detail


def test_a_name_that_is_given_is_the_one_that_counts(world, served):
    assert world.probe("registry", port=OTHERS_NAME, name="images.lab").verdict is Verdict.WORKS
    assert world.probe("registry", port=SECURE, name="other.lab").verdict is Verdict.TLS_FAULT


def test_an_authority_that_did_not_sign(world, served):
    stranger = certificates.authority("Stranger", directory=world.directory)
    found = world.probe("registry", port=SECURE, authority=str(stranger.file))
    assert found.verdict is Verdict.TLS_FAULT
    found = world.probe("registry", port=SECURE, authority=str(world.directory / "missing.pem"))
    assert found.verdict is Verdict.NOT_CHECKED
    assert found.detail.endswith("missing.pem: no such file or directory")


@pytest.mark.parametrize(
    ("port", "says"), [(SSH_PORT, "SSH"), (SECURE_PORT, "is no registry: 200 OK")], ids=["sshd", "nginx"]
)
def test_another_service_on_its_port(world, served, port, says):
    found = world.probe("registry", port=port)
    assert found.verdict is Verdict.WRONG_SERVICE
    assert says in found.detail


def test_nobody_listens(world, served):
    assert world.probe("registry", port=EMPTY_PORT).verdict is Verdict.REFUSED


@pytest.mark.parametrize(("how", "at", "verdict"), BLOCKED)
def test_blocked(world, served, how, at, verdict):
    assert blocked(world, "registry", SECURE, how, at).verdict is verdict


def test_answers_are_dropped_once_it_stands(world, served):
    found = replies_dropped(world, "registry", PLAIN, tls="no")
    assert found.verdict is Verdict.WRONG_SERVICE
    assert found.detail.startswith("the connection stands, but nothing was said on it within 1 s")
