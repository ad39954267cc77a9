import ssl
from contextlib import ExitStack, suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.model import Verdict
from bellrock.probe import Ask
from bellrock.probe.ldap import MAX_OCTETS, PROBE, plan
from bellrock.probe.values import PlanError
from bellrock.wire import ldap
from bellrock.wire.ber import ENUMERATED, OCTET_STRING, SEQUENCE, SET, constructed, element, integer
from tests.lab.services.certificates import certificate
from tests.probe.peers import probe, tcp_server

BASE = "dc=example,dc=org"


def text(value):
    return element(OCTET_STRING, value.encode())


def message(number, operation):
    return constructed(SEQUENCE, (integer(number), operation))


def entry(number=1, **attributes):
    parts = (
        constructed(SEQUENCE, (text(name), constructed(SET, map(text, values)))) for name, values in attributes.items()
    )
    return message(number, constructed(ldap.ENTRY, (text(""), constructed(SEQUENCE, parts))))


def result(number=1, code=0, said="", operation=ldap.DONE, name=""):
    more = (element(0x8A, name.encode()),) if name else ()
    return message(number, constructed(operation, (integer(code, ENUMERATED), text(""), text(said), *more)))


ROOT = {"namingContexts": [BASE], "supportedLDAPVersion": ["3"], "supportedSASLMechanisms": ["PLAIN"]}


class Directory:
    """Says these octets, one after the other for each request that comes. `heard`: operations of the requests."""

    def __init__(self, *answers, secure=None, one_by_one=False):
        self.answers, self.secure, self.one_by_one, self.heard = answers, secure, one_by_one, []

    def __call__(self, connection):
        with ExitStack() as stack, suppress(ssl.SSLError):
            self._serve(connection, stack)

    def _serve(self, connection, stack):
        answers = list(self.answers)
        while (request := self._request(connection)) is not None:
            self.heard.append(request.operation)
            if request.operation == ldap.UNBIND:
                return
            answer = answers.pop(0) if answers else b""
            self._say(connection, answer)
            if not answer:
                return
            if request.operation == 0x77 and self.secure:
                connection = stack.enter_context(self._secured(connection))

    def _secured(self, connection):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.secure)
        return context.wrap_socket(connection, server_side=True)

    def _say(self, connection, octets):
        for chunk in [octets[i : i + 1] for i in range(len(octets))] if self.one_by_one else [octets]:
            connection.sendall(chunk)

    @staticmethod
    def _request(connection):
        head = b""
        while (size := ldap.head_length(head)) is None:
            one = connection.recv(1)
            if not one:
                return None
            head += one
        body = b""
        while len(body) < size:
            body += connection.recv(size - len(body))
        return ldap.parse_message(body)


def tried(server, within=3.0, **options):
    with tcp_server(server) as port:
        return probe("ldap", port, within=within, **options)


def test_the_plan_is_a_function_of_its_ask():
    ask = Ask(flow="ldap", address="10.0.0.1", port=389, name="ldap.example.org", within=2.5, options={"base": BASE})
    assert plan(ask) == plan(ask)
    assert (plan(ask).way, plan(ask).name, plan(ask).seconds) == ("auto", "ldap.example.org", 2)
    assert plan(Ask(flow="ldap", address="10.0.0.1", port=636, within=0.5)).seconds == 1


@pytest.mark.parametrize(
    ("port", "options", "way"),
    [(389, {}, "auto"), (636, {}, "ldaps"), (636, {"tls": "none"}, "none"), (389, {"tls": "ldaps"}, "ldaps"), (389, {"tls": "starttls"}, "starttls")],
    ids=range(5),
)  # fmt: skip
def test_ways(port, options, way):
    assert plan(Ask(flow="ldap", address="10.0.0.1", port=port, options=options)).way == way


@pytest.mark.parametrize("options", [{"tls": "yes"}, {"pin": "x"}, {"bind": "cn=admin"}], ids=str)
def test_options_that_are_wrong(options):
    with pytest.raises(PlanError):
        plan(Ask(flow="ldap", address="10.0.0.1", options=options))


def test_in_the_clear():
    directory = Directory(
        entry(**ROOT, vendorName=["Testers"], dnsHostName=["h"], isGlobalCatalogReady=["TRUE"]) + result()
    )
    found = tried(directory)
    assert found.verdict is Verdict.WORKS, found
    assert found.facts == {
        "naming_contexts": [BASE], "versions": ["3"], "sasl_mechanisms": ["PLAIN"], "active_directory": True, "vendor": "Testers",
        "host": "h", "clear": "success", "starttls": False, "sasl_mechanisms_clear": ["PLAIN"],
    }  # fmt: skip
    assert "StartTLS is not offered" in found.detail
    assert directory.heard == [0x63, ldap.UNBIND]


def test_over_starttls(tmp_path):
    secure = certificate(["localhost"], directory=tmp_path)
    offered = entry(**ROOT, supportedExtension=[ldap.START_TLS]) + result()
    directory = Directory(
        offered, result(2, operation=ldap.EXTENDED_ANSWER), entry(3, **ROOT) + result(3), secure=secure
    )
    found = tried(directory)
    assert found.verdict is Verdict.WORKS, found
    assert "over StartTLS" in found.detail
    assert found.facts["starttls"] is True
    assert directory.heard == [0x63, 0x77, 0x63, ldap.UNBIND]


@pytest.mark.parametrize("code", [2, 52, 53])
def test_starttls_that_is_offered_and_declined(code):
    offered = entry(**ROOT, supportedExtension=[ldap.START_TLS]) + result()
    found = tried(Directory(offered, result(2, code, "no", operation=ldap.EXTENDED_ANSWER)))
    assert found.verdict is Verdict.TLS_FAULT, found
    assert "does not begin TLS on request" in found.detail
    assert found.facts["naming_contexts"] == [BASE]


def test_octet_by_octet_and_with_other_messages_between():
    intermediate = message(1, element(0x79, b""))
    directory = Directory(intermediate + message(9, element(0x79, b"")) + entry(**ROOT) + result(), one_by_one=True)
    assert tried(directory).verdict is Verdict.WORKS


@pytest.mark.parametrize("base", ["dc=example,dc=org", "DC=Example , dc = ORG"])
def test_the_naming_context_that_is_expected(base):
    assert tried(Directory(entry(**ROOT) + result()), base=base).verdict is Verdict.WORKS


@pytest.mark.parametrize(
    ("directory", "verdict", "words"),
    [
        (Directory(entry(namingContexts=["dc=x"]) + result()), Verdict.WRONG_SERVICE, "it serves dc=x, and not dc=example,dc=org"),
        (Directory(entry() + result()), Verdict.WRONG_SERVICE, "it serves no naming context"),
        (Directory(entry(supportedLDAPVersion=["2"]) + result()), Verdict.DEGRADED, "speaks LDAP version 2"),
        (Directory(result()), Verdict.AUTHENTICATION_NEEDED, "nobody who has not logged in"),
        (Directory(result(code=1, said="bind first")), Verdict.AUTHENTICATION_NEEDED, "operationsError: bind first"),
        (Directory(result(code=50)), Verdict.AUTHENTICATION_NEEDED, "insufficientAccessRights"),
        (Directory(result(code=2)), Verdict.WRONG_SERVICE, "LDAP version 3"),
        (Directory(result(code=51)), Verdict.DEGRADED, "busy"),
        (Directory(result(code=13), result(2, 2, operation=ldap.EXTENDED_ANSWER)), Verdict.TLS_FAULT, "does not begin TLS"),
        (Directory(result(0, 52, "shutting down", ldap.EXTENDED_ANSWER, ldap.NOTICE_OF_DISCONNECTION)), Verdict.DEGRADED, "unavailable: shutting down"),
        (Directory(result(0, 8, "", ldap.EXTENDED_ANSWER)), Verdict.AUTHENTICATION_NEEDED, "strongerAuthRequired"),
    ],
    ids=range(11),
)  # fmt: skip
def test_verdicts(directory, verdict, words):
    found = tried(directory, base=BASE)
    assert found.verdict is verdict, found
    assert words in found.detail


def test_tls_alone_where_none_was_asked_for():
    found = tried(Directory(result(code=13)), tls="none")
    assert found.verdict is Verdict.TLS_FAULT
    assert "over TLS only" in found.detail


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "HTTP"),
        (b"\x15\x03\x03\x00\x02\x02\x28", "set tls=ldaps"),
        (b"\x30\x84\x7f\xff\xff\xff", "does not speak LDAP"),
        (b"\x30\x80\0\0", "does not speak LDAP"),
        (b"\x30", "says '0' and closes"),
        (b"\x30\x0c\x02\x01\x01", "in the middle of the conversation"),
        (b"\x30\x03\x02\x01\x01", "goes on otherwise"),
        (b"\x30\x0c\x02\x01\x01\x65\x7f\x0a\x01\x00\x04\x00\x04\x00", "goes on otherwise"),
        (result(operation=ldap.EXTENDED_ANSWER), "answers another request"),
        (entry(**ROOT) + b"\x31\x00", "goes on otherwise"),
        (entry(**ROOT) * 2, "more than one root DSE"),
        (message(1, element(0x79, bytes(200_000))) * 3, "does not stop talking"),
        (message(77, element(0x79, b"")) * 40, "does not stop talking"),
        (b"\x30\x84\x00\x04\x00\x01", "does not speak LDAP"),
    ],
    ids=["HTTP", "TLS", "2 GiB", "indefinite", "one octet", "half a message", "no operation", "wrong length", "another answer",
         "no second message", "two entries", "large messages", "others' messages", "a little too big"],
)  # fmt: skip
def test_bad_servers(answer, words):
    def serve(connection):
        connection.recv(2048)
        connection.sendall(answer)

    found = tried(serve)
    assert found.verdict is Verdict.WRONG_SERVICE, found
    assert words in found.detail


def test_it_closes_at_once():
    found = tried(lambda connection: connection.recv(1024))
    assert found.verdict is Verdict.WRONG_SERVICE
    assert "no directory, or one that wants TLS from the start" in found.detail


def test_a_hundred_megabytes_are_not_read():
    sent = 0

    def serve(connection):
        nonlocal sent
        connection.recv(2048)
        block = entry(namingContexts=["x" * 60_000])
        for _ in range(1700):
            connection.sendall(block)
            sent += len(block)

    found = tried(serve)
    assert found.verdict is Verdict.WRONG_SERVICE
    assert sent < 20 * MAX_OCTETS, "what is not read stays with the sender, but for the kernel's buffers"


def test_the_load_that_is_stated_is_kept(tmp_path):
    secure = certificate(["localhost"], directory=tmp_path)
    offered = entry(**ROOT, supportedExtension=[ldap.START_TLS]) + result()
    found = tried(
        Directory(offered, result(2, operation=ldap.EXTENDED_ANSWER), entry(3, **ROOT) + result(3), secure=secure)
    )
    sent = [step.what for step in found.evidence if step.direction == "sent" and "TCP" not in step.what]
    assert len(sent) == 5 <= PROBE.load.packets


@given(st.binary(max_size=80), st.booleans())
def test_any_octets_give_a_verdict(data, begun):
    def serve(connection):
        connection.recv(2048)
        connection.sendall((entry(**ROOT) if begun else b"") + data)

    assert tried(serve, within=2.0).verdict is not Verdict.NOT_CHECKED
