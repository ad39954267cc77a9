"""A stand-in for the region: it serves the built page and the API's shapes, and says what a test tells it to say."""

import asyncio
import contextlib
import json
import socket
import threading
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import uvicorn

from tests.browser.sites import Json, Site

PAGE = Path(__file__).parents[2] / "src" / "bellrock" / "_page"
TOKEN = "one-time-token"
USERS = {"ada": "admin", "otto": "operator", "vera": "viewer"}
PASSWORD = "correct horse"
RANKS = ("viewer", "operator", "admin")
FINGERPRINT = "SHA256:" + ":".join(f"{n:02X}" for n in range(32))
CSP = "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
TYPES = {".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}


class StandIn:
    """A region on a free loopback port, in a thread of its own. `show` may be called from any thread.

    Attributes:
        site: what it says now.
        calls: the state-changing calls it was sent, as (method, path, body).
        me: whom the session belongs to; None ends it.
    """

    def __init__(self, site: Site) -> None:
        self.site = site
        self.calls: list[tuple[str, str, Json]] = []
        self.silent = False
        self.me: Json | None = None
        self.first_run = False
        self.audit: list[Json] = []
        self.users = dict(USERS)
        self.regions = ["https://10.10.0.1:5443"]
        self._sockets: set[asyncio.Queue[Json | None]] = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        config = uvicorn.Config(
            self._app,
            log_level="critical",
            lifespan="off",
            interface="asgi3",
            ws="websockets-sansio",
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "StandIn":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.drop()
        self._server.should_exit = True
        self._thread.join(10)
        self._listener.close()
        assert not self._thread.is_alive()

    def show(self, site: Site) -> None:
        """Says this from now on, to all who listen."""
        self.site = site
        for message in self._messages():
            self._say(message)

    def drop(self) -> None:
        """Ends all streams."""
        self._say(None)

    def _say(self, message: Json | None) -> None:
        def put() -> None:
            for queue in self._sockets:
                queue.put_nowait(message)

        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(put)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._server.serve(sockets=[self._listener]))
        finally:
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._loop.close()

    def _messages(self) -> list[Json]:
        site = self.site
        return [
            {"type": "topology", **site.topology},
            {"type": "hosts", "hosts": site.hosts},
            {"type": "interfaces", "interfaces": site.interfaces},
            {"type": "refusals", "refusals": site.refusals},
            {"type": "mtu", **site.mtu},
            {"type": "matrix", **site.matrix},
            {"type": "findings", **site.findings},
            {"type": "nodes", "nodes": site.nodes},
            *([{"type": "enrolments", "enrolments": site.enrolments}] if self._may("operator") else []),
        ]

    def _may(self, role: str) -> bool:
        return self.me is not None and RANKS.index(self.me["role"]) >= RANKS.index(role)

    async def _app(self, scope: Json, receive: Any, send: Any) -> None:
        if scope["type"] == "websocket":
            await self._live(scope, receive, send)
        else:
            body = await _body(receive)
            status, headers, content = self._answer(scope, body)
            await send({"type": "http.response.start", "status": status, "headers": headers})
            await send({"type": "http.response.body", "body": content})

    async def _live(self, scope: Json, receive: Any, send: Any) -> None:
        await receive()
        if not self._known(scope) or self.silent:
            await send({"type": "websocket.close", "code": 4401})
            return
        await send({"type": "websocket.accept"})
        queue: asyncio.Queue[Json | None] = asyncio.Queue()
        self._sockets.add(queue)
        reader = asyncio.ensure_future(_until_closed(receive, queue))
        try:
            for message in self._messages():
                await send({"type": "websocket.send", "text": json.dumps(message)})
            while (message := await queue.get()) is not None:
                await send({"type": "websocket.send", "text": json.dumps(message)})
            if not reader.done():
                await send({"type": "websocket.close", "code": 1001})
        finally:
            self._sockets.discard(queue)
            reader.cancel()

    def _answer(self, scope: Json, body: bytes) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
        method, path = scope["method"], scope["path"]
        if not path.startswith("/api/"):
            return _static(path)
        if path == "/api/v1/login":
            return self._login(json.loads(body))
        if not self._known(scope):
            return _json(401, {"title": "Login needed", "detail": "Log in with the one-time token."})
        if method != "GET":
            assert dict(scope["headers"]).get(b"x-bellrock") == b"1"
            return self._change(scope, json.loads(body or b"{}"))
        query = {key: values[0] for key, values in parse_qs(scope["query_string"].decode()).items()}
        answers = {
            "/api/v1/topology": lambda: self.site.topology,
            "/api/v1/hosts": lambda: self.site.hosts,
            "/api/v1/interfaces": lambda: self.site.interfaces,
            "/api/v1/refusals": lambda: self.site.refusals,
            "/api/v1/me": lambda: self.me,
            "/api/v1/authority": lambda: {
                "fingerprint": FINGERPRINT,
                "certificate": "-----BEGIN",
                "regions": self.regions,
            },
            "/api/v1/evidence": lambda: self._evidence(query["host"], query["interface"]),
            "/api/v1/topology/explain": lambda: self._explain(query["a"], query["b"]),
        }
        for (agent, flow), results in self.site.results.items():
            answers[f"/api/v1/matrix/{agent}/{flow}"] = lambda results=results: results
        if self._may("admin"):
            answers["/api/v1/users"] = lambda: [
                {"name": name, "role": role, "created": 1_795_000_000.0, "seen": None, "sessions": 0}
                for name, role in sorted(self.users.items())
            ]
            answers["/api/v1/audit"] = lambda: _page(self.audit, **query)
        if self._may("operator"):
            answers["/api/v1/secrets"] = lambda: self.site.secrets
        return _json(200, answers[path]()) if path in answers else _json(404, {"title": "Not found"})

    def _known(self, scope: Json) -> bool:
        return self.me is not None and _cookie(scope)

    def _login(self, body: Json) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
        if "user" in body:
            if body["user"] not in USERS or body["password"] != PASSWORD:
                return _json(403, {"title": "Login refused", "detail": "User name or password is wrong."})
            self.me = {"user": body["user"], "role": USERS[body["user"]], "first_run": False}
        elif body.get("token") != TOKEN:
            return _json(403, {"title": "Login refused", "detail": "This token is wrong or was used already."})
        else:
            self.me = {"user": "one-time login", "role": "admin", "first_run": self.first_run}
        return 204, [(b"set-cookie", b"bellrock_session=s; HttpOnly; SameSite=Strict; Path=/")], b""

    def _change(self, scope: Json, body: Json) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
        method, path = scope["method"], scope["path"]
        self.calls.append((method, path, body))
        if path.startswith("/api/v1/users/"):
            return self._change_user(path.split("/")[4], body)
        if path == "/api/v1/users":
            self.users[body["name"]] = body["role"]
            self.first_run = False
            self.me = {**(self.me or {}), "first_run": False}
            return _json(201, {"name": body["name"], "role": body["role"]})
        if path == "/api/v1/mtu/measure":
            after = self.site.changed()
            after.mtu["measuring"] = ["rack-1", "rack-2"]
            self.show(after)
            return _json(202, {"agents": ["rack-1", "rack-2"]})
        if path == "/api/v1/probes":
            after = self.site.changed()
            agents = [{"agent": name, "checks": 20, "left": 14} for name in ("rack-1", "rack-2")]
            after.matrix["running"] = [{"run": "01", "checks": 40, "left": 28, "agents": agents}]
            self.show(after)
            return _json(202, {"run": "01"})
        if path.startswith("/api/v1/enrolments/"):
            code = parse_qs(scope["query_string"].decode()).get("code", [""])[0]
            return self._decide(*path.split("/")[4:], code)
        if method == "PATCH":
            _, _, _, what, wanted = path.split("/")
            after = self.site.changed()
            named = (
                after.topology["fabrics"]
                if what == "fabrics"
                else [v for f in after.topology["fabrics"] for v in f["vlans"]]
            )
            next(item for item in named if item["id"] == wanted)["name"] = body["name"]
            self.show(after)
            return _json(200, {})
        return 204, [(b"set-cookie", b"bellrock_session=; Max-Age=0; Path=/")], b""

    def _change_user(self, name: str, body: Json) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
        if list(self.users.values()) == ["admin"] or (name == "ada" and body.get("role") != "admin"):
            return _json(409, {"title": "Conflict", "detail": f"{name} is the only admin."})
        if body:
            self.users[name] = body["role"]
        else:
            del self.users[name]
        return 204, [], b""

    def _decide(self, agent: str, act: str, code: str) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
        if not self._may("admin"):
            return _json(403, {"title": "Forbidden", "detail": "That needs the role admin."})
        after = self.site.changed()
        one = next(item for item in after.enrolments if item["agent"] == agent)
        if code and code != one["code"]:
            detail = (
                f"another machine asks as agent {agent} ({one['name']}) by now: its code is {one['code']}, not {code}."
            )
            return _json(409, {"title": "Conflict", "detail": detail})
        one["state"] = {"approve": "approved", "revoke": "revoked"}[act]
        self.show(after)
        return 204, [], b""

    def _members(self) -> list[tuple[str, Json]]:
        return [
            (vlan["id"], member)
            for fabric in self.site.topology["fabrics"]
            for vlan in fabric["vlans"]
            for member in vlan["members"]
        ]

    def _evidence(self, host: str, interface: str) -> list[Json]:
        own = [member for _, member in self._members() if (member["host"], member["interface"]) == (host, interface)]
        return [
            {
                "kind": member["strength"],
                "port": {"host": host, "interface": interface, "vid": member["vid"]},
                "peer": None,
                "peer_name": "region",
                "sentence": f"region acknowledged a fresh beacon of {_name(member)}.",
                "round_trip": 0.00031,
                "since_age": 3600.0,
                "age": 2.5,
                "source_mac": "52:54:00:00:00:01",
                "proof": ["01JABC"],
            }
            for member in own
        ]

    def _explain(self, a: str, b: str) -> Json:
        ports = {_name(member): (vlan, member) for vlan, member in self._members()}
        if a not in ports or b not in ports:
            return {"verdict": "unknown", "chain": [], "missing": f"no beacon names {a if a not in ports else b}"}
        (vlan_a, first), (vlan_b, last) = ports[a], ports[b]
        if vlan_a != vlan_b:
            return {"verdict": "apart", "chain": [], "missing": f"a beacon that {a} sends and {b} hears"}
        between = next(
            (m for v, m in self._members() if v == vlan_a and m["host"] not in (first["host"], last["host"])), last
        )
        steps = [(first, between), (between, last)] if between is not last else [(first, last)]
        chain = [
            {
                "a": x,
                "b": y,
                "kind": "confirmed",
                "sentence": f"{_name(y)} answered a beacon that {_name(x)} had sent 0.4 ms before.",
                "age": 3.0,
            }
            for x, y in steps
        ]
        return {"verdict": "same-vlan", "chain": chain, "missing": None}


def _name(member: Json) -> str:
    return f"{member['host']}/{member['interface']}" + ("" if member["vid"] is None else f".{member['vid']}")


def _cookie(scope: Json) -> bool:
    return b"bellrock_session=s" in dict(scope["headers"]).get(b"cookie", b"")


def _page(entries: list[Json], limit: str, before: str = "999999") -> list[Json]:
    return [entry for entry in reversed(entries) if entry["id"] < int(before)][: int(limit)]


def _json(status: int, value: Any) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    return status, [(b"content-type", b"application/json")], json.dumps(value).encode()


def _static(path: str) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    file = (PAGE / (path.lstrip("/") or "index.html")).resolve()
    if not file.is_relative_to(PAGE.resolve()) or not file.is_file():
        return 404, [], b"not here"
    headers = [
        (b"content-type", TYPES[file.suffix].encode()),
        (b"content-security-policy", CSP.encode()),
        (b"x-content-type-options", b"nosniff"),
    ]
    return 200, headers, file.read_bytes()


async def _body(receive: Any) -> bytes:
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            return body


async def _until_closed(receive: Any, queue: asyncio.Queue[Json | None]) -> None:
    while (await receive())["type"] != "websocket.disconnect":
        pass
    queue.put_nowait(None)
