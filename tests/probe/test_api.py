"""The API of machines: plans, redirects, answers of the wrong shape, bad servers."""

import pytest

from bellrock.model import Verdict
from bellrock.probe.api import PROBE, plan
from bellrock.probe.api_kinds import KINDS
from bellrock.probe.values import Ask, PlanError
from tests.probe.peers import probe, tcp_server
from tests.probe.scripted import answer, scripted

VERSION = '{"version": "3.5", "capabilities": ["a"]}'
MAAS = {"/MAAS/api/2.0/version/": answer(body=VERSION), "/MAAS/metadata/": answer(body="latest\n2012-03-01\n")}


def planned(**options):
    return plan(Ask(flow="api", address="10.0.0.1", port=5240, options=options))


def test_plans():
    assert planned().kinds == KINDS
    assert planned().requests == 3
    assert [kind.id for kind in planned(kind="ironic").kinds] == ["ironic"]
    for wrong in ({"kind": "x"}, {"requests": "0"}, {"requests": "11"}, {"nothing": "1"}):
        with pytest.raises(PlanError):
            planned(**wrong)


def test_a_plan_is_a_function_of_its_ask():
    assert planned(kind="maas") == planned(kind="maas")


@pytest.mark.parametrize("requests", [1, 3, 10])
def test_no_more_is_sent_than_is_stated(requests):
    with scripted(MAAS) as (port, seen):
        found = probe("api", port, requests=str(requests))
    assert found.verdict is Verdict.WORKS, found
    assert found.facts["requests"] == requests
    assert len(seen.requests) == requests + 1 <= PROBE.load.packets
    assert seen.connections == 1


def test_no_more_is_sent_where_nothing_fits():
    with scripted({}) as (port, seen):
        assert probe("api", port).verdict is Verdict.WRONG_SERVICE
    assert len(seen.requests) == len(KINDS)


@pytest.mark.parametrize(
    "body",
    [
        "",
        "null",
        "[]",
        '{"version": 3}',
        '{"version": "3.5"}',
        '{"version": "3.5", "capabilities": "all"}',
        "[" * 50_000,
        "x" * 300_000,
    ],
    ids=["nothing", "null", "list", "number", "half", "other", "deep", "long"],
)
def test_versions_that_are_none(body):
    with scripted({"/MAAS/api/2.0/version/": answer(body=body)}) as (port, _):
        found = probe("api", port, kind="maas")
    assert found.verdict is Verdict.WRONG_SERVICE, found


def test_what_strangers_write_is_made_fit_to_print():
    body = (
        '{"version": "3.5\\u001b[2J\\u202e'
        + "9" * 500
        + '", "capabilities": ["'
        + "x" * 900
        + '"'
        + ', "y"' * 100
        + "]}"
    )
    with scripted(MAAS | {"/MAAS/api/2.0/version/": answer(body=body)}) as (port, _):
        found = probe("api", port)
    assert found.detail.isprintable()
    assert len(found.facts["version"]) == 80
    assert len(found.facts["capabilities"]) == 32


@pytest.mark.parametrize(
    ("answers", "kind"),
    [
        ({"/healthz": answer(body='{"status": "ok"}')}, "bellrock"),
        ({"/healthz": answer(body='{"status": "no"}')}, None),
        ({"/": answer(body='{"name": "OpenStack Ironic API", "versions": []}'), "/v1/": answer("401 No")}, "ironic"),
        ({"/": answer(body='{"name": "Something", "versions": []}')}, None),
        (
            {
                "/": answer("300 Choose", '{"name": "OpenStack Ironic API", "versions": [{"id": "v1"}]}'),
                "/v1/": answer(body="{}"),
            },
            "ironic",
        ),
        (
            {
                "/2009-04-04/": answer(body="meta-data/\nuser-data"),
                "/2009-04-04/meta-data/": answer(body="instance-id\r\nhostname"),
            },
            "hegel",
        ),
        ({"/latest/meta-data/": answer(body="instance-id\nhostname\n")}, "ec2"),
        ({"/latest/meta-data/": answer(body="<html>instance-id</html>")}, None),
        ({"/latest/meta-data/": answer(body="other\nthings")}, None),
        ({"/latest/meta-data/": answer("403 No", body="instance-id")}, "needed"),
        ({"/": answer("403 Forbidden")}, None),
    ],
    ids=str,
)
def test_kinds(answers, kind):
    with scripted(answers) as (port, _):
        found = probe("api", port)
    expected = {None: Verdict.WRONG_SERVICE, "needed": Verdict.AUTHENTICATION_NEEDED}.get(kind, Verdict.WORKS)
    assert found.verdict is expected, found
    assert found.facts.get("kind") == (kind if expected is Verdict.WORKS else None)


def test_metadata_that_is_missing():
    with scripted(MAAS | {"/MAAS/metadata/": answer("500 Oops")}) as (port, _):
        found = probe("api", port)
    assert found.verdict is Verdict.DEGRADED
    assert found.detail == "it is a MAAS region, but /MAAS/metadata/ answers 500 Oops: machines get no metadata"


def test_one_of_several_servers_is_ill():
    answers = iter([answer(body=VERSION), answer("502 Bad Gateway"), answer(body=VERSION)])
    with scripted(MAAS | {"/MAAS/api/2.0/version/": lambda _: next(answers)}) as (port, _):
        found = probe("api", port, kind="maas")
    assert found.verdict is Verdict.DEGRADED
    assert "now as it should be, now 502 Bad Gateway" in found.detail


def test_redirects_on_the_way():
    moved = {
        "/MAAS/api/2.0/version/": answer("301 Moved", location="/here/version/"),
        "/here/version/": answer(body=VERSION),
    }
    with scripted(MAAS | moved) as (port, seen):
        assert probe("api", port).verdict is Verdict.WORKS
    assert seen.paths == ["/MAAS/api/2.0/version/", *["/here/version/"] * 3, "/MAAS/metadata/"]


@pytest.mark.parametrize(
    ("said", "says"),
    [
        (b"SSH-2.0-x\r\n", "SSH"),
        (b"\0" * 1000, "does not answer in HTTP"),
        (b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 20_000, "HTTP is broken"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: -5\r\n\r\n", "HTTP is broken"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 100000000\r\n\r\n" + b"x" * 1_000_000, "is not a MAAS region"),
    ],
    ids=["SSH", "zeros", "endless head", "wrong length", "100 MB"],
)
def test_bad_servers(said, says):
    def serve(connection):
        connection.recv(10_000)
        connection.sendall(said)

    with tcp_server(serve) as port:
        found = probe("api", port, kind="maas", tls="no")
    assert found.verdict is Verdict.WRONG_SERVICE, found
    assert says in found.detail


def test_a_server_that_hangs():
    with tcp_server(lambda connection: connection.recv(10_000) and connection.recv(10_000)) as port:
        found = probe("api", port, within=0.3, tls="no")
    assert found.verdict is Verdict.WRONG_SERVICE
    assert "nothing was said on it within 0.3 s" in found.detail


def test_a_front_page_that_is_kept_from_us_is_no_api():
    """Only where nothing else is looked for does it say that credentials are needed."""
    with scripted({"/": answer("403 Forbidden")}) as (port, _):
        assert "/MAAS/api/2.0/version/ answers 404 Not Found" in probe("api", port).detail
        assert probe("api", port, kind="ironic").verdict is Verdict.AUTHENTICATION_NEEDED
