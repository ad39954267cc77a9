"""The client against a region, and against whatever else may answer."""

from __future__ import annotations

import asyncio
import http.server
import json
import threading
from contextlib import contextmanager

import pytest

from bellrock.client import Bellrock, NoRegion, NotARegion, Refused
from bellrock.client.shapes import NewName, NewSchedule, NewSite, NewToken
from tests.region.api.test_routes import filled
from tests.region.support import asynchronous, region


def site(title: str) -> str:
    return f'title = "{title}"\n[role.dns]\naddresses = ["10.0.0.53"]\n'


class Scripted(http.server.BaseHTTPRequestHandler):
    """Answers what the test has written down: (status, headers, body) for each request."""

    def do_GET(self):
        self.rfile.read(int(self.headers["Content-Length"] or 0))
        self.server.asked.append((self.command, self.path, dict(self.headers)))
        status, headers, body = self.server.answers.pop(0)
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if status != 304:
            self.wfile.write(body)

    do_POST = do_PUT = do_DELETE = do_PATCH = do_GET

    def log_message(self, *_):
        pass

    def address_string(self):
        return ""


@contextmanager
def scripted(*answers, **options):
    with http.server.HTTPServer(("127.0.0.1", 0), Scripted) as server:
        server.answers, server.asked, waits = list(answers), [], []
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield (
                Bellrock(f"http://127.0.0.1:{server.server_port}", "the-token", sleep=waits.append, **options),
                server,
                waits,
            )
        finally:
            server.shutdown()
            thread.join()


@asynchronous
async def test_a_region(tmp_path):
    async with filled(tmp_path) as running:

        def work() -> None:
            client = Bellrock(running.url, running.token)
            assert client.health().status == "ok"
            assert [one.name for one in client.hosts()] == ["rack1", "rack2"]
            assert [one.name for one in client.interfaces(host="rack1", limit=2)] == ["eth0", "eth1"]
            assert [(one.host, one.name) for one in client.each_of_interfaces(size=1)] == [
                ("rack1", "eth0"), ("rack1", "eth1"), ("rack1", "eth2"), ("rack2", "eth0"),
            ]  # fmt: skip
            assert client.neighbours("rack1")[0].name == "rack2"
            assert client.explain(a="rack1/eth0", b="rack2/eth0").verdict == "same-vlan"
            vlan = client.vlans()[0]
            client.name_vlan(vlan.id, NewName(name="pxe"))
            assert client.vlan(vlan.id).name == "pxe"
            client.put_site(NewSite(text=site("lab")))
            client.put_schedule("a", NewSchedule(every=60.0, flows=("dns",), to=("10.0.0.2",)))
            assert client.schedule("a").flows == ("dns",)
            client.add_token(NewToken(name="x"))
            assert [one.name for one in client.tokens()][1:] == ["x"]
            client.remove_schedule("a")
            with pytest.raises(Refused) as refused:
                client.schedule("a")
            assert (refused.value.status, len(refused.value.request_id)) == (404, 26)
            assert client.findings().missed == 0
            assert client.matrix().site == "lab"

        await asyncio.to_thread(work)


@asynchronous
async def test_a_change_that_is_to_undo_nobody_elses(tmp_path):
    async with region(tmp_path) as running:

        def work() -> None:
            one, other = Bellrock(running.url, running.token), Bellrock(running.url, running.token)
            with pytest.raises(ValueError, match="was not looked at"):
                one.put_site(NewSite(text=site("x")), unchanged=True)
            one.put_site(NewSite(text=site("1")))
            one.site()
            other.site()
            other.put_site(NewSite(text=site("2")), unchanged=True)
            with pytest.raises(Refused, match="Somebody has changed it"):
                one.put_site(NewSite(text=site("3")), unchanged=True)
            assert one.site().title == "2"
            one.put_site(NewSite(text=site("3")), unchanged=True)

        await asyncio.to_thread(work)


def test_what_is_known_is_not_sent_again():
    tag = {"ETag": 'W/"a"'}
    with scripted((200, tag, b'{"status": "ok"}'), (304, tag, b""), (200, {}, b'{"status": "new"}')) as (
        client,
        server,
        _,
    ):
        assert [client.health().status for _ in range(3)] == ["ok", "ok", "new"]
    assert [headers.get("If-None-Match") for _, _, headers in server.asked] == [None, 'W/"a"', 'W/"a"']
    assert {headers["Authorization"] for _, _, headers in server.asked} == {"Bearer the-token"}


PROBLEM = json.dumps(
    {"type": "about:blank", "title": "", "status": 503, "detail": "stopping.", "request_id": "r"}
).encode()


def test_what_is_not_ready_is_asked_again():
    again = (503, {"Retry-After": "2"}, PROBLEM)
    with scripted(again, (503, {"Retry-After": "900"}, PROBLEM), (503, {}, PROBLEM), (200, {}, b"[]")) as (
        client,
        _,
        waits,
    ):
        assert client.hosts() == []
    assert waits == [2.0, 5.0, 1.0]
    with scripted(*[again] * 4) as (client, _, waits), pytest.raises(Refused, match=r"503: stopping\."):
        client.hosts()
    assert len(waits) == 3
    with scripted(again) as (client, server, waits), pytest.raises(Refused):
        client.add_token(NewToken(name="x"))
    assert (len(server.asked), waits) == (1, [])


def test_pages_end_and_stay_at_their_region():
    row = b'{"id": "f", "name": "f", "vlans": 1}'
    link = {"Link": '</api/v1/fabrics?limit=1&cursor=x>; rel="next"'}
    with scripted((200, link, b"[%b]" % row), (200, {"Link": '<https://evil/>; rel="next"'}, b"[%b]" % row)) as (
        client,
        server,
        _,
    ):
        assert len([*client.each_of_fabrics(size=1)]) == 2
    assert [path for _, path, _ in server.asked] == ["/api/v1/fabrics?limit=1", "/api/v1/fabrics?limit=1&cursor=x"]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ((200, {}, b"{"), NotARegion),
        ((200, {}, b'{"status": 5}'), NotARegion),
        ((200, {}, b"[" * 100_000), NotARegion),
        ((500, {}, b"<html>"), NotARegion),
        ((404, {}, PROBLEM), Refused),
        ((304, {}, b""), NotARegion),
        ((301, {}, b""), NotARegion),
    ],
)
def test_whatever_else_answers(answer, error):
    with scripted(answer) as (client, _, _), pytest.raises(error) as caught:
        client.health()
    assert "the-token" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_octets():
    with scripted((200, {}, b"pcap"), (404, {}, PROBLEM)) as (client, _, _):
        with client.capture_file("c", "0") as body:
            assert body.read(99) == b"pcap"
        with pytest.raises(Refused), client.capture_file("c", "0"):
            pass


def test_nobody_there():
    with pytest.raises(NoRegion, match="no region at unix:/nowhere"):
        Bellrock("unix:/nowhere", "t").health()
    with (
        http.server.HTTPServer(("127.0.0.1", 0), Scripted) as server,
        pytest.raises(NoRegion, match=r"no answer within 0\.05 s"),
    ):
        Bellrock(f"http://127.0.0.1:{server.server_port}", "t", within=0.05).health()
