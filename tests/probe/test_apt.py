"""APT repositories: what is planned, and what files of every kind come to."""

from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest

from bellrock.model import Verdict
from bellrock.probe import Ask, PlanError
from bellrock.probe.apt import MAX_SUITES, PROBE, plan
from tests.probe.web import BAD, answer, probed, routes
from tests.wire import pgp

KEY = pgp.private(pgp.ED25519)
BODY = pgp.key_body(KEY, pgp.ED25519)
INDEX = b"an index"
NOW = datetime.now(UTC)


def stamp(days: float) -> str:
    return (NOW + timedelta(days=days)).strftime("%a, %d %b %Y %H:%M:%S UTC")


def text(*, listed=((INDEX, "main/binary-amd64/Packages.gz"),), **fields: str) -> bytes:
    given = {
        "Suite": "noble",
        "Codename": "noble",
        "Date": stamp(-1),
        "Architectures": "amd64",
        "Components": "main",
    } | fields
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in given.items() if value]
    if listed:
        lines += ["SHA256:", *(f" {sha256(data).hexdigest()} {len(data)} {path}" for data, path in listed)]
    return "\n".join(lines).encode()


def signed(said: bytes) -> bytes:
    return pgp.clearsign(said, pgp.signature(said.replace(b"\n", b"\r\n"), KEY, pgp.ED25519))


def site(said: bytes | None = None, **others: bytes):
    """A server with one suite, at /ubuntu."""
    base = "/ubuntu/dists/noble/"
    found = {
        base + "InRelease": answer(signed(text()) if said is None else said),
        base + "main/binary-amd64/Packages.gz": answer(INDEX),
    }
    return found | {base + name.replace("__", "/").replace("_", "."): octets for name, octets in others.items()}


def planned(**options):
    return plan(
        Ask(
            flow="apt",
            address="192.0.2.1",
            port=80,
            options={name.replace("_", "-"): value for name, value in options.items()},
        )
    )


def test_plans() -> None:
    assert planned(path="/debian/", suite="stable,stable-security").suites == {
        "stable": ("/debian/dists/stable/",), "stable-security": ("/debian/dists/stable-security/",)}  # fmt: skip
    assert planned(path="/r", suite="flat/").suites == {"flat/": ("/r/flat/",)}
    assert planned(path="", suite="./").suites == {"./": ("/./",)}
    assert planned(suite="noble").suites["noble"][:2] == ("/ubuntu/dists/noble/", "/debian/dists/noble/")
    assert list(planned().suites) == [""]
    assert (planned().max_age, planned(max_age="0.5").max_age) == (None, 43_200.0)
    assert planned().place.trust
    with pytest.raises(PlanError, match=f"^apt: option suite takes at most {MAX_SUITES} suites, and not 17$"):
        planned(suite=",".join(f"s{n}" for n in range(17)))


def one(found, *, keyring: bytes | None = None, tmp_path=None, within=5.0, **options):
    if keyring is not None:
        path = tmp_path / "keys"
        path.write_bytes(keyring)
        options["keyring"] = str(path)
    handler = found if callable(found) else routes(found)
    (result,) = probed("apt", handler, within=within, **({"path": "/ubuntu", "suite": "noble", "tls": "no"} | options))
    return result


def test_it_works() -> None:
    asked = []
    found = one(routes(site(), asked))
    assert found.verdict is Verdict.WORKS, found
    assert found.detail == f"it has noble, made 24 hours ago, signed by {pgp.fingerprint(BODY).hex().upper()}"
    assert [head.split(" ")[1] for head in asked] == [
        "/ubuntu/dists/noble/InRelease",
        "/ubuntu/dists/noble/main/binary-amd64/Packages.gz",
    ]
    assert len(asked) <= PROBE.load.packets
    facts = found.facts
    assert (facts["suite"], facts["indexes"], facts["verified"], facts["signed_at"]) == ("noble", 1, None, 5)


def test_by_hash() -> None:
    digest = sha256(INDEX).hexdigest()
    said = site(
        signed(text(Acquire_By_Hash="yes")), **{f"main__binary-amd64__by-hash__SHA256__{digest}": answer(INDEX)}
    )
    del said["/ubuntu/dists/noble/main/binary-amd64/Packages.gz"]
    assert one(said).verdict is Verdict.WORKS


def test_who_signed(tmp_path) -> None:
    ring = pgp.packet(6, BODY)
    found = one(site(), keyring=ring, tmp_path=tmp_path)
    assert (found.facts["verified"], found.facts["verified_by"]) == (True, [pgp.fingerprint(BODY).hex().upper()])
    other = pgp.packet(6, pgp.key_body(pgp.private(pgp.ED25519), pgp.ED25519))
    found = one(site(), keyring=other, tmp_path=tmp_path)
    assert (found.verdict, found.detail.endswith("does not hold: apt refuses it (NO_PUBKEY)")) == (
        Verdict.WRONG_SERVICE,
        True,
    )
    found = one(site(signed(text()).replace(b"noble", b"fibel")), keyring=ring, tmp_path=tmp_path)
    assert "it was changed, on the server or on the way" in found.detail


@pytest.mark.parametrize(
    ("name", "detail"),
    [
        ("none", "no such file or directory"),
        ("text", "OpenPGP: a packet that begins with 0x68"),
        (".", "is a directory"),
    ],
    ids=["none", "text", "directory"],
)
def test_a_keyring_that_is_none(tmp_path, name: str, detail: str) -> None:
    (tmp_path / "text").write_bytes(b"hello")
    (found,) = probed("apt", routes(site()), suite="noble", keyring=str(tmp_path / name))
    assert (found.verdict, found.detail) == (Verdict.NOT_CHECKED, f"keyring {tmp_path / name}: {detail}")


@pytest.mark.parametrize(
    ("said", "verdict", "detail"),
    [
        (text(Valid_Until=stamp(-2)), "degraded", "it is stale: valid until "),
        (text(Valid_Until=stamp(2)), "works", "it has noble, made 24 hours ago, valid until "),
        (text(Date=stamp(5)), "degraded", "it was made 5 days in the future ("),
        (text(Date=""), "works", "it has noble, without a date, signed by "),
        (text(Suite="jammy", Codename="jammy"), "degraded", "where noble should be, there is suite jammy, codename jammy"),
        (text(Suite="", Codename="", listed=()), "degraded", "where noble should be, there is suite -, codename -"),
        (text(listed=()), "works", "it has noble"),
        (text(listed=((b"", "main/binary-amd64/Packages.gz"), (INDEX, "main/i18n/x.gz"))), "works", "it has noble"),
        (text(listed=((b"other", "main/binary-amd64/Packages.gz"),)), "degraded", "main/binary-amd64/Packages.gz is not what InRelease says it is (Hash Sum mismatch): 8 octets of 5"),
        (text(listed=((INDEX, "m\u00e4in/binary-amd64/Packages.gz"),)), "works", "it has noble"),
        (text(listed=((INDEX, "x/binary-amd64/Release"),)), "degraded", "it lists x/binary-amd64/Release, and does not give it: 404 Not Found"),
        (text(Date="soon"), "wrong-service", "its InRelease cannot be read: date is no date: 'soon'"),
        (b"hello world", "wrong-service", "its InRelease cannot be read: no Release file: "),
    ],
    ids=["stale", "valid", "future", "undated", "other", "nameless", "no-index", "empty-index", "mismatch", "not-ascii", "missing", "no-date", "no-release"],
)  # fmt: skip
def test_what_it_says(said: bytes, verdict: str, detail: str) -> None:
    found = one(site(signed(said)))
    assert (found.verdict.value, found.detail[: len(detail)]) == (verdict, detail)


@pytest.mark.parametrize(
    ("said", "detail"),
    [
        (text(), "/ubuntu/dists/noble/InRelease is not signed: apt refuses it"),
        (
            b"<!DOCTYPE html>",
            "instead of /ubuntu/dists/noble/InRelease a page for people comes: a portal, or a proxy that wants something",
        ),
        (b"", "/ubuntu/dists/noble/InRelease is not signed: apt refuses it"),
        (signed(text())[:100], "its InRelease cannot be read: a clear-signed text without its signature: it is cut"),
        (pgp.clearsign(text()), "its InRelease holds no signature: apt refuses it"),
    ],
    ids=["unsigned", "page", "empty", "cut", "no-signature"],
)
def test_what_is_no_inrelease(said: bytes, detail: str) -> None:
    found = one(site(said))
    assert (found.verdict, found.detail) == (Verdict.WRONG_SERVICE, detail)


@pytest.mark.parametrize(
    ("options", "detail"),
    [
        ({"arch": "arm64"}, "it has nothing for arm64, only for amd64"),
        ({"component": "main,universe"}, "it has no component universe, only main"),
        ({"max_age": "0.1"}, "it is stale: made "),
    ],
    ids=["arch", "component", "age"],
)
def test_what_nodes_need(options: dict[str, str], detail: str) -> None:
    found = one(site(), **options)
    assert (found.verdict, found.detail[: len(detail)]) == (Verdict.DEGRADED, detail)


def test_without_inrelease() -> None:
    base = "/ubuntu/dists/noble/"
    found = one({base + "Release": answer(text())})
    assert found.detail == "it has no InRelease of noble, only Release, unsigned: apt refuses it"
    found = one({base + "Release": answer(text()), base + "Release.gpg": answer(b"x")})
    assert (
        found.detail
        == "it has no InRelease of noble, only Release, with a signature beside it (Release.gpg), as apt reads it too"
    )
    found = one({base + "Release": answer(b"hello")})
    assert found.detail == "its InRelease cannot be read: no Release file: a line without a colon"
    found = one({})
    assert found.detail == "it has no InRelease of noble: nothing in /ubuntu/dists/noble/"


def test_the_usual_places() -> None:
    (found,) = probed("apt", routes(site()))
    assert (found.verdict, found.facts["path"]) == (Verdict.WORKS, "/ubuntu/dists/noble/InRelease")
    (found,) = probed("apt", routes({}))
    assert found.detail == (
        "it has no suite that is tried by itself (options path and suite say which): nothing in "
        "/ubuntu/dists/noble/, /ubuntu/dists/jammy/, /ubuntu/dists/stable/, /debian/dists/noble/ and others"
    )


@pytest.mark.parametrize("bad", sorted(BAD))
def test_bad_servers(bad: str) -> None:
    found = one(BAD[bad], within=0.6)
    assert found.verdict in (Verdict.WRONG_SERVICE, Verdict.DEGRADED)
    assert found.detail.isprintable()


def test_by_a_proxy() -> None:
    asked = []
    pages = {f"http://mirror.example:{{}}{path}": octets for path, octets in site().items()}

    async def handler(reader, writer):
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            asked.append(head)
            method, target, _ = head.split(" ", 2)
            if method == "CONNECT":
                writer.write(answer(status="403 Forbidden"))
                continue
            port = target.split(":")[2].split("/")[0]
            writer.write(
                pages.get(
                    target.replace(port, "{}", 1), answer(status="403 Forbidden", x_squid_error="ERR_ACCESS_DENIED 0")
                )
            )

    options = {
        "proxy": "http://127.0.0.1:{port}",
        "proxy-user": "u",
        "proxy-password": "p",
        "path": "/ubuntu",
        "tls": "no",
    }
    (found,) = probed("apt", handler, name="mirror.example", address="192.0.2.1", suite="noble", **options)
    assert found.verdict is Verdict.WORKS
    assert all("\r\nProxy-Authorization: Basic dTpw\r\n" in head for head in asked)
    (found,) = probed("apt", handler, name="mirror.example", address="192.0.2.1", suite="fossa", **options)
    assert found.verdict is Verdict.FILTERED
    (found,) = probed(
        "apt", handler, name="mirror.example", address="192.0.2.1", suite="noble", **options | {"tls": "yes"}
    )
    assert found.verdict is Verdict.FILTERED
    assert found.detail.startswith("the proxy does not connect to mirror.example:")
