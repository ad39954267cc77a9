import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.model import Verdict
from bellrock.probe import Ask
from bellrock.probe.libvirt import MAX_OCTETS, PROBE, URI, plan
from bellrock.probe.values import PlanError
from bellrock.wire import libvirtrpc as rpc
from tests.probe.peers import probe, tcp_server


def words(*numbers):
    return b"".join(number.to_bytes(4, "big") for number in numbers)


def message(procedure, serial, body=b"", *, status=0, kind=1, program=rpc.REMOTE, version=1):
    return words(28 + len(body), program, version, procedure, kind, serial, status) + body


def refusal(text):
    return words(38, 7, 1, len(text)) + text + bytes(-len(text) % 4) + words(2)


EVENT = message(105, 0, b"", kind=2)
KEEPALIVE = message(1, 0, program=0x6B656570)
BODIES = {
    rpc.AUTH_LIST: words(1, 0), rpc.OPEN: b"", rpc.TYPE: words(4) + b"QEMU", rpc.HYPERVISOR_VERSION: (7_002_000).to_bytes(8, "big"),
    rpc.LIBRARY_VERSION: (9_000_000).to_bytes(8, "big"), rpc.CLOSE: b"",
}  # fmt: skip


class Daemon:
    """Answers each call; `refuses`: procedure → why not; `heard`: procedures that were called."""

    def __init__(self, *, bodies=None, refuses=None, before=b"", one_by_one=False):
        self.bodies, self.refuses = BODIES | (bodies or {}), refuses or {}
        self.before, self.one_by_one, self.heard, self.opened = before, one_by_one, [], b""

    def __call__(self, connection):
        while head := connection.recv(28, 0x100):  # MSG_WAITALL
            size, _, _, procedure, _, serial, _ = (int.from_bytes(head[i : i + 4], "big") for i in range(0, 28, 4))
            body = connection.recv(size - 28, 0x100) if size > 28 else b""
            self.heard.append(procedure)
            self.opened = body if procedure == rpc.OPEN else self.opened
            why = self.refuses.get(procedure)
            answer = (
                message(procedure, serial, refusal(why), status=1)
                if why is not None
                else message(procedure, serial, self.bodies[procedure])
            )
            octets = self.before + answer
            for chunk in [octets[i : i + 1] for i in range(len(octets))] if self.one_by_one else [octets]:
                connection.sendall(chunk)


def tried(server, within=3.0, **options):
    with tcp_server(server) as port:
        return probe("libvirt", port, within=within, **options)


def test_the_plan_is_a_function_of_its_ask():
    assert plan(Ask(flow="libvirt", address="10.0.0.1")).uri == URI
    assert plan(Ask(flow="libvirt", address="10.0.0.1", options={"uri": "test:///default"})).uri == "test:///default"


@pytest.mark.parametrize(
    "options", [{"uri": "qemu"}, {"uri": "qemu:///\u00e4"}, {"uri": "q:" + "x" * 300}, {"url": "a:b"}], ids=range(4)
)
def test_options_that_are_wrong(options):
    with pytest.raises(PlanError, match="libvirt"):
        plan(Ask(flow="libvirt", address="10.0.0.1", options=options))


@pytest.mark.parametrize(
    "daemon",
    [Daemon(), Daemon(before=EVENT + KEEPALIVE), Daemon(one_by_one=True)],
    ids=["plainly", "with events", "octet by octet"],
)
def test_works(daemon):
    found = tried(daemon)
    assert found.verdict is Verdict.WORKS, found
    assert found.facts == {
        "authentication": ["none"], "uri": URI, "hypervisor": "QEMU", "hypervisor_version": "7.2.0", "libvirt": "9.0.0",
    }  # fmt: skip
    assert "whoever reaches this port commands the host" in found.detail
    assert daemon.heard == [rpc.AUTH_LIST, rpc.OPEN, rpc.TYPE, rpc.HYPERVISOR_VERSION, rpc.LIBRARY_VERSION, rpc.CLOSE]
    assert daemon.opened.endswith(words(rpc.READ_ONLY))


@pytest.mark.parametrize(
    ("ways", "wants"),
    [
        ((1,), "wants SASL"),
        ((2,), "wants polkit"),
        ((1, 2), "wants SASL or polkit"),
        ((9,), "wants method 9"),
        ((), "does not name"),
    ],
    ids=range(5),
)
def test_authentication_needed(ways, wants):
    daemon = Daemon(bodies={rpc.AUTH_LIST: words(len(ways), *ways)})
    found = tried(daemon)
    assert found.verdict is Verdict.AUTHENTICATION_NEEDED, found
    assert wants in found.detail
    assert daemon.heard == [rpc.AUTH_LIST], "nothing is opened where somebody has to log in"


@pytest.mark.parametrize(
    ("refuses", "detail"),
    [
        ({rpc.OPEN: b"no connection driver"}, "does not open qemu:///system: no connection driver"),
        ({rpc.OPEN: b""}, "does not open qemu:///system: error 38"),
        ({rpc.AUTH_LIST: b"too many clients"}, "refuses what it is asked: too many clients"),
    ],
    ids=["no driver", "no message", "not even that"],
)
def test_degraded(refuses, detail):
    found = tried(Daemon(refuses=refuses))
    assert found.verdict is Verdict.DEGRADED, found
    assert detail in found.detail


@pytest.mark.parametrize(
    ("answer", "detail"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "HTTP"),
        (b"SSH-2.0-x\r\n", "SSH"),
        (b"\0\0\0\x05abcde", "does not speak libvirt's RPC"),
        (b"", "it takes the connection and closes it"),
        (b"\0\0", "says octets 00 00 and closes"),
        (message(66, 1, BODIES[rpc.AUTH_LIST])[:30], "in the middle of the conversation"),
        (message(66, 1, words(99)), "goes on otherwise"),
        (message(66, 1, words(2, 0)), "goes on otherwise"),
        (message(66, 1, version=3), "goes on otherwise"),
        (message(66, 1, status=1), "goes on otherwise"),
        (message(66, 7, BODIES[rpc.AUTH_LIST]) * 20, "does not stop talking"),
        (message(105, 0, bytes(60_000), kind=2) * 4, "does not stop talking"),
        (EVENT + b"HTTP", "goes on otherwise"),
    ],
    ids=["HTTP", "SSH", "five octets", "closes", "two octets", "half a message", "a long list", "half a list", "another version",
         "an empty error", "another serial", "large events", "HTTP later"],
)  # fmt: skip
def test_bad_servers(answer, detail):
    def serve(connection):
        connection.recv(28)
        connection.sendall(answer)

    found = tried(serve)
    assert found.verdict is Verdict.WRONG_SERVICE, found
    assert detail in found.detail


def test_the_load_that_is_stated_is_kept():
    found = tried(Daemon())
    sent = [step for step in found.evidence if step.direction == "sent" and "TCP" not in step.what]
    assert len(sent) == PROBE.load.packets
    assert PROBE.load.octets == MAX_OCTETS


@given(st.binary(max_size=80), st.booleans())
def test_any_octets_give_a_verdict(data, begun):
    def serve(connection):
        connection.recv(28)
        connection.sendall((EVENT if begun else b"") + data)

    assert tried(serve, within=2.0).verdict is Verdict.WRONG_SERVICE
