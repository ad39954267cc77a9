"""Where regions are, and HTTP to them."""

from __future__ import annotations

import http.server
import socketserver
import threading

import pytest

from bellrock.client.transport import Place, answering, parse_place


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("http://127.0.0.1:5240", Place("127.0.0.1", 5240)),
        ("https://[fd00::1]:5443/", Place("fd00::1", 5443, tls=True)),
        ("unix:/run/x", Place(unix="/run/x")),
    ],
)
def test_places(url, place):
    assert parse_place(url) == place


@pytest.mark.parametrize(
    "url", ["", "unix:", "http://host", "ftp://host:1", "https://host:1/path", "https://host:x", "host:1"]
)
def test_what_is_no_place(url):
    with pytest.raises(ValueError, match=r"is not https|Port could not"):
        parse_place(url)


class Handler(http.server.BaseHTTPRequestHandler):
    def do_PUT(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass

    def address_string(self):
        return ""


def test_a_unix_socket(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with socketserver.UnixStreamServer("s", Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            with answering(Place(unix="s"), None, "PUT", "/x", {}, b"body", 5) as answer:
                assert (answer.status, answer.read()) == (200, b"body")
        finally:
            server.shutdown()
            thread.join()


def test_nothing_there():
    with pytest.raises(OSError), answering(Place(unix="nowhere"), None, "GET", "/", {}, None, 5):  # noqa: PT011 -- whichever
        pass
