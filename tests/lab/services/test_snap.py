"""Snap stores. No store can be installed: this is a stand-in, nginx with answers in the published shape (api.snapcraft.io/docs)."""

import json

import pytest

from bellrock.model import Verdict
from tests.lab.services import certificates
from tests.lab.services.web import nginx, squid
from tests.lab.services.world import ROUTER, SERVER, SERVER6

pytestmark = pytest.mark.lab
NAME = "api.snapcraft.example"


def revision(architecture, number, channel="stable"):
    return {
        "channel": {"architecture": architecture, "name": channel, "risk": "stable", "track": "latest", "released-at": "2026-10-01T00:00:00Z"},
        "created-at": "2026-10-01T00:00:00Z",
        "download": {"deltas": [], "sha3-384": "00", "size": 77492224, "url": f"https://downloads.example/core22_{number}.snap"},
        "revision": number,
        "version": "20261001",
    }  # fmt: skip


INFO = {
    "channel-map": [revision("amd64", 7), revision("arm64", 8)],
    "default-track": None,
    "name": "core22",
    "snap-id": "amc",
    "snap": {},
}
NONE = {"error-list": [{"code": "resource-not-found", "message": "No snap named 'nothing' found in series '16'."}]}
BUSY = {"error-list": [{"code": "too-many-requests", "message": "come again"}]}
KEYS = {"error-list": [{"code": "macaroon-needed", "message": "log in first"}]}
OTHER = {"channel-map": [revision("amd64", 7)], "name": "core24", "snap-id": "x"}
FILES = {
    "core22": (200, INFO),
    "nothing": (404, NONE),
    "busy": (429, BUSY),
    "keys": (401, KEYS),
    "other": (200, OTHER),
    "shape": (200, [1]),
    "empty": (200, {"channel-map": [], "name": "empty"}),
}


@pytest.fixture(scope="module")
def served(world):
    """The authority of the stand-in's certificate."""
    authority = certificates.authority(directory=world.directory)
    files = certificates.certificate([NAME], issuer=authority)
    answers = "".join(
        f"location = /v2/snaps/info/{name} {{ if ($http_snap_device_series != 16) {{ return 400; }} return {status} '{json.dumps(body).replace(chr(39), '')}'; }}\n"
        for name, (status, body) in FILES.items()
    )
    nginx(world, (
        f"server {{ listen 443 ssl; listen [::]:443 ssl; listen 80; default_type application/json; ssl_certificate {files[0]}; ssl_certificate_key {files[1]};\n"
        f"{answers} location / {{ default_type text/html; return 200 '<html>'; }} }}"
    ))  # fmt: skip
    world.listens(443)
    (world.directory / "hosts").write_text(f"{SERVER} {NAME}\n")
    squid(world, "http_access allow all")
    return str(authority.file)


@pytest.mark.parametrize("address", [SERVER, SERVER6])
def test_it_works(world, served, address: str) -> None:
    found = world.probe("snap", address, name=NAME, authority=served, arch="arm64")
    assert (found.verdict, found.detail) == (Verdict.WORKS, "it is a snap store, and has core22 for amd64, arm64")
    assert (found.facts["revision"], found.facts["version"], found.facts["downloads_from"]) == (
        7,
        "20261001",
        ["downloads.example"],
    )
    assert found.facts["certificate"]["verified"]


def test_by_a_proxy(world, served) -> None:
    world.block("drop", "tcp dport 443", "router")
    found = world.probe("snap", name=NAME, authority=served, proxy=f"http://{SERVER}:3128")
    assert found.verdict is Verdict.WORKS
    assert "CONNECT api.snapcraft.example:443" in [step.what for step in found.evidence]


def test_the_store_must_be_trusted(world, served) -> None:
    found = world.probe("snap", name=NAME)
    assert (found.verdict, found.detail) == (
        Verdict.TLS_FAULT, "its certificate is signed by an authority that is not known here (CN=Lab authority)")  # fmt: skip


@pytest.mark.parametrize(
    ("options", "verdict", "detail"),
    [
        ({"snap": "nothing"}, "degraded", "it is a snap store, but has no nothing: No snap named nothing found in series 16."),
        ({"snap": "busy"}, "degraded", "it is a snap store, but refuses: 429 Too Many Requests: come again"),
        ({"snap": "keys"}, "authentication-needed", "it is a snap store, and wants credentials: log in first"),
        ({"snap": "other"}, "degraded", "asked for other, it speaks of core24"),
        ({"snap": "shape"}, "wrong-service", "it is no snap store: it answers /v2/snaps/info with application/json of another shape"),
        ({"snap": "empty"}, "wrong-service", "it is no snap store: it answers /v2/snaps/info with application/json of another shape"),
        ({"snap": "portal"}, "wrong-service", "it is no snap store: it answers /v2/snaps/info with text/html of another shape"),
        ({"arch": "riscv64"}, "degraded", "it has core22, but not for riscv64"),
    ],
    ids=["nothing", "busy", "keys", "other", "shape", "empty", "portal", "arch"],
)  # fmt: skip
def test_its_own_faults(world, served, options: dict[str, str], verdict: str, detail: str) -> None:
    found = world.probe("snap", name=NAME, authority=served, **options)
    assert (found.verdict.value, found.detail) == (verdict, detail)


def test_another_service_on_its_port(world, served) -> None:
    found = world.probe("snap", port=3128, tls="no")
    assert (found.verdict, found.detail) == (
        Verdict.WRONG_SERVICE,
        "it is a proxy, and no web server: 400 Bad Request (ERR_INVALID_URL 0)",
    )


def test_no_tls_on_its_port(world, served) -> None:
    found = world.probe("snap", port=80, tls="yes", name=NAME)
    assert found.verdict is Verdict.TLS_FAULT


def test_stopped(world, served) -> None:
    found = world.probe("snap", port=8443)
    assert (found.verdict, found.detail) == (Verdict.REFUSED, "nobody listens, or a firewall rejects it: TCP RST")


@pytest.mark.parametrize(("at", "how"), [("router", "drop"), ("server", "drop"), ("router", "reject")])
def test_filtered(world, served, at: str, how: str) -> None:
    world.block(how, "tcp dport 443", at)
    found = world.probe("snap", within=0.8)
    assert found.verdict is Verdict.FILTERED
    assert how != "reject" or ROUTER in found.detail
