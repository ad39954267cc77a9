import threading

import pytest

from bellrock.flows import Protocol
from bellrock.link.stream import Stream
from bellrock.model import Verdict
from bellrock.probe.syslog import PROBE, UNREAD, plan
from bellrock.probe.values import Ask, PlanError
from bellrock.wire import syslog
from tests.probe.peers import probe, probes, tcp_server, udp_server


def planned(**options):
    return plan(Ask(flow="syslog", nonce=bytes(range(16)), options=options))


def test_the_plan_is_a_function_of_its_ask():
    assert planned() == planned()
    assert planned().mark != plan(Ask(flow="syslog", nonce=bytes(16))).mark


@pytest.mark.parametrize(
    ("options", "begins"),
    [
        ({}, b"<14>1 - - bellrock - PROBE - Bellrock tries"),
        ({"format": "rfc3164"}, b"<14>bellrock: Bellrock tries"),
        ({"priority": "191", "text": "Hello"}, b"<191>1 - - bellrock - PROBE - Hello mark="),
    ],
    ids=["modern", "bsd", "set"],
)
def test_the_message(options, begins):
    made = planned(**options)
    assert made.datagram.startswith(begins)
    assert syslog.parse(made.datagram).text.endswith(f" mark={made.mark}")
    assert made.framed == b"%d %b" % (len(made.datagram), made.datagram)
    assert planned(framing="newline", **options).framed == made.datagram + b"\n"


@pytest.mark.parametrize(
    "options",
    [{"format": "rfc1"}, {"framing": "tls"}, {"priority": "192"}, {"text": "x" * 480}, {"formt": "rfc5424"}],
    ids=lambda options: next(iter(options.items()))[1][:8],
)
def test_options_that_are_wrong(options):
    with pytest.raises(PlanError, match="syslog"):
        planned(**options)


@pytest.mark.parametrize(
    ("protocol", "both"),
    [(Protocol.UDP, (Protocol.UDP,)), (Protocol.TCP, (Protocol.TCP,)), (None, (Protocol.UDP, Protocol.TCP))],
)
def test_one_protocol_or_both(protocol, both):
    assert plan(Ask(flow="syslog", protocol=protocol)).protocols == both


def test_silence_over_udp_is_no_proof_of_arrival():
    got = []
    with udp_server(lambda payload, say: got.append(payload)) as port:
        found = probe("syslog", port, protocol=Protocol.UDP, within=2.0)
    assert (found.variant, found.verdict) == ("udp", Verdict.NOT_CHECKED)
    assert found.facts["confirmed"] is False
    assert len(got) == 1
    assert syslog.parse(got[0]).text.endswith(found.facts["mark"])


def test_whoever_answers_over_udp_is_no_syslog_receiver():
    with udp_server(lambda payload, say: say(b"HTTP/1.1 400 Bad Request\r\n")) as port:
        found = probe("syslog", port, protocol=Protocol.UDP)
    assert found.verdict is Verdict.WRONG_SERVICE
    assert "HTTP" in found.detail


def taking(got):
    def serve(connection):
        while octets := connection.recv(4096):
            got.append(octets)

    return serve


def test_a_receiver_that_reads_to_the_end_works():
    got = []
    with tcp_server(taking(got)) as port:
        found = probe("syslog", port, protocol=Protocol.TCP)
    assert (found.variant, found.verdict) == ("tcp", Verdict.WORKS), found
    assert found.facts["read_to_end"]
    assert f"mark={found.facts['mark']}".encode() in b"".join(got)
    assert found.rtt_ms is not None


def test_whoever_closes_at_once_has_read_nothing():
    with tcp_server(lambda connection: None) as port:
        found = [probe("syslog", port, protocol=Protocol.TCP) for _ in range(20)]
    assert {one.verdict for one in found} == {Verdict.WRONG_SERVICE}, found


def test_an_end_that_came_before_the_message_was_taken(monkeypatch):
    monkeypatch.setattr(Stream, "taken", 0)
    with tcp_server(taking([])) as port:
        found = probe("syslog", port, protocol=Protocol.TCP)
    assert (found.verdict, found.detail) == (Verdict.WRONG_SERVICE, UNREAD)


def test_a_receiver_that_never_closes_hangs():
    done = threading.Event()
    with tcp_server(lambda connection: done.wait(10)) as port:
        found = probe("syslog", port, protocol=Protocol.TCP, within=0.5)
        done.set()
    assert found.verdict is Verdict.DEGRADED
    assert "hangs" in found.detail
    assert found.facts["read_to_end"] is False


@pytest.mark.parametrize(
    "said", [b"SSH-2.0-x\r\n", b"\x16\x03\x01", b"\0", b"x" * 100_000_000], ids=["ssh", "tls", "nul", "100 MB"]
)
def test_whoever_speaks_on_the_connection_is_no_syslog_receiver(said):
    with tcp_server(lambda connection: connection.sendall(said)) as port:
        found = probe("syslog", port, protocol=Protocol.TCP)
    assert found.verdict is Verdict.WRONG_SERVICE
    assert "syslog receivers never do" in found.detail
    assert sum(step.octets for step in found.evidence if step.direction == "received") <= PROBE.load.octets


def test_nobody_listens():
    with tcp_server(lambda connection: None) as port:
        pass
    udp, tcp = probes("syslog", port)
    assert (udp.verdict, tcp.verdict) == (Verdict.REFUSED, Verdict.REFUSED)
