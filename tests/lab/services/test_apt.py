"""APT repositories of apt-ftparchive and gpg, served by nginx, directly and by squid."""

import shutil
from datetime import UTC, datetime, timedelta

import pytest

from bellrock.model import Verdict
from tests.lab.services import certificates
from tests.lab.services.apt import Signer, repository
from tests.lab.services.web import nginx, squid
from tests.lab.services.world import ROUTER, SERVER, SERVER6

pytestmark = pytest.mark.lab
NOW = datetime.now(UTC)


def stamp(days):
    return (NOW + timedelta(days=days)).strftime("%a, %d %b %Y %H:%M:%S UTC")


@pytest.fixture(scope="module")
def served(world):
    with Signer(world.directory / "gpg") as signer, Signer(world.directory / "other", "ed25519") as other:
        root = world.directory / "root" / "ubuntu"
        repository(root, "noble", signer, date=stamp(-200))
        repository(root, "hashed", signer, by_hash=True)
        repository(root, "fresh", signer, date=stamp(-1), valid_until=stamp(6))
        repository(root, "stale", signer, date=stamp(-20), valid_until=stamp(-13))
        repository(root, "future", signer, date=stamp(3))
        repository(root, "foreign", other)
        repository(root, "old-way", None)
        repository(root, "old-signed", None).joinpath("Release.gpg").write_bytes(b"x")
        repository(root, "renamed", signer)
        shutil.copytree(root / "dists" / "renamed", root / "dists" / "copied")
        (repository(root, "half", signer) / "main/binary-amd64/Packages.gz").write_bytes(b"another")
        (repository(root, "missing", signer) / "main/binary-amd64/Packages.gz").unlink()
        unsigned = repository(root, "unsigned", None)
        unsigned.joinpath("Release").rename(unsigned / "InRelease")
        changed = repository(root, "changed", signer) / "InRelease"
        changed.write_bytes(changed.read_bytes().replace(b"Origin: Lab", b"Origin: Mal"))
        cut = repository(root, "cut", signer) / "InRelease"
        cut.write_bytes(cut.read_bytes()[:400])
        page = root / "dists" / "portal"
        page.mkdir()
        (page / "InRelease").write_text("<html>log in</html>")
        flat = repository(world.directory, "flat", signer)
        shutil.copytree(flat, root / "flat")
        authority = certificates.authority(directory=world.directory)
        files = certificates.certificate(["mirror.example"], issuer=authority)
        nginx(world, (
            "server {{ listen 80; listen [::]:80; root {{root}}; location /moved/ {{{{ rewrite ^/moved/(.*) /ubuntu/$1 permanent; }}}} }}"
            "server {{ listen 443 ssl; root {{root}}; ssl_certificate {}; ssl_certificate_key {}; }}"
        ).format(*files).replace("{{root}}", "{root}").replace("{{", "{").replace("}}", "}"))  # fmt: skip
        world.listens(443)
        squid(world, "acl bad dstdomain bad.example\nhttp_access deny bad\nhttp_access allow all")
        yield signer, other, authority


def test_it_works(world, served) -> None:
    signer, _, _ = served
    found = world.probe(
        "apt", path="/ubuntu", suite="noble", arch="amd64", component="main", keyring=str(signer.keyring)
    )
    assert found.verdict is Verdict.WORKS, found
    assert found.detail == f"it has noble, made 200 days ago, rightly signed by {signer.fingerprint}"
    facts = found.facts
    assert (facts["suite"], facts["codename"], facts["architectures"], facts["components"]) == (
        "noble",
        "noble",
        ["amd64"],
        ["main"],
    )
    assert (facts["verified"], facts["verified_by"], facts["signed_by"]) == (
        True,
        [signer.fingerprint],
        [signer.fingerprint],
    )
    assert (facts["index"], facts["path"]) == ("main/binary-amd64/Packages.gz", "/ubuntu/dists/noble/InRelease")
    assert abs(facts["age_s"] - 200 * 86_400) < 3600


def test_it_is_found_where_it_usually_is(world, served) -> None:
    found = world.probe("apt")
    assert (found.verdict, found.variant, found.facts["path"]) == (Verdict.WORKS, "", "/ubuntu/dists/noble/InRelease")
    assert found.facts["verified"] is None


def test_several_suites_over_ipv6(world, served) -> None:
    found = world.probes("apt", SERVER6, suite="fresh,stale,noble-updates")
    assert [(one.variant, one.verdict.value) for one in found] == [
        ("fresh", "works"),
        ("stale", "degraded"),
        ("noble-updates", "wrong-service"),
    ]
    assert found[2].detail.startswith(
        "it has no InRelease of noble-updates: nothing in /ubuntu/dists/noble-updates/, /debian/"
    )


@pytest.mark.parametrize("path", ["/ubuntu", "/moved"])
@pytest.mark.parametrize("suite", ["hashed", "flat/"])
def test_other_shapes(world, served, path: str, suite: str) -> None:
    found = world.probe("apt", path=path, suite=suite)
    assert (found.verdict, found.facts["index"]) == (Verdict.WORKS, "main/binary-amd64/Packages.gz")
    assert ("redirects" in found.facts) == (path == "/moved")


@pytest.mark.parametrize(
    ("suite", "verdict", "detail"),
    [
        ("stale", "degraded", "it is stale: valid until {until} UTC, 13 days ago; apt refuses it. "),
        ("future", "degraded", "it was made 3 days in the future ("),
        ("copied", "degraded", "where copied should be, there is suite renamed, codename renamed"),
        ("half", "degraded", "main/binary-amd64/Packages.gz is not what InRelease says it is (Hash Sum mismatch): 7 octets of "),
        ("missing", "degraded", "it lists main/binary-amd64/Packages.gz, and does not give it: 404 Not Found"),
        ("old-way", "degraded", "it has no InRelease of old-way, only Release, unsigned: apt refuses it"),
        ("old-signed", "degraded", "it has no InRelease of old-signed, only Release, with a signature beside it (Release.gpg), as apt reads it too"),
        ("unsigned", "wrong-service", "/ubuntu/dists/unsigned/InRelease is not signed: apt refuses it"),
        ("changed", "wrong-service", "its InRelease is not what the key signed ("),
        ("cut", "wrong-service", "its InRelease cannot be read: a clear-signed text without its signature: it is cut"),
        ("portal", "wrong-service", "instead of /ubuntu/dists/portal/InRelease a page for people comes: a portal, or a proxy that wants something"),
        ("foreign", "wrong-service", "its InRelease is signed by "),
    ],
)  # fmt: skip
def test_its_own_faults(world, served, suite: str, verdict: str, detail: str) -> None:
    signer, _, _ = served
    found = world.probe("apt", path="/ubuntu", suite=suite, keyring=str(signer.armoured))
    said = detail.replace("{until}", f"{NOW - timedelta(days=13):%Y-%m-%d %H:%M}")
    assert (found.verdict.value, found.detail[: len(said)]) == (verdict, said)


@pytest.mark.parametrize(
    ("options", "detail"),
    [
        ({"arch": "arm64"}, "it has nothing for arm64, only for amd64"),
        ({"component": "main,universe"}, "it has no component universe, only main"),
        ({"max-age": "100"}, "it is stale: made "),
    ],
    ids=["arch", "component", "max-age"],
)
def test_what_nodes_need(world, served, options: dict[str, str], detail: str) -> None:
    found = world.probe("apt", path="/ubuntu", suite="noble", **options)
    assert (found.verdict, found.detail[: len(detail)]) == (Verdict.DEGRADED, detail)


def test_by_a_proxy(world, served) -> None:
    world.block("drop", "tcp dport 80", "router")
    found = world.probe("apt", name="mirror.example", path="/ubuntu", suite="noble", proxy=f"http://{SERVER}:3128")
    assert (found.verdict, found.evidence[0].what) == (Verdict.WORKS, f"TCP SYN to {SERVER}:3128")


def test_a_proxy_that_refuses(world, served) -> None:
    found = world.probe("apt", name="bad.example", path="/ubuntu", suite="noble", proxy=f"http://{SERVER}:3128")
    assert (found.verdict, found.detail) == (
        Verdict.FILTERED,
        "the proxy on the way does not give /ubuntu/dists/noble/InRelease: 403 Forbidden (ERR_ACCESS_DENIED 0)",
    )
    found = world.probe(
        "apt", port=443, name="bad.example", path="/ubuntu", suite="noble", proxy=f"http://{SERVER}:3128"
    )
    assert (found.verdict, found.detail) == (
        Verdict.FILTERED,
        "the proxy does not connect to bad.example:443: 403 Forbidden",
    )


def test_by_tls_directly_and_by_a_proxy(world, served) -> None:
    _, _, authority = served
    asked = {"port": 443, "name": "mirror.example", "path": "/ubuntu", "suite": "noble"}
    for by in ({}, {"proxy": f"http://{SERVER}:3128"}):
        found = world.probe("apt", **asked, **by, authority=str(authority.file))
        assert (found.verdict, found.facts["certificate"]["verified"]) == (Verdict.WORKS, True)
        found = world.probe("apt", **asked, **by)
        assert found.verdict is Verdict.TLS_FAULT
        assert "signed by an authority that is not known here" in found.detail


@pytest.mark.parametrize("keys", ["nothing", "conf"])
def test_a_keyring_that_is_none(world, served, keys: str) -> None:
    path = world.directory / "web" / keys
    found = world.probe("apt", suite="noble", keyring=str(path))
    assert found.verdict is Verdict.NOT_CHECKED
    assert found.detail.startswith(f"keyring {path}: ")


def test_another_service_on_its_port(world, served) -> None:
    found = world.probe("apt", port=3128, suite="noble")
    assert (found.verdict, found.detail) == (
        Verdict.WRONG_SERVICE,
        "it is a proxy, and no web server: 400 Bad Request (ERR_INVALID_URL 0)",
    )


def test_stopped(world, served) -> None:
    found = world.probe("apt", port=81)
    assert (found.verdict, found.detail) == (Verdict.REFUSED, "nobody listens, or a firewall rejects it: TCP RST")


@pytest.mark.parametrize(("at", "how"), [("router", "drop"), ("server", "drop"), ("router", "reject")])
def test_filtered(world, served, at: str, how: str) -> None:
    world.block(how, "tcp dport 80", at)
    found = world.probe("apt", within=0.8)
    assert found.verdict is Verdict.FILTERED
    assert how != "reject" or ROUTER in found.detail
