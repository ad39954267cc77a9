"""TLS servers on loopback for tests, each connection handled by a function in a thread; and work that is bounded."""

import asyncio
import contextlib
import ssl
from contextlib import asynccontextmanager

from bellrock.link.stream import connect
from tests.probe.peers import tcp_server


def server_context(files, version=None):
    """That shows a certificate, and speaks one version where one is given."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if version:
        context.minimum_version = context.maximum_version = version
    context.load_cert_chain(*files)
    return context


@contextlib.contextmanager
def tls_server(serve, context=None):
    """The port at which `serve(connection)` has connections, with TLS begun where there is a context."""

    def handle(connection):
        if context is None:
            return serve(connection)
        with contextlib.suppress(OSError), context.wrap_socket(connection, server_side=True) as secured:
            serve(secured)
        return None

    with tcp_server(handle) as port:
        yield port


def to_the_end(connection):
    """Read until the other end goes."""
    with contextlib.suppress(OSError):
        while connection.recv(65536):
            pass


@asynccontextmanager
async def connected(serve, context=None):
    """A stream to such a server."""
    with tls_server(serve, context) as port:
        async with await connect("127.0.0.1", port) as stream:
            yield stream


def run(work):
    """The result of a coroutine function, within bounds."""

    async def bounded():
        async with asyncio.timeout(20):
            return await work()

    return asyncio.run(bounded())
