"""Conversations with web servers: schemes found out, connections kept, redirects, credentials."""

import pytest
from msgspec import structs

from bellrock.link.obstacle import Obstructed
from bellrock.model import Verdict
from bellrock.probe import tls
from bellrock.probe.values import NotChecked, TlsFault, Unexpected
from bellrock.probe.visit import Place, Visit, Withheld, basic, pointed_elsewhere
from tests.lab.services import certificates
from tests.probe.peers import tcp_server
from tests.probe.scripted import answer, scripted
from tests.probe.secure import run, server_context
from tests.probe.web import net

HELLO = {"/": answer(body="hello")}
REDIRECTED_TO_TLS = answer("400 Bad Request", "The plain HTTP request was sent to HTTPS port")


@pytest.fixture(scope="module")
def context(tmp_path_factory):
    return server_context(certificates.certificate(["127.0.0.1"], directory=tmp_path_factory.mktemp("tls")))


def at(port, scheme="http", **changes):
    return structs.replace(Place(scheme=scheme, address="127.0.0.1", port=port), **changes)


def visited(where, work):
    """What `work(visit)` comes to."""

    async def talk():
        async with Visit(net(where.port), where) as visit:
            return await work(visit)

    return run(talk)


def get(where, target="/", **how):
    return visited(where, lambda visit: visit.get(target, **how))


def test_a_connection_is_kept():
    async def twice(visit):
        return [(await visit.get("/")).body for _ in range(3)]

    with scripted(HELLO) as (port, seen):
        assert visited(at(port), twice) == [b"hello"] * 3
        assert (seen.connections, seen.paths) == (1, ["/"] * 3)


def test_a_kept_connection_that_the_server_closed_is_opened_again():
    async def twice(visit):
        return [(await visit.get("/")).body for _ in range(2)]

    with scripted(HELLO, once=True) as (port, seen):
        assert visited(at(port), twice) == [b"hello"] * 2
        assert seen.connections == 2


def test_an_answer_that_says_so_closes_it():
    async def twice(visit):
        return [(await visit.get("/")).body for _ in range(2)]

    with scripted({"/": answer(body="hello", connection="close")}) as (port, seen):
        assert visited(at(port), twice) == [b"hello"] * 2
        assert seen.connections == 2


def test_a_new_connection_that_is_closed_is_told():
    with tcp_server(lambda connection: connection.recv(1000)) as port, pytest.raises(Obstructed):
        get(at(port))


def test_the_host_field():
    with scripted(HELLO) as (port, seen):
        get(at(port))
        get(at(port, name="region.lab"))
    assert [next(line for line in head.splitlines() if line.startswith("Host")) for head in seen.requests] == [
        f"Host: 127.0.0.1:{port}", f"Host: region.lab:{port}"]  # fmt: skip


@pytest.mark.parametrize("scheme", ["https", "either"])
def test_tls(context, scheme):
    async def look(visit):
        found = await visit.get("/")
        return found.body, visit.scheme, visit.facts(), visit.doubts()

    with scripted(HELLO, context) as (port, _):
        body, found, facts, doubts = visited(at(port, scheme), look)
    assert (body, found, facts["scheme"]) == (b"hello", "https", "https")
    assert facts["certificate"]["self_signed"] is True
    assert doubts == "its certificate is signed by itself"


def test_plain_is_tried_first():
    async def look(visit):
        await visit.get("/")
        return visit.scheme, visit.facts(), visit.doubts()

    with scripted(HELLO) as (port, seen):
        assert visited(at(port, "either"), look) == ("http", {"scheme": "http"}, "")
        assert seen.connections == 1


def test_a_server_that_asks_for_tls_and_has_none():
    with scripted({"/": REDIRECTED_TO_TLS}) as (port, _), pytest.raises(Unexpected, match="and does not speak TLS"):
        get(at(port, "either"))


def test_plain_on_a_port_of_tls_where_plain_is_wanted():
    with (
        scripted({"/": REDIRECTED_TO_TLS}) as (port, _),
        pytest.raises(Unexpected, match="only to say that it wants TLS"),
    ):
        get(at(port))


def test_neither():
    def serve(connection):
        connection.recv(1000)
        connection.sendall(b"220 mail.lab ESMTP Postfix\r\n")

    with tcp_server(serve) as port, pytest.raises(Unexpected, match="does not answer in HTTP"):
        get(at(port, "either"))


def test_the_certificate_is_told_where_plain_did_not_do(context):
    with scripted(HELLO, context) as (port, _), pytest.raises(TlsFault, match="and not of other"):
        get(at(port, "either", name="other.lab"))


def test_names_count_where_they_are_strict(tmp_path):
    context = server_context(certificates.certificate(["bmc"], directory=tmp_path))
    with scripted(HELLO, context) as (port, _):
        assert get(at(port, "https", strict=False)).body == b"hello"
        with pytest.raises(TlsFault, match=r"and not of 127\.0\.0\.1"):
            get(at(port, "https"))


def test_redirects_on_the_server_are_followed():
    answers = {
        "/": answer("302 Found", location="/a"),
        "/a": answer("307 Temporary Redirect", location="b"),
        "/b": answer(body="there"),
    }
    with scripted(answers) as (port, seen):
        found, here = visited(at(port), lambda visit: visit.followed("/"))
        assert (found.body, here.target, seen.paths) == (b"there", "/b", ["/", "/a", "/b"])


def test_a_redirect_to_another_port_and_to_tls(context):
    with (
        scripted(HELLO, context) as (secure, _),
        scripted({"/": answer("301 Moved", location=f"https://127.0.0.1:{secure}/")}) as (port, _),
    ):
        found, here = visited(at(port), lambda visit: visit.followed("/"))
    assert (found.body, here.scheme, here.port) == (b"hello", "https", secure)


def test_a_redirect_elsewhere_is_not_followed():
    with scripted({"/": answer("301 Moved", location="http://10.0.0.1/x?secret=1")}) as (port, _):
        found, here = visited(at(port), lambda visit: visit.followed("/"))
    assert (found.status, here.target) == (301, "/")
    verdict = pointed_elsewhere(found, {})
    assert verdict.verdict is Verdict.DEGRADED
    assert verdict.facts == {"location": "http://10.0.0.1/x"}
    assert "secret" not in verdict.detail


def test_circles():
    with (
        scripted({"/": answer("302 Found", location="/a"), "/a": answer("302 Found", location="/")}) as (port, _),
        pytest.raises(Unexpected, match="circle of 2"),
    ):
        visited(at(port), lambda visit: visit.followed("/"))


def test_credentials_go_only_where_they_may(context):
    secret = basic("anna", "p:ss wörd")
    assert secret == "Basic YW5uYTpwOnNzIHfDtnJk"
    assert basic("", "x") == ""

    async def ask(visit):
        await visit.get("/")
        return await visit.get("/", credentials=True, accept="text/plain", method="HEAD")

    with scripted(HELLO) as (port, seen):
        with pytest.raises(NotChecked, match="a password is sent in plain text only where tls=no is set"):
            visited(at(port, "either", credentials=secret), ask)
        assert "Authorization" not in "".join(seen.requests)
    with scripted({"/": lambda head: answer(body="" if head.startswith("HEAD") else "hello")}) as (port, seen):
        visited(at(port, "http", credentials=secret), ask)
        assert "Authorization" not in seen.requests[0]
        assert f"Authorization: {secret}" in seen.requests[1]
        assert seen.requests[1].startswith("HEAD / ")
        assert "Accept: text/plain" in seen.requests[1]
    with scripted(HELLO, context) as (port, seen):
        pinned = tls.Demands(pin=pin_of(context, port))
        visited(at(port, "either", credentials=secret, demands=pinned), lambda visit: visit.get("/", credentials=True))
        assert f"Authorization: {secret}" in seen.requests[-1]


def pin_of(context, port):
    """What a result would show."""

    async def shown(visit):
        await visit.get("/")
        return visit.session.certificate.sha256

    return visited(at(port, "https"), shown)


def test_credentials_go_to_nobody_whose_certificate_anybody_may_have_made(context):
    """A certificate that signs itself encrypts the password to whoever stands on the way."""
    secret = basic("root", "calvin")

    async def ask(visit):
        assert (await visit.get("/")).status == 200
        return await visit.get("/", credentials=True)

    with scripted(HELLO, context) as (port, seen):
        for scheme in ("either", "https"):
            with pytest.raises(
                Withheld,
                match="the credentials were not sent, .* give pin=sha256:[0-9a-f]{64}, if .* or authority=FILE",
            ):
                visited(at(port, scheme, credentials=secret), ask)
        assert seen.requests
        assert "Authorization" not in "".join(seen.requests)


def test_each_connection_has_to_be_vouched_for_anew(context, monkeypatch):
    """The one that a password was asked for on may be gone, and the next one another's."""

    async def ask(visit):
        await visit.get("/", credentials=True)
        await visit.close()
        monkeypatch.setattr(tls, "begin", anybodys)
        await visit.get("/", credentials=True)

    async def anybodys(*arguments, **options):
        return structs.replace(await begin(*arguments, **options), vouched=False)

    begin = tls.begin
    with scripted(HELLO, context) as (port, seen):
        pinned = tls.Demands(pin=pin_of(context, port))
        with pytest.raises(Withheld):
            visited(at(port, "https", credentials=basic("root", "calvin"), demands=pinned), ask)
        assert "".join(seen.requests).count("Authorization") == 1
