"""Answers that are not the ones that were hoped for."""

import pytest

from bellrock.model import Verdict
from bellrock.probe.http import Answer
from bellrock.probe.replies import denied, pointed_elsewhere, read_json, troubled
from bellrock.probe.values import Unexpected


def made(status="200 OK", body=b"", **headers):
    number, _, reason = status.partition(" ")
    fields = tuple((name.replace("_", "-").encode(), value.encode()) for name, value in headers.items())
    body = body.encode() if isinstance(body, str) else body
    return Answer(status=int(number), reason=reason, version="1.1", headers=fields, body=body, size=len(body), length=None, complete=True,
                  first=0.0, seconds=0.0)  # fmt: skip


@pytest.mark.parametrize(
    ("status", "headers", "verdict", "says"),
    [
        ("401 Unauthorized", {"www_authenticate": 'Basic realm="x"'}, Verdict.AUTHENTICATION_NEEDED, "/ answers 401 Unauthorized; it offers Basic"),
        ("403 Forbidden", {}, Verdict.AUTHENTICATION_NEEDED, "/ answers 403 Forbidden"),
        ("503 Down", {"retry_after": "7"}, Verdict.DEGRADED, "it answers 503 Down, to be asked again in 7 s: it, or what stands behind it, is ill"),
        ("429 Slowly", {"retry_after": "Thu"}, Verdict.DEGRADED, "it answers 429 Slowly: it, or"),
    ],
)  # fmt: skip
def test_troubles(status, headers, verdict, says):
    found = troubled(made(status, **headers), "/", {"a": 1})
    assert (found.verdict, found.facts) == (verdict, {"a": 1})
    assert found.detail.startswith(says)


def test_no_trouble():
    assert troubled(made(), "/", {}) is None
    assert troubled(made("404 Not Found"), "/", {}) is None
    assert pointed_elsewhere(made(), {}) is None


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b"[" * 100_000, b"[1]", b"\xff\xfe", b'{"a": 1}{}'],
    ids=["nothing", "html", "deep", "list", "binary", "two"],
)
def test_what_is_no_json(body):
    with pytest.raises(Unexpected, match="it speaks HTTP, but is no thing: 200 OK, text/plain"):
        read_json(made(body=body, content_type="text/plain"), dict[str, int], "thing")


def test_json():
    assert read_json(made(body='{"a": 1}'), dict[str, int], "thing") == {"a": 1}


@pytest.mark.parametrize(
    ("status", "is_denied"),
    [("200 OK", False), ("401 No", True), ("403 No", True), ("404 No", False), ("407 No", False)],
)
def test_denied(status, is_denied):
    assert denied(made(status)) is is_denied


@pytest.mark.parametrize(
    ("location", "words"),
    [("/x19", "itself"), ("//a.lab/x", "another server"), ("https://a.lab/", "another server")],
)
def test_whom_a_redirect_means(location, words):
    assert words in pointed_elsewhere(made("302 Found", location=location), {}).detail


def test_a_redirect_is_told_without_its_query():
    found = pointed_elsewhere(made("302 Found", location="https://a.lab/x?token=secret"), {"status": 302})
    assert found.verdict is Verdict.DEGRADED
    assert found.facts == {"status": 302, "location": "https://a.lab/x"}
    assert "secret" not in found.detail
