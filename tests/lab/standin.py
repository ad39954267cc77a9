"""Stands in for `bellrock` where only its starting is tested: a region that answers what it is told to, racks that check in.

`standin.py region --listen unix:PATH --state-dir DIR …` serves the API's shapes on the socket from what racks wrote into the
directory beside its own; `standin.py rack --name NAME --state-dir DIR …` writes itself down there and waits.
A host named `dies` has a rack that ends at once, with words.
"""

import http.server
import json
import signal
import socketserver
import sys
from pathlib import Path


def option(name):
    return sys.argv[sys.argv.index(name) + 1]


class Handler(http.server.BaseHTTPRequestHandler):
    """The few answers that starting and settling need."""

    def do_GET(self):
        hosts = Path(option("--state-dir")).parent
        racks = [json.loads(path.read_text()) for path in sorted(hosts.glob("*/checked-in"))]
        answers = {
            "/healthz": lambda: {"status": "ok"},
            "/api/v1/hosts": lambda: [{"name": it["name"], "connected": True} for it in racks],
            "/api/v1/interfaces": lambda: [
                {"host": it["name"], "name": name, "settled": True, "speaks": True}
                for it in racks
                for name in it["interfaces"]
            ],
            "/api/v1/topology": lambda: {"revision": 7, "fabrics": [], "conflicts": [], "unknown": []},
            "/api/v1/none": lambda: 1 / 0,
        }
        if self.path.startswith("/api/") and self.headers.get("Authorization") != "Bearer token":
            self.answer(401, b'{"detail": "no token"}')
        elif self.path == "/api/v1/text":
            self.answer(200, b"words")
        elif self.path in answers:
            self.answer(200, json.dumps(answers[self.path]()).encode())
        else:
            self.answer(404, b'{"detail": "no such thing"}')

    def do_POST(self):
        self.answer(201, b'{"token": "once"}')

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def address_string(self):
        return "unix"


def region():
    state = Path(option("--state-dir")) / "region"
    state.mkdir(parents=True)
    (state / "api-token").write_text("token\n")
    path = option("--listen").removeprefix("unix:")
    with socketserver.ThreadingUnixStreamServer(path, Handler) as server:
        server.daemon_threads = True
        server.serve_forever()


def rack():
    name = option("--name")
    if name == "dies":
        sys.exit("the secret is wrong")
    state = Path(option("--state-dir"))
    state.mkdir(parents=True, exist_ok=True)
    (state / "coming").write_text(json.dumps({"name": name, "interfaces": ["eth0"]}))
    (state / "coming").rename(state / "checked-in")  # whole, or not there: the region reads it at any moment
    signal.pause()


if __name__ == "__main__":
    {"region": region, "rack": rack}[sys.argv[1]]()
