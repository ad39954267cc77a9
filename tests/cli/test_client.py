"""Asking a region, and whatever else may be listening where one should be."""

import contextlib
import http.server
import json
import socket
import socketserver
import ssl
import tempfile
import threading
import time
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from bellrock.cli import client
from bellrock.cli.client import send
from bellrock.cli.output import Failure
from bellrock.model import Wall
from bellrock.region.certificates import make_authority, pem_of, sign_server


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.append((self.path, self.headers["Authorization"]))
        status, body = self.server.answer
        if isinstance(body, bytes) and status is None:  # no HTTP at all
            self.wfile.write(body)
            return
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        self.server.bodies.append((self.command, self.headers["Content-Type"], body))
        self.do_GET()

    do_DELETE = do_POST

    def log_message(self, *_):
        pass

    def address_string(self):
        return "client"


class UnixServer(socketserver.UnixStreamServer):
    pass


@contextlib.contextmanager
def serving(server, answer):
    server.answer, server.asked, server.bodies = answer, [], []
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def tcp(answer):
    return serving(http.server.HTTPServer(("127.0.0.1", 0), Handler), answer)


@pytest.fixture
def state(tmp_path):
    (tmp_path / "region").mkdir()
    (tmp_path / "region" / "api-token").write_text("the-token\n")
    return tmp_path


def get(region, state, path):
    return send(region, state, "GET", path)


def failure(region, state, path="/topology"):
    with pytest.raises(Failure) as caught:
        get(region, state, path)
    assert caught.value.exit_code in {2, 3}
    assert "the-token" not in caught.value.message
    return caught.value.message


def test_the_answer_is_asked_for_with_the_token(state):
    with tcp((200, b'{"a": 1}')) as server:
        assert get(f"http://127.0.0.1:{server.server_port}", state, "/x?a=1") == {"a": 1}
    assert server.asked == [("/api/v1/x?a=1", "Bearer the-token")]


def test_a_unix_socket_is_asked_alike(state, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with serving(UnixServer("socket", Handler), (200, b"[]")) as server:
        assert get("unix:socket", state, "/x") == []
    assert server.asked == [("/api/v1/x", "Bearer the-token")]
    assert failure("unix:nowhere", state) == "no region at unix:nowhere: No such file or directory"


def test_the_token_is_not_for_whoever_has_taken_the_port_of_a_region_that_is_down(tmp_path, monkeypatch):
    with tempfile.TemporaryDirectory() as short, tcp((200, b"[]")) as server:
        state = Path(short)
        (state / "region").mkdir()
        (state / "region" / "api-token").write_text("the-token\n")
        url = f"http://127.0.0.1:{server.server_port}"
        monkeypatch.setattr(client, "HERE", url)
        assert f"no region at {url}: none listens at its socket in {state}/region;" in failure(url, state)
        assert server.asked == []
        (tmp_path / "own").write_text("bellrock_x\n")
        monkeypatch.setenv("BELLROCK_TOKEN_FILE", str(tmp_path / "own"))
        assert get(url, state, "/x") == []


@pytest.mark.parametrize("host", ["192.0.2.1", "127.example", "localhost.example", "[2001:db8::1]"])
def test_no_token_is_sent_in_clear_to_another_machine(state, host, monkeypatch):
    monkeypatch.setattr(client.http.client, "HTTPConnection", None)
    assert f"http://{host}:5240: no token is sent in clear to another machine; ask https://HOST:PORT" == failure(
        f"http://{host}:5240", state
    )


def test_a_region_that_was_told_to_listen_elsewhere_is_asked_at_its_own_socket(state, monkeypatch):
    monkeypatch.chdir(state)  # a socket's path has 107 octets at most, and pytest's directories are deep
    with serving(UnixServer("region/local.sock", Handler), (200, b"[]")) as server:
        assert get("http://127.0.0.1:5240", Path(), "/x") == []
        assert len(server.asked) == 1
        server.answer = (404, b'{"detail": "no such thing"}')
        assert failure("http://127.0.0.1:5240", Path(), "/x") == "unix:region/local.sock: no such thing"
    assert "no region at http://127.0.0.1:5240" in failure("http://127.0.0.1:5240", Path(), "/x")


@pytest.mark.parametrize(
    ("answer", "line"),
    [
        ((200, b"<html>"), "what answers there is not a region (no JSON, status 200)"),
        ((404, b"nginx"), "what answers there is not a region (no JSON, status 404)"),
        ((200, b"\xff\xfe"), "what answers there is not a region (no JSON, status 200)"),
        ((200, b"[" * 100_000), "what answers there is not a region (no JSON, status 200)"),
        ((None, b"SSH-2.0-OpenSSH_9\r\n"), "what answers there is not a region (BadStatusLine("),
        ((401, json.dumps({"detail": "wrong\n token \x1b[5m"}).encode()), "wrong token \\x1b[5m"),
        ((500, b"{}"), "status 500"),
        ((500, b"[1]"), "status 500"),
    ],
)
def test_what_else_answers_is_told_for_what_it_is(state, answer, line):
    with tcp(answer) as server:
        message = failure(f"http://127.0.0.1:{server.server_port}", state)
    assert line in message
    assert f"http://127.0.0.1:{server.server_port}: " in message


def test_nobody_answers(state):
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port = bound.getsockname()[1]
        assert failure(f"http://127.0.0.1:{port}", state) == (
            f"no region at http://127.0.0.1:{port}: Connection refused; `bellrock up` starts one"
        )


def test_one_that_never_answers_is_not_waited_for_without_end(state, monkeypatch):
    monkeypatch.setattr(client, "TIMEOUT", 0.2)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        assert "no answer within 0.2 s" in failure(f"http://127.0.0.1:{silent.getsockname()[1]}", state)


def test_a_bad_address_is_said_before_a_missing_token(tmp_path):
    assert "expected https://HOST:PORT, http://HOST:PORT" in failure("nowhere", tmp_path)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (None, "api-token: No such file or directory; it is made where the region runs: give its --state-dir"),
        (b"", "not a token"),
        (b"\xff\xfe", "not a token"),
        (b"a\r\nHost: b", "not a token"),
        (b"x" * 5000, "not a token"),
    ],
)
def test_a_token_that_is_none_is_never_sent(state, text, line):
    path = state / "region" / "api-token"
    path.unlink()
    if text is not None:
        path.write_bytes(text)
    message = failure("http://127.0.0.1:9", state)
    assert line in message
    assert str(path) in message


def test_changes_are_sent_with_what_they_change(state):
    with tcp((201, b'{"id": "t-1"}')) as server:
        url = f"http://127.0.0.1:{server.server_port}"
        assert send(url, state, "POST", "/tokens", {"name": "ä"}) == {"id": "t-1"}
        server.answer = (204, b"")
        assert send(url, state, "DELETE", "/tokens/t-1") is None
    assert server.bodies == [("POST", "application/json", b'{"name": "\\u00e4"}'), ("DELETE", None, b"")]
    assert server.asked == [("/api/v1/tokens", "Bearer the-token"), ("/api/v1/tokens/t-1", "Bearer the-token")]


@pytest.mark.parametrize(("status", "code"), [(400, 2), (401, 3), (403, 3), (404, 1), (409, 1), (429, 3), (500, 3)])
def test_a_change_that_is_refused_has_an_exit_code(state, status, code):
    with tcp((status, b'{"detail": "No."}')) as server:
        url = f"http://127.0.0.1:{server.server_port}"
        with pytest.raises(Failure, match="No\\.") as caught:
            send(url, state, "POST", "/x", {})
        assert caught.value.exit_code == code
        with pytest.raises(Failure) as caught:
            get(url, state, "/x")
        assert caught.value.exit_code == 3


def test_a_token_of_ones_own(state, tmp_path, monkeypatch):
    named = tmp_path / "token"
    monkeypatch.setenv("BELLROCK_TOKEN_FILE", str(named))
    assert "token: No such file or directory; BELLROCK_TOKEN_FILE names it" in failure("http://127.0.0.1:9", state)
    named.write_text("two words\nmore")
    assert "not a token; `bellrock token new` makes one" in failure("http://127.0.0.1:9", state)
    named.write_text("bellrock_x\n")
    with tcp((200, b"[]")) as server:
        get(f"http://127.0.0.1:{server.server_port}", state, "/x")
    assert server.asked == [("/api/v1/x", "Bearer bellrock_x")]


def test_over_tls_a_region_is_held_to_an_authority(tmp_path, monkeypatch):
    monkeypatch.delenv("BELLROCK_AUTHORITY", raising=False)
    with pytest.raises(Failure, match=r"no authority to hold the region to: .* give --authority FILE"):
        get("https://127.0.0.1:1", tmp_path, "/hosts")
    (tmp_path / "other").write_text("nothing")
    monkeypatch.setenv("BELLROCK_AUTHORITY", str(tmp_path / "other"))
    with pytest.raises(Failure, match="other: no certificate in PEM; it is the authority"):
        get("https://127.0.0.1:1", tmp_path, "/hosts")
    (tmp_path / "region").mkdir()
    (tmp_path / "region" / "api-token").write_text("the-token")
    with tls(tmp_path) as url:
        monkeypatch.setenv("BELLROCK_AUTHORITY", str(tmp_path / "right"))
        assert get(url, tmp_path, "/hosts") == []
        monkeypatch.setenv("BELLROCK_AUTHORITY", str(tmp_path / "wrong"))
        said = failure(url, tmp_path)
    assert said.startswith(f"{url}: what answers there is not of the authority in {tmp_path}/wrong (")
    assert said.endswith("); --authority FILE names another")
    monkeypatch.setenv("BELLROCK_AUTHORITY", str(tmp_path / "missing"))
    with pytest.raises(Failure, match="missing: No such file or directory; it is the authority"):
        get("https://127.0.0.1:1", tmp_path, "/hosts")


@contextlib.contextmanager
def tls(directory):
    """A server with a certificate of the authority in `right`, which is not the one in `wrong`."""
    key = ec.generate_private_key(ec.SECP256R1())
    right, wrong = (make_authority(name, Wall(time.time())) for name in ("right", "wrong"))
    (directory / "right").write_text(pem_of(right.certificate))
    (directory / "wrong").write_text(pem_of(wrong.certificate))
    leaf = sign_server(right, key.public_key(), ["127.0.0.1"], Wall(time.time()))
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    (directory / "server").write_text(private + pem_of(leaf))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(directory / "server")
    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    with serving(server, (200, b"[]")):
        yield f"https://127.0.0.1:{server.server_port}"


@pytest.mark.parametrize("region", ["https://10.0.0.1:5443", "http://10.0.0.1:5240"])
def test_over_the_network_another_token_is_needed_and_that_is_said(region, monkeypatch):
    refused = json.dumps({"detail": "log in"}).encode()

    def why(where):
        with pytest.raises(Failure) as caught:
            client._answer(where, Path("/s"), "GET", 401, refused)
        return caught.value.message

    monkeypatch.delenv("BELLROCK_TOKEN_FILE", raising=False)
    assert "`bellrock token new NAME` at the region makes one, $BELLROCK_TOKEN_FILE names the file" in why(region)
    for here in ("unix:/s", "http://127.0.0.1:5240", "https://[::1]:5443"):
        assert why(here) == f"{here}: log in"
    monkeypatch.setenv("BELLROCK_TOKEN_FILE", "/t")
    assert why(region) == f"{region}: log in"


def test_what_was_typed_and_is_no_text_is_not_sent(state):
    for body, line in (
        ({"name": "b\udcff", "role": "viewer"}, r"name b\xff: not UTF-8, so not text; nothing was sent"),
        ({"name": "b", "password": "\udcffsecret"}, "what was typed: not UTF-8, so not text; nothing was sent"),
    ):
        with tcp((200, b"[]")) as server, pytest.raises(Failure) as caught:
            client.send(f"http://127.0.0.1:{server.server_port}", state, "POST", "/users", body)
        assert (caught.value.message, server.asked) == (line, [])


def test_of_a_token_that_does_not_count_its_file_is_said(state, monkeypatch):
    login = b'{"detail": "Log in (POST /api/v1/login) as a user."}'
    monkeypatch.delenv("BELLROCK_TOKEN_FILE", raising=False)
    with tcp((401, login)) as server:
        told = failure(f"http://127.0.0.1:{server.server_port}", state)
        assert f"the token in {state}/region/api-token does not count: it was revoked" in told
        assert "Log in" not in told
        kept = state / "mine"
        kept.write_text("t")
        monkeypatch.setenv("BELLROCK_TOKEN_FILE", str(kept))
        assert f"the token in {kept} does not count" in failure(f"http://127.0.0.1:{server.server_port}", state)


def test_a_socket_that_is_not_there_is_said_before_a_token_is_missed(tmp_path, monkeypatch):
    monkeypatch.delenv("BELLROCK_TOKEN_FILE", raising=False)
    assert failure("unix:/nowhere/s", tmp_path) == "no region at unix:/nowhere/s: No such file or directory"
