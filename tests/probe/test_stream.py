"""The stream: plans, where it is found, why it does not open."""

import pytest

from bellrock.model import Verdict
from bellrock.probe.stream import PATHS, plan
from bellrock.probe.values import Ask, PlanError
from tests.lab.services import certificates
from tests.probe.peers import probe
from tests.probe.secure import server_context, tls_server
from tests.probe.sockets import polite, serving


def planned(within=5.0, port=5240, **options):
    return plan(
        Ask(flow="stream", address="10.0.0.1", port=port, within=within, options=options, nonce=bytes(range(16)))
    )


def test_plans():
    made = planned()
    assert (made.paths, made.pauses, made.nonce, made.token) == (PATHS, (), bytes(range(8)), "")
    assert planned(path="a b").paths == ("/a%20b",)
    assert planned(token="x").place.scheme == "https"
    assert planned(token="x", tls="no").place.scheme == "http"


@pytest.mark.parametrize(
    ("hold", "first", "pauses"),
    [
        (0, 1, ()),
        (1, 1, (1,)),
        (3, 1, (1, 2)),
        (6, 1, (1, 5)),
        (7, 1, (1, 2, 4)),
        (100, 1, (1, 2, 4, 8, 16, 69)),
        (0.5, 1, (0.5,)),
        (3, 2, (3,)),
    ],
)
def test_pauses_double_and_come_to_what_is_held(hold, first, pauses):
    made = planned(within=hold + 4, hold=str(hold), pause=str(first)).pauses
    assert made == pauses
    assert sum(made) == hold


@pytest.mark.parametrize(
    "options",
    [{"hold": "5"}, {"hold": "-1"}, {"hold": "x"}, {"pause": "0"}, {"certificate": "/c"}, {"tls": "maybe"}],
    ids=str,
)
def test_options_that_will_not_do(options):
    with pytest.raises(PlanError):
        planned(**options)


def test_too_long_a_hold_says_what_it_needs():
    with pytest.raises(PlanError, match=r"hold=60 needs more than the 5 s of the probe: give it 64 s \(--within\)"):
        planned(hold="60")


def tried(talk, **options):
    with tls_server(serving(talk)) as port:
        return probe("stream", port, **options)


def refusing(status, only=""):
    def talk(peer):
        if only and peer.path != only:
            peer.send(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
        else:
            peer.send(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode())

    return talk


def test_it_works():
    found = tried(polite)
    assert (found.verdict, found.detail) == (Verdict.WORKS, "a WebSocket opens")
    assert found.facts["path"] == PATHS[0]
    assert found.facts["server"] == "by hand"


def test_it_is_looked_for_where_regions_have_it():
    found = tried(refusing("403 Forbidden", only="/MAAS/ws"))
    assert found.verdict is Verdict.AUTHENTICATION_NEEDED
    assert found.detail == "/MAAS/ws is there, and opens only to whom it knows (403 Forbidden)"


@pytest.mark.parametrize(
    ("status", "verdict", "says"),
    [
        ("401 Unauthorized", Verdict.AUTHENTICATION_NEEDED, "opens only to whom it knows"),
        ("404 Not Found", Verdict.WRONG_SERVICE, f"it speaks HTTP, but {PATHS[0]} and {PATHS[1]} are not there (404)"),
        ("502 Bad Gateway", Verdict.DEGRADED, "answers 502 Bad Gateway"),
        ("429 Slowly", Verdict.DEGRADED, "answers 429 Slowly"),
        ("200 OK", Verdict.WRONG_SERVICE, "a proxy on the way does not pass the upgrade"),
    ],
)
def test_why_it_does_not_open(status, verdict, says):
    found = tried(refusing(status))
    assert (found.verdict, says in found.detail) == (verdict, True), found


def test_one_path_that_is_not_there():
    assert tried(refusing("404 Not Found"), path="/x").detail == "it speaks HTTP, but /x is not there (404)"


def test_an_upgrade_that_is_none():
    def talk(peer):
        peer.send(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
        peer.frame()

    found = tried(talk)
    assert found.verdict is Verdict.WRONG_SERVICE
    assert "not as RFC 6455 wants it" in found.detail


def test_with_tls(tmp_path):
    context = server_context(certificates.certificate(["127.0.0.1"], directory=tmp_path))
    with tls_server(serving(polite), context) as port:
        pin = f"sha256:{probe('stream', port).facts['certificate']['sha256']}"
        for options in ({}, {"tls": "yes"}, {"token": "s3cret", "pin": pin}):
            found = probe("stream", port, **options)
            assert found.verdict is Verdict.WORKS, found
            assert found.detail == "a WebSocket opens; its certificate is signed by itself"
            assert "s3cret" not in repr(found)


def test_a_token_goes_to_nobody_whose_certificate_anybody_may_have_made(tmp_path):
    heard = []

    def listens(peer):
        heard.append(peer.head)

    context = server_context(certificates.certificate(["127.0.0.1"], directory=tmp_path))
    with tls_server(serving(listens), context) as port:
        found = probe("stream", port, token="s3cret", within=1.0)
    assert found.verdict is Verdict.AUTHENTICATION_NEEDED, found
    assert found.detail.startswith(
        "the credentials were not sent, for anybody may answer so: its certificate is signed by itself; give pin="
    )
    assert found.facts["certificate"]["sha256"] in found.detail
    assert heard == []


def test_a_token_does_not_go_in_plain_text():
    heard = []

    def talk(peer):
        heard.append(peer.head)

    assert tried(talk, token="s3cret", within=1.0).verdict is not Verdict.WORKS
    assert "s3cret" not in "".join(heard)
