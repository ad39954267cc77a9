"""Traces of a region's work, for whoever collects them by OTLP. Off unless an endpoint is given: then nothing is imported, and a span is no work."""

import contextlib
import ipaddress
import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from bellrock.region.errors import RegionError

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SpanExporter
    from opentelemetry.trace import Span

MAX_ORDERS: Final = 1024
"""Orders under way that are traced; of older ones nothing is told."""
FLUSH_MS: Final = 2000
"""Milliseconds for the last spans when the region stops."""
_NOTHING: Final[AbstractContextManager[None]] = contextlib.nullcontext()


class _Tracing:
    """What is imported only if it is wanted."""

    def __init__(self, exporter: "SpanExporter", name: str) -> None:
        from opentelemetry import context, trace
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        what = {"service.name": "bellrock-region", "service.instance.id": name, "service.version": version("bellrock")}
        self.provider = TracerProvider(resource=Resource.create(what), shutdown_on_exit=False)
        self.provider.add_span_processor(BatchSpanProcessor(exporter))
        self.tracer = self.provider.get_tracer("bellrock")
        self.context, self.trace = context, trace
        self.propagator = TraceContextTextMapPropagator()
        self.orders: OrderedDict[str, Span] = OrderedDict()


_tracing: _Tracing | None = None


def endpoint_of(text: str) -> str:
    """The address of a collector, checked: with TLS, or on this machine.

    Raises:
        RegionError: it is neither.
    """
    parts = urlsplit(text)
    host = parts.hostname or ""
    local = host == "localhost"
    with contextlib.suppress(ValueError):
        local = local or ipaddress.ip_address(host).is_loopback
    if not host or parts.username or parts.password or parts.scheme not in ("https", "http"):
        raise RegionError(
            "--otlp-endpoint: expected https://HOST[:PORT] or http://127.0.0.1:PORT, without user and password"
        )
    if parts.scheme == "http" and not local:
        raise RegionError(
            f"--otlp-endpoint {text}: traces tell names of hosts and users; beyond this machine they go by https:// only"
        )
    return text.rstrip("/")


@contextlib.contextmanager
def tracing(endpoint: str, name: str, exporter: "SpanExporter | None" = None) -> Iterator[None]:
    """Trace while the body runs, if there is an endpoint (`http://127.0.0.1:4318`); what waits is sent at its end.

    Raises:
        RegionError: the packages for it are not installed.
    """
    global _tracing  # noqa: PLW0603 -- a process traces, or does not
    if not endpoint:
        yield
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    except ImportError:
        raise RegionError("--otlp-endpoint needs packages that are not installed: install bellrock[otel]") from None
    made = _Tracing(exporter or OTLPSpanExporter(f"{endpoint_of(endpoint)}/v1/traces", timeout=FLUSH_MS / 1000), name)
    _tracing = made
    try:
        yield
    finally:
        _tracing = None
        _end(made.provider)


def _end(provider: "TracerProvider") -> None:
    """Send what waits, for so long. `force_flush` and `shutdown` of the packages have bounds that hold not what an exporter does."""

    def end() -> None:
        provider.force_flush(FLUSH_MS)
        provider.shutdown()

    ending = threading.Thread(target=end, name="traces end", daemon=True)
    ending.start()
    ending.join(FLUSH_MS / 1000)


def span(name: str, **attributes: str | float) -> "AbstractContextManager[Span | None]":
    """A step of the work, within the one that is under way, if there is one."""
    if _tracing is None:
        return _NOTHING
    return _tracing.tracer.start_as_current_span(name, attributes=_named(attributes))


def step(metric: str, labels: tuple[str, ...]) -> "AbstractContextManager[Span | None]":
    """A step that is measured as well, under the name of its metric."""
    if _tracing is None:
        return _NOTHING
    return span(" ".join((metric.removeprefix("bellrock_").removesuffix("_seconds"), *labels)))


@contextlib.contextmanager
def request(headers: Iterable[tuple[bytes, bytes]], method: str) -> "Iterator[Span | None]":
    """An HTTP request; part of its sender's trace, where that says so (W3C Trace Context §3.2, `traceparent`)."""
    if _tracing is None:
        yield None
        return
    carrier = {
        key.decode("latin-1"): value.decode("latin-1")
        for key, value in headers
        if key in (b"traceparent", b"tracestate")
    }
    parent = _tracing.propagator.extract(carrier)
    with _tracing.tracer.start_as_current_span(
        method, context=parent, kind=_tracing.trace.SpanKind.SERVER, attributes={"http.request.method": method}
    ) as made:
        yield made


def answered(made: "Span | None", method: str, route: str, status: str) -> None:
    """How a request ended; names and attributes as OpenTelemetry's conventions for HTTP have them."""
    if made is None or _tracing is None:
        return
    made.update_name(f"{method} {route}")
    made.set_attributes({"http.route": route, "http.response.status_code": int(status)})
    if status.startswith("5"):
        made.set_status(_tracing.trace.Status(_tracing.trace.StatusCode.ERROR))


def ordered(order: str, agent: str, kind: str) -> None:
    """An order goes out to an agent; its span lasts until `done`."""
    if _tracing is None:
        return
    attributes = _named({"agent": agent, "order": order, "kind": kind})
    _tracing.orders[order] = _tracing.tracer.start_span(f"order {kind}", attributes=attributes)
    while len(_tracing.orders) > MAX_ORDERS:
        _tracing.orders.popitem(last=False)


def done(order: str, why: str) -> None:
    """An order is over; `why` it was declined, or nothing."""
    if _tracing is None or (held := _tracing.orders.pop(order, None)) is None:
        return
    if why:
        held.set_status(_tracing.trace.Status(_tracing.trace.StatusCode.ERROR, why))
    held.end()


def _named(attributes: Mapping[str, str | float]) -> dict[str, Any]:
    return {f"bellrock.{key}": value for key, value in attributes.items()}
