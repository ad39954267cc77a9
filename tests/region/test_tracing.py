"""Traces: sent to a real receiver, part of who asked, and no work at all while they are off."""

from __future__ import annotations

import subprocess
import sys
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from bellrock.region import tracing as module
from bellrock.region.errors import RegionError
from bellrock.region.tracing import answered, done, endpoint_of, ordered, request, span, tracing
from tests.region.support import agent, asynchronous, host_seen, interface, region

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@contextmanager
def collector():
    """An OTLP receiver on loopback: its URL, and the spans that it got with the resources they came of."""
    spans = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            assert self.path == "/v1/traces"
            for found in ExportTraceServiceRequest.FromString(body).resource_spans:
                what = {one.key: one.value.string_value for one in found.resource.attributes}
                spans.extend((what, one) for scope in found.scope_spans for one in scope.spans)
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Receiver) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}", spans
        finally:
            server.shutdown()
            thread.join()


@asynchronous
async def test_a_region_sends_what_it_does_to_a_collector(tmp_path):
    with collector() as (url, spans):
        async with region(tmp_path, otlp=url, name="region-7") as running:
            async with running.client(authorization=f"Bearer {running.token}") as client:
                sent = {"traceparent": f"00-{TRACE}-{PARENT}-01"}
                assert (await client.get("/api/v1/topology", headers=sent)).status_code == 200
            async with agent(running.url) as one:
                await one.report(1, host_seen(), interface(), begin=True)
                await one.acknowledged(1)
    what, asked = next(one for one in spans if one[1].name == "GET /api/v1/topology")
    assert (what["service.name"], what["service.instance.id"]) == ("bellrock-region", "region-7")
    assert (asked.trace_id.hex(), asked.parent_span_id.hex()) == (TRACE, PARENT)
    told = {one.key: one.value for one in asked.attributes}
    assert told["http.response.status_code"].int_value == 200
    by_id = {one.span_id: one for _, one in spans}
    parents = {(one.name, by_id[one.parent_span_id].name) for _, one in spans if one.parent_span_id in by_id}
    # From what came in by way of the database to conclusions and those who watch.
    assert ("database_transaction", "ingest") in parents
    assert ("database commit", "database_transaction") in parents
    assert ("inference apply", "ingest") in parents
    assert ("inference conclude", "publish") in parents
    assert module._tracing is None


@pytest.fixture
def traced():
    exporter = InMemorySpanExporter()
    with tracing("http://127.0.0.1:1", "region", exporter):
        yield exporter


def finished(exporter):
    module._tracing.provider.force_flush()
    return {one.name: one for one in exporter.get_finished_spans()}


def test_steps_are_within_those_around_them(traced):
    with span("outer", agents=3), span("inner"):
        pass
    found = finished(traced)
    assert found["inner"].parent.span_id == found["outer"].context.span_id
    assert found["outer"].attributes == {"bellrock.agents": 3}


@pytest.mark.parametrize(("status", "failed"), [("200", False), ("404", False), ("503", True)])
def test_how_a_request_ended(traced, status, failed):
    with request([(b"host", b"x"), (b"traceparent", b"nonsense")], "GET") as made:
        answered(made, "GET", "/api/v1/hosts", status)
    found = finished(traced)["GET /api/v1/hosts"]
    assert found.parent is None
    assert found.attributes["http.response.status_code"] == int(status)
    assert (found.status.status_code.name == "ERROR") is failed


@pytest.mark.parametrize("why", ["", "no such port"])
def test_an_order_lasts_until_it_is_done(traced, why):
    ordered("O-1", "01A", "MeasureMtu")
    assert finished(traced) == {}
    done("O-1", why)
    done("O-1", why)
    done("never", "")
    found = finished(traced)["order MeasureMtu"]
    assert found.attributes["bellrock.agent"] == "01A"
    assert (found.status.status_code.name == "ERROR") is bool(why)


def test_orders_that_nobody_answers_are_forgotten(traced, monkeypatch):
    monkeypatch.setattr(module, "MAX_ORDERS", 2)
    for number in range(5):
        ordered(str(number), "a", "x")
    assert list(module._tracing.orders) == ["3", "4"]


def test_while_it_is_off_nothing_is_done():
    assert span("a", b=1) is span("c")
    with span("a") as made, request([], "GET") as asked:
        assert made is None
        assert asked is None
    answered(None, "GET", "/", "200")
    ordered("O", "a", "x")
    done("O", "")


def test_while_it_is_off_nothing_is_imported():
    check = (
        "import sys, bellrock.region.server; sys.exit(any(name.startswith('opentelemetry') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", check], check=False, timeout=120).returncode == 0


@pytest.mark.parametrize(
    "text", ["https://collector.example:4318", "http://127.0.0.1:4318/", "http://[::1]:4318", "http://localhost:4318"]
)
def test_endpoints_that_will_do(text):
    assert endpoint_of(text) == text.rstrip("/")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("http://collector.example:4318", "beyond this machine they go by https"),
        ("http://10.0.0.1:4318", "beyond this machine"),
        ("https://user:pass@collector.example", "without user and password"),
        ("collector.example:4318", "expected https"),
        ("ftp://127.0.0.1", "expected https"),
        ("https://", "expected https"),
    ],
)
def test_endpoints_that_will_not_do(text, why):
    with pytest.raises(RegionError, match=why) as error:
        endpoint_of(text)
    assert "pass@" not in str(error.value)


def test_without_the_packages_one_line_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    with pytest.raises(RegionError, match=r"install bellrock\[otel\]"), tracing("http://127.0.0.1:1", "region"):
        pass


class Stuck(InMemorySpanExporter):
    """A collector that takes what it is sent, and does not answer."""

    def __init__(self):
        super().__init__()
        self.begun, self.goes_on = threading.Event(), threading.Event()

    def export(self, spans):
        self.begun.set()
        self.goes_on.wait()
        return super().export(spans)


def test_a_collector_that_does_not_answer_does_not_hold_up_the_end(monkeypatch):
    monkeypatch.setattr(module, "FLUSH_MS", 50)
    stuck, over = Stuck(), threading.Event()

    def scene():
        with tracing("http://127.0.0.1:1", "region", stuck), span("a"):
            pass
        over.set()

    threading.Thread(target=scene, daemon=True).start()
    try:
        assert stuck.begun.wait(60)
        assert over.wait(30), "the region does not end while the collector does not answer"
    finally:
        stuck.goes_on.set()


def test_what_waits_is_sent_at_the_end():
    exporter = InMemorySpanExporter()
    with tracing("http://127.0.0.1:1", "region", exporter), span("a"):
        pass
    assert [one.name for one in exporter.get_finished_spans()] == ["a"]
