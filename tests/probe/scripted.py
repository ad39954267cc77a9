"""A web server on loopback that answers each path as a test says, over connections that it keeps, or with TLS."""

import contextlib
import threading
from contextlib import contextmanager

from tests.probe.secure import tls_server


def answer(status="200 OK", body=b"", **headers):
    """An HTTP answer; `content_type` is a field of that name."""
    fields = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    body = body.encode() if isinstance(body, str) else body
    return f"HTTP/1.1 {status}\r\n{fields}content-length: {len(body)}\r\n\r\n".encode() + body


NOT_FOUND = answer("404 Not Found", b"nothing here")


class Seen:
    """What was asked: heads of requests, and how many connections they came over."""

    def __init__(self):
        self.connections = 0
        self.requests = []
        self.lock = threading.Lock()

    @property
    def paths(self):
        return [head.split(" ")[1] for head in self.requests]


@contextmanager
def scripted(answers, context=None, *, once=False):
    """Port and what was seen. `answers`: path → octets, or a function of the request's head. `once`: one request a connection."""
    seen = Seen()

    def serve(connection):
        with seen.lock:
            seen.connections += 1
        with contextlib.suppress(OSError):
            pending = b""
            while octets := connection.recv(65536):
                pending += octets
                if pending[0] == 0x16:  # a TLS record, which a plain server cannot make anything of
                    return
                while b"\r\n\r\n" in pending:
                    head, pending = pending.split(b"\r\n\r\n", 1)
                    text = head.decode("latin-1")
                    seen.requests.append(text)
                    made = answers.get(text.split(" ")[1] if text.count(" ") > 1 else "", NOT_FOUND)
                    connection.sendall(made(text) if callable(made) else made)
                    if once:
                        return

    with tls_server(serve, context) as port:
        yield port, seen
