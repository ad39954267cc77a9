"""Snap stores: what is planned, and what answers of every shape come to."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bellrock.model import Verdict
from bellrock.probe import Ask, PlanError
from bellrock.probe.http import Answer
from bellrock.probe.snap import PROBE, Info, _read, plan
from tests.probe.web import BAD, answer, probed, routes, saying

TARGET = "/v2/snaps/info/core22?fields=architectures,revision,version,download,snap-id"
REVISION = {
    "channel": {"name": "stable", "architecture": "amd64"},
    "revision": 5,
    "version": "1",
    "download": {"url": "https://cdn.example/x", "size": 1},
}
INFO = {
    "channel-map": [
        REVISION | {"channel": {"name": "edge", "architecture": "arm64"}, "revision": 9, "download": {"url": "::"}},
        REVISION,
    ],
    "name": "core22",
    "snap-id": "i",
}


def planned(**options):
    return plan(
        Ask(
            flow="snap",
            address="192.0.2.1",
            port=443,
            name="api.example",
            options={name.replace("_", "-"): value for name, value in options.items()},
        )
    )


def test_a_plan() -> None:
    found = planned(snap="lxd", proxy="http://192.0.2.9:3128")
    assert (found.snap, found.place.scheme, found.place.trust) == ("lxd", "https", True)
    assert (found.place.proxy.address, found.place.proxy.port) == ("192.0.2.9", 3128)


@pytest.mark.parametrize("snap", ["UPPER", "a--b", "-a", "12", "a/b", "a" * 41, "../x"])
def test_a_snap_that_is_none(snap: str) -> None:
    with pytest.raises(PlanError, match="^snap: option snap takes the name of a snap, and not "):
        planned(snap=snap)


def one(handler, **options):
    (found,) = probed("snap", handler, **{"tls": "no"} | options)
    return found


def said(body, status="200 OK"):
    return routes({TARGET: answer(json.dumps(body).encode(), status, content_type="application/json")})


def test_a_store() -> None:
    asked = []
    found = one(routes({TARGET: answer(json.dumps(INFO).encode())}, asked))
    assert (found.verdict, found.detail) == (Verdict.WORKS, "it is a snap store, and has core22 for amd64, arm64")
    assert found.facts | {"length": 0} == {
        "scheme": "http", "status": 200, "length": 0, "snap": "core22", "snap_id": "i", "channels": 2, "architectures": ["amd64", "arm64"],
        "revision": 5, "version": "1", "downloads_from": ["cdn.example"],
    }  # fmt: skip
    assert "\r\nSnap-Device-Series: 16\r\n" in asked[0]
    assert len(asked) <= PROBE.load.packets


@pytest.mark.parametrize(
    ("handler", "verdict", "detail"),
    [
        (said(INFO | {"name": "x"}), "degraded", "asked for core22, it speaks of x"),
        (said(INFO | {"channel-map": [REVISION]}), "degraded", "it has core22, but not for arm64"),
        (said(INFO | {"channel-map": []}), "wrong-service", "it is no snap store: it answers /v2/snaps/info with application/json of another shape"),
        (said({"error-list": [{"code": "resource-not-found"}]}, "404 Not Found"), "degraded", "it is a snap store, but has no core22: resource-not-found"),
        (said({"error-list": [{"message": "no\u001b[2J"}]}, "401 Unauthorized"), "authentication-needed", "it is a snap store, and wants credentials: no\N{REPLACEMENT CHARACTER}[2J"),
        (said({"error-list": []}, "500 Internal Server Error"), "degraded", "it is a snap store, but refuses: 500 Internal Server Error"),
        (said("x", "404 Not Found"), "wrong-service", "it has no snap API: 404 Not Found"),
        (routes({TARGET: answer(b"[" * 100_000)}), "wrong-service", "it is no snap store: it answers /v2/snaps/info with something of another shape"),
        (saying(answer(b"x" * 100)[:-50]), "wrong-service", "it is no snap store: it answers /v2/snaps/info with something of another shape"),
    ],
    ids=["other", "arch", "empty", "missing", "guarded", "ill", "no-store", "deep", "cut"],
)  # fmt: skip
def test_verdicts(handler, verdict: str, detail: str) -> None:
    found = one(handler, arch="arm64", within=1.0)
    assert (found.verdict.value, found.detail) == (verdict, detail)


@pytest.mark.parametrize("bad", sorted(BAD))
def test_bad_servers(bad: str) -> None:
    found = one(BAD[bad], within=0.5)
    assert found.verdict in (Verdict.WRONG_SERVICE, Verdict.DEGRADED)
    assert found.detail.isprintable()


@settings(max_examples=200)
@given(
    st.one_of(
        st.binary(max_size=80),
        st.recursive(
            st.none() | st.text(max_size=5) | st.integers(),
            lambda inner: (
                st.dictionaries(st.sampled_from(["channel-map", "name", "channel", "revision"]), inner)
                | st.lists(inner)
            ),
            max_leaves=8,
        ).map(lambda value: json.dumps(value).encode()),
    )
)
def test_any_body_has_a_shape_or_none(body: bytes) -> None:
    given = Answer(
        status=200,
        reason="",
        version="1.1",
        headers=(),
        body=body,
        size=len(body),
        length=None,
        complete=True,
        first=0.0,
        seconds=0.0,
    )
    found = _read(given, Info)
    assert found is None or isinstance(found.channel_map, list)
