"""HTTP and HTTPS boot against nginx, and against what may sit on its ports instead."""

import os

import pytest

from bellrock.model import Verdict
from tests.lab.services import certificates
from tests.lab.services.web import nginx
from tests.lab.services.world import ROUTER, SERVER, SERVER6

pytestmark = pytest.mark.lab

FILE = os.urandom(300_000)
SITE = """
server { listen 80; listen [::]:80; root {root};
  location /moved/ { return 302 /boot/; }
  location /circle/a { return 302 /circle/b; }
  location /circle/b { return 302 /circle/a; }
  location /away/ { return 301 http://elsewhere.example/boot/; }
  location /guarded/ { return 401; add_header WWW-Authenticate 'Basic realm="boot"' always; }
  location /forbidden/ { return 403; }
  location /down/ { proxy_pass http://127.0.0.1:9; }
  location /slow/ { alias {root}/boot/; limit_rate 20k; }
  location /tls/ { return 301 https://$host/boot/grubx64.efi; }
  location /plain/ { alias {root}/boot/; max_ranges 0; }
  location /portal/ { default_type text/html; return 200 "<html>please log in</html>"; }
}
"""
SECURE = (
    "server {{ listen 443 ssl; listen [::]:443 ssl; root {{root}}; ssl_certificate {}; ssl_certificate_key {}; {} }}"
)


@pytest.fixture(scope="module")
def served(world):
    authority = certificates.authority(directory=world.directory)
    files = certificates.certificate(["rack.example", SERVER, SERVER6], issuer=authority, days=100, kind="rsa")
    boot = world.directory / "root" / "boot"
    boot.mkdir(parents=True)
    (boot / "grubx64.efi").write_bytes(FILE)
    (boot / "empty").write_bytes(b"")
    (boot / "one").write_bytes(b"1")
    program = nginx(world, SITE + SECURE.format(*files, ""))
    world.listens(80)
    return authority, program


def test_it_works(world, served) -> None:
    found = world.probe("http-boot", path="/boot/grubx64.efi")
    assert found.verdict is Verdict.WORKS, found
    assert found.detail.startswith("it gives /boot/grubx64.efi: 300000 octets at ")
    assert found.target == f"{SERVER}:80"
    assert found.facts | {"rate": 0, "server": ""} == {
        "scheme": "http",
        "status": 200, "server": "", "content_type": "application/octet-stream", "length": 300_000, "size": 300_000, "complete": True,
        "head_length": 300_000, "rate": 0, "range": "yes",
    }  # fmt: skip
    assert found.facts["server"].startswith("nginx/")
    assert [step.what for step in found.evidence if step.direction == "sent"][1:] == [
        "HEAD /boot/grubx64.efi", "GET /boot/grubx64.efi", "GET /boot/grubx64.efi, Range bytes=1-1024"]  # fmt: skip
    assert 0 < found.rtt_ms < 1000


def test_it_works_over_ipv6_and_for_each_file(world, served) -> None:
    found = world.probes("http-boot", SERVER6, path="/boot/one,/boot/grubx64.efi,/nothing")
    assert [(one.variant, one.verdict.value) for one in found] == [
        ("/boot/one", "works"), ("/boot/grubx64.efi", "works"), ("/nothing", "wrong-service")]  # fmt: skip
    assert found[0].facts["range"] is None
    assert found[2].detail == "it has no /nothing: 404 Not Found"


def test_only_a_part_is_read(world, served) -> None:
    found = world.probe("http-boot", path="/boot/grubx64.efi", limit="65536")
    assert (found.verdict, found.facts["size"], found.facts["complete"]) == (Verdict.WORKS, 65536, False)


def test_without_a_file_it_has_to_speak_http(world, served) -> None:
    found = world.probe("http-boot")
    assert (found.verdict, found.detail) == (
        Verdict.WORKS,
        "it speaks HTTP and answers / with 403 Forbidden; no boot file was asked for",
    )


@pytest.mark.parametrize(
    ("path", "verdict", "detail"),
    [
        ("/moved/", "wrong-service", "it does not give /moved/: 403 Forbidden"),
        ("/circle/a", "wrong-service", "it redirects in a circle of 2: back to http://10.2.0.2/circle/a"),
        ("/away/", "degraded", "it points to http://elsewhere.example/boot/, which is another server: "),
        ("/guarded/", "authentication-needed", "it wants credentials for /guarded/: basic"),
        ("/forbidden/", "wrong-service", "it does not give /forbidden/: 403 Forbidden"),
        ("/down/", "degraded", "it answers 502 Bad Gateway: it, or what stands behind it, is ill"),
        ("/boot/empty", "wrong-service", "/boot/empty is empty"),
        ("/portal/x.efi", "wrong-service", "instead of /portal/x.efi a page for people (text/html) comes: a portal, or a server that answers everything with a page"),
        ("/slow/grubx64.efi", "degraded", "/slow/grubx64.efi comes at "),
        ("/tls/", "degraded", "it redirects to https://10.2.0.2/boot/grubx64.efi: firmware that was told http may not follow"),
        ("/plain/grubx64.efi", "works", "it gives /plain/grubx64.efi: 300000 octets at "),
    ],
    ids=["directory", "circle", "away", "guarded", "forbidden", "down", "empty", "portal", "slow", "to-tls", "no-ranges"],
)  # fmt: skip
def test_its_own_faults(world, served, path: str, verdict: str, detail: str) -> None:
    found = world.probe("http-boot", path=path, within=2.0)
    assert (found.verdict.value, found.detail[: len(detail)]) == (verdict, detail)


def test_no_ranges_is_told(world, served) -> None:
    found = world.probe("http-boot", path="/plain/grubx64.efi")
    assert found.facts["range"] == "no"
    assert found.detail.endswith(", without ranges")


def test_tls(world, served) -> None:
    authority, _ = served
    file, firmware = world.probes(
        "https-boot", name="rack.example", path="/boot/grubx64.efi", authority=str(authority.file)
    )
    assert (file.verdict, file.facts["certificate"]["verified"]) == (Verdict.WORKS, True)
    assert (firmware.variant, firmware.verdict, firmware.facts["tls"]) == ("firmware", Verdict.WORKS, "TLSv1.2")
    assert firmware.detail.startswith("UEFI firmware can agree with it on TLSv1.2 and ECDHE-RSA-AES")


def test_an_unknown_authority_is_told_and_no_fault(world, served) -> None:
    found = world.probe("https-boot", name="rack.example", path="/boot/grubx64.efi", firmware="no")
    assert (found.verdict, found.facts["certificate"]["verified"]) == (Verdict.WORKS, False)


def test_a_wrong_name(world, served) -> None:
    found = world.probe("https-boot", name="other.example", path="/boot/grubx64.efi", firmware="no")
    assert (found.verdict, found.detail) == (
        Verdict.TLS_FAULT,
        f"its certificate is of rack.example, {SERVER}, {SERVER6}, and not of other.example",
    )


def test_tls_is_not_plain_http_and_plain_http_is_not_tls(world, served) -> None:
    found = world.probe("http-boot", port=443)
    assert (found.verdict, found.detail) == (
        Verdict.WRONG_SERVICE,
        "it answers plain HTTP only to say that it wants TLS",
    )
    for found in world.probes("https-boot", port=80):
        assert found.verdict is Verdict.TLS_FAULT
        assert "it answers HTTP in plain text instead of TLS" in found.detail


def test_firmware_that_cannot_agree(world, served) -> None:
    files = certificates.certificate(["rack.example"], days=3, directory=world.directory)
    server = SECURE.format(*files, "ssl_protocols TLSv1.3;").replace("443", "4443")
    program = nginx(world, server, "modern")
    world.listens(4443)
    file, firmware = world.probes("https-boot", port=4443, path="/boot/grubx64.efi")
    world.stop(program)
    assert (file.verdict, file.detail.startswith("its certificate ends on ")) == (Verdict.DEGRADED, True)
    assert firmware.verdict is Verdict.TLS_FAULT
    assert firmware.detail.startswith(
        "UEFI firmware cannot agree with it: it agrees to no version and cipher that UEFI firmware offers"
    )


def test_stopped(world, served) -> None:
    found = world.probe("http-boot", port=81)
    assert (found.verdict, found.detail) == (Verdict.REFUSED, "nobody listens, or a firewall rejects it: TCP RST")


@pytest.mark.parametrize(("at", "how", "verdict"), [
    ("router", "drop", "filtered"), ("server", "drop", "filtered"), ("router", "reject", "filtered"), ("client", "drop", "filtered")])  # fmt: skip
def test_filtered(world, served, at: str, how: str, verdict: str) -> None:
    world.block(how, "tcp dport 80", at)
    found = world.probe("http-boot", within=0.8)
    assert found.verdict.value == verdict
    assert how != "reject" or ROUTER in found.detail


def test_filtered_in_the_middle(world, served) -> None:
    world.block("drop", "tcp sport 80 tcp flags != syn|ack", "router")
    found = world.probe("http-boot", path="/boot/one", within=0.8)
    assert found.verdict is Verdict.FILTERED
    assert found.detail.startswith("the connection stands, but what is sent on it was not acknowledged within ")


def test_another_service_on_its_port(world, served) -> None:
    key = world.directory / "host"
    if not key.exists():
        world.server.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key))
    world.server.run("mkdir", "-p", "/run/sshd")
    sshd = world.start("/usr/sbin/sshd", "-D", "-e", "-f", "/dev/null", "-h", key, "-p", "8080", "-o", "PidFile=none")
    world.listens(8080)
    found = world.probe("http-boot", port=8080)
    world.stop(sshd)
    assert found.verdict is Verdict.WRONG_SERVICE
    assert found.detail.startswith("it does not answer in HTTP, but says 'SSH-2.0-OpenSSH")


def test_stopped_over_tls(world, served) -> None:
    assert {one.verdict for one in world.probes("https-boot", port=444)} == {Verdict.REFUSED}


@pytest.mark.parametrize("how", ["drop", "reject"])
def test_filtered_over_tls(world, served, how: str) -> None:
    world.block(how, "tcp dport 443")
    assert {one.verdict for one in world.probes("https-boot", within=0.8)} == {Verdict.FILTERED}


def test_another_service_where_tls_should_be(world, served) -> None:
    world.server.run("mkdir", "-p", "/run/sshd")
    key = world.directory / "host"
    if not key.exists():
        world.server.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key))
    sshd = world.start("/usr/sbin/sshd", "-D", "-e", "-f", "/dev/null", "-h", key, "-p", "8443", "-o", "PidFile=none")
    world.listens(8443)
    found = world.probe("https-boot", port=8443, firmware="no")
    world.stop(sshd)
    assert found.verdict is Verdict.WRONG_SERVICE
    assert found.detail.startswith("it does not speak TLS; what came back is ")
