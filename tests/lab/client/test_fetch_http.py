"""HTTP as the client speaks it."""

import ssl

import pytest

from bellrock.lab.client import fetch_http
from bellrock.lab.client.fetch_http import Asking, fetch
from bellrock.lab.client.settings import Settings
from bellrock.lab.client.story import BootFailed, Story
from bellrock.lab.servers.certificates import AUTHORITY_FILE, Certificate, make_certificate
from tests.probe.peers import tcp_server


def asked(url, agent="ipxe", resolve=lambda _: "127.0.0.1", **more):
    lines = []
    story = Story(Settings(patience=0.3), write=lines.append)
    return fetch(Asking(url=url, step="metadata", agent=agent, **more), resolve, story), lines


def serving(answer, heard):
    """Answers every request of a connection."""

    def serve(connection):
        while head := connection.recv(65535):
            heard.append(head.decode())
            connection.sendall(answer)

    return serve


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"


def test_a_name_is_resolved_and_asked_for_as_itself():
    heard = []
    with tcp_server(serving(OK, heard)) as port:
        answer, lines = asked(f"http://region.lab.example:{port}/a?b=c")
    assert (answer.status, answer.body) == (200, b"hello")
    assert heard[0].startswith(f"GET /a?b=c HTTP/1.1\r\nHost: region.lab.example:{port}\r\n")
    assert "User-Agent: iPXE/" in heard[0]
    assert '"worked"' in lines[0]


def test_a_proxy_gets_the_whole_url_and_the_login():
    heard = []
    with tcp_server(serving(OK, heard)) as port:
        asked("http://mirror/x", "apt", proxy=f"http://proxy:{port}/", login="a:b")
    assert heard[0].startswith("GET http://mirror/x HTTP/1.1\r\nHost: mirror\r\n")
    assert "Proxy-Authorization: Basic YTpi" in heard[0]


def test_lingering_asks_twice_over_one_connection():
    heard = []
    with tcp_server(serving(OK, heard)) as port:
        asked(f"http://a:{port}/", "installer", linger=0.01)
    assert len(heard) == 2


def test_a_body_is_posted():
    heard = []
    with tcp_server(serving(OK, heard)) as port:
        asked(f"http://a:{port}/in", "installer", method="POST", body=b"xyz")
    assert heard[0].startswith("POST /in")
    assert "".join(heard).endswith("xyz")


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "status 404"),
        (b"HTTP/1.1 407 Who\r\nContent-Length: 0\r\n\r\n", "status 407"),
        (b"nonsense\r\n\r\n", "nonsense"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello", "timed out"),
    ],
    ids=["missing", "login", "nonsense", "cut"],
)
def test_what_stops_a_boot(answer, why):
    with tcp_server(serving(answer, [])) as port, pytest.raises(BootFailed, match=why) as stopped:
        asked(f"http://a:{port}/")
    assert stopped.value.step == "metadata"


def test_nobody_listens():
    with tcp_server(serving(OK, [])) as port:
        pass
    with pytest.raises(BootFailed, match="refused"):
        asked(f"http://a:{port}/")


def test_more_than_is_read_at_most_is_no_answer(monkeypatch):
    monkeypatch.setattr(fetch_http, "MOST", 3)
    with tcp_server(serving(OK, [])) as port, pytest.raises(BootFailed, match="did not end after 5 octets"):
        asked(f"http://a:{port}/")


@pytest.fixture
def secure(tmp_path):
    def serve_with(told):
        chain, key = make_certificate(tmp_path, told)
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(chain, key)

        def serve(connection):
            with context.wrap_socket(connection, server_side=True) as inner:
                serving(OK, [])(inner)

        return tcp_server(serve), str(tmp_path / AUTHORITY_FILE)

    return serve_with


def test_tls_with_a_certificate_that_is_right(secure):
    server, authority = secure(Certificate(names=("boot.lab.example", "127.0.0.1")))
    with server as port:
        answer, _ = asked(f"https://boot.lab.example:{port}/", trust=authority)
    assert answer.body == b"hello"


@pytest.mark.parametrize(
    ("told", "why"),
    [
        (Certificate(begins=2.0), "not yet valid"),
        (Certificate(begins=-9.0, ends=-2.0), "expired"),
        (Certificate(names=("other.example",)), "boot.lab.example"),
    ],
    ids=["early", "late", "name"],
)
def test_tls_with_one_that_is_not(secure, told, why):
    server, authority = secure(told)
    with server as port, pytest.raises(BootFailed, match=why):
        asked(f"https://boot.lab.example:{port}/", trust=authority)
