import socket
import threading

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from bellrock.flows import Protocol
from bellrock.model import Verdict
from bellrock.probe.dns import ALIVE, MAX_ALSO, MAX_NAMES, PROBE, judge, plan
from bellrock.probe.dns_messages import Answer, Question, question
from bellrock.probe.dns_talk import Heard
from bellrock.probe.values import Ask, PlanError
from tests.probe.peers import probe, probes, tcp_server, udp_server

NAME = Question("maas.example.", "A")


def planned(**options):
    return plan(Ask(flow="dns", nonce=bytes(range(16)), options=options))


def test_the_plan_is_a_function_of_its_ask():
    assert planned(names="a") == planned(names="a")
    assert planned() != plan(Ask(flow="dns", nonce=bytes(16)))


def test_the_questions():
    made = planned(names="maas.example,maas.example,10.0.0.1,127.0.0.1")
    assert [one.question.shown for one in made.asked] == [
        "1.0.0.127.in-addr.arpa PTR",
        "maas.example A",
        "1.0.0.10.in-addr.arpa PTR",
    ]
    assert [name.shown for name in made.names] == [
        "maas.example A",
        "1.0.0.10.in-addr.arpa PTR",
        "1.0.0.127.in-addr.arpa PTR",
    ]
    most = planned(names=",".join(f"n{number}" for number in range(MAX_NAMES)))
    ids = {form[:2] for one in most.asked for form in (one.modern, one.plain)}
    assert len(ids) == 2 * (MAX_NAMES + 1)
    assert 3 * len(most.asked) * (1 + MAX_ALSO) <= PROBE.load.packets


@pytest.mark.parametrize(
    "options",
    [{"names": "a..b"}, {"names": ",".join(f"n{number}" for number in range(MAX_NAMES + 1))}, {"also": "x"}, {"edns": "511"},
     {"also": ",".join(f"10.0.0.{number}" for number in range(MAX_ALSO + 1))}, {"recursion": "perhaps"}, {"name": "a"}],
    ids=["name", "names", "also", "edns", "many also", "recursion", "unknown"],
)  # fmt: skip
def test_options_that_are_wrong(options):
    with pytest.raises(PlanError, match="dns"):
        planned(**options)


def respond(payload, *, rcode=dns.rcode.NOERROR, flags=dns.flags.RA, records=("10.0.0.1",)):
    """A server's answer: records of the kind asked for, where it is A."""
    query = dns.message.from_wire(payload)
    message = dns.message.make_response(query)
    message.set_rcode(rcode)
    message.flags |= flags
    if records and query.question[0].rdtype == 1:
        message.answer.append(dns.rrset.from_text(query.question[0].name, 60, "IN", "A", *records))
    return message.to_wire(max_size=65535)


def over_udp(answer, **options):
    with udp_server(answer) as port:
        return probe("dns", port, protocol=Protocol.UDP, **options)


def test_it_works_over_udp():
    found = over_udp(lambda payload, say: say(respond(payload)), names="maas.example")
    assert (found.variant, found.verdict, found.detail) == ("udp", Verdict.WORKS, "maas.example A is 10.0.0.1"), found
    assert found.facts["answers"]["maas.example A"] == ["10.0.0.1"]
    assert found.facts["recursion"] is True
    assert found.rtt_ms is not None


def test_it_works_without_names():
    found = over_udp(lambda payload, say: say(respond(payload, rcode=dns.rcode.NXDOMAIN, flags=0)))
    assert (found.verdict, found.detail) == (
        Verdict.WORKS,
        "it answers, without recursion; no names were given to be looked up",
    )


@pytest.mark.parametrize("rcode", ["FORMERR", "NOTIMP", "BADVERS"])
def test_a_server_that_does_not_know_edns_is_asked_without(rcode):
    def answer(payload, say):
        modern = dns.message.from_wire(payload).edns >= 0
        say(respond(payload, rcode=dns.rcode.from_text(rcode), records=()) if modern else respond(payload))

    found = over_udp(answer, names="maas.example")
    assert found.verdict is Verdict.WORKS, found
    assert found.facts["edns_octets"] is None


def test_a_way_that_drops_edns():
    found = over_udp(
        lambda payload, say: dns.message.from_wire(payload).edns >= 0 or say(respond(payload)),
        names="maas.example",
        within=2.0,
    )
    assert found.verdict is Verdict.DEGRADED
    assert "questions with EDNS get no answer" in found.detail


def test_a_question_that_is_lost_is_asked_again():
    seen = []

    def answer(payload, say):
        seen.append(payload)
        if len(seen) > 2:
            say(respond(payload))

    assert over_udp(answer, names="maas.example", within=2.0).verdict is Verdict.WORKS


def test_answers_to_other_questions_are_passed_over():
    def answer(payload, say):
        say(b"\0\0" + respond(payload)[2:] if payload[:2] != b"\0\0" else b"\1\1" + respond(payload)[2:])
        say(respond(payload))

    found = over_udp(answer, names="maas.example")
    assert found.verdict is Verdict.WORKS
    assert any("answer no open question" in step.what for step in found.evidence)


def test_answers_from_another_port_are_told():
    found = over_udp(lambda payload, say: say(respond(payload), elsewhere=True), within=0.6)
    assert found.verdict is Verdict.WRONG_SERVICE
    assert "was not asked" in found.detail


@pytest.mark.parametrize("octets", [b"", b"SSH-2.0-x\r\n", b"\xff" * 60_000], ids=["empty", "text", "large"])
def test_what_speaks_no_dns_over_udp(octets):
    found = over_udp(lambda payload, say: say((payload[:2] + octets) if octets[:1] == b"\xff" else octets))
    assert found.verdict is Verdict.WRONG_SERVICE
    assert "DNS" in found.detail


def test_an_echo():
    found = over_udp(lambda payload, say: say(payload))
    assert (found.verdict, "sends the question back" in found.detail) == (Verdict.WRONG_SERVICE, True)


def test_silence():
    assert over_udp(lambda payload, say: None, within=0.6).verdict is Verdict.FILTERED


def reading(connection):
    """Messages on a connection."""
    with connection.makefile("rb") as stream:
        while size := stream.read(2):
            yield stream.read(int.from_bytes(size, "big"))


def framed(message):
    return len(message).to_bytes(2, "big") + message


def over_tcp(serve, **options):
    with tcp_server(serve) as port:
        return probe("dns", port, protocol=Protocol.TCP, **options)


def test_it_works_over_tcp():
    found = over_tcp(
        lambda connection: [connection.sendall(framed(respond(one))) for one in reading(connection)],
        names="maas.example",
    )
    assert (found.variant, found.verdict, found.detail) == ("tcp", Verdict.WORKS, "maas.example A is 10.0.0.1"), found


def test_answers_that_come_octet_by_octet_and_in_another_order():
    def serve(connection):
        messages = reading(connection)
        for octet in b"".join(framed(respond(one)) for one in reversed([next(messages), next(messages)])):
            connection.sendall(bytes((octet,)))

    assert over_tcp(serve, names="maas.example").verdict is Verdict.WORKS


def test_a_server_that_closes_after_one_answer():
    def serve(connection):
        messages = reading(connection)
        first, _ = next(messages), next(messages)
        connection.sendall(framed(respond(first)))

    found = over_tcp(serve, names="maas.example")
    assert found.verdict is Verdict.DEGRADED, found
    assert "no answer about maas.example A, while it answers other questions: the connection was closed" in found.detail


def test_a_server_that_says_no_more_after_one_answer():
    done = threading.Event()

    def serve(connection):
        connection.sendall(framed(respond(next(reading(connection)))))
        done.wait(10)

    with tcp_server(serve) as port:
        found = probe("dns", port, protocol=Protocol.TCP, names="maas.example", within=0.8)
        done.set()
    assert found.verdict is Verdict.DEGRADED
    assert "no answer about maas.example A, while it answers other questions" in found.detail


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (b"SSH-2.0-OpenSSH_9.2p1\r\n", "SSH"),
        (b"HTTP/1.1 400 Bad Request\r\n", "HTTP"),
        (b"\0\0", "does not speak DNS over TCP"),
        (b"\0\x01x", "does not speak DNS over TCP"),
        (b"\xff" * 100_000, "does not speak DNS over TCP"),
    ],
    ids=["SSH", "HTTP", "nothing", "one octet", "endless"],
)
def test_what_speaks_no_dns_over_tcp(said, words):
    def serve(connection):
        connection.sendall(said)
        while connection.recv(4096):
            pass

    found = over_tcp(serve)
    assert found.verdict is Verdict.WRONG_SERVICE, found
    assert words in found.detail


def test_a_server_that_closes_at_once():
    assert over_tcp(lambda connection: None).verdict is Verdict.WRONG_SERVICE


def test_a_server_that_never_answers_over_tcp():
    done = threading.Event()
    with tcp_server(lambda connection: done.wait(10)) as port:
        found = probe("dns", port, protocol=Protocol.TCP, within=0.5)
        done.set()
    assert found.verdict is Verdict.WRONG_SERVICE, found
    assert "the connection stands" in found.detail


def test_both_protocols_are_judged_for_themselves():
    with udp_server(lambda payload, say: say(respond(payload))) as port:
        udp, tcp = probes("dns", port)
    assert (udp.verdict, tcp.verdict) == (Verdict.WORKS, Verdict.REFUSED)


def test_what_is_truncated_is_asked_for_over_tcp():
    def answer(payload, say):
        say(respond(payload, flags=dns.flags.TC | dns.flags.RA, records=()))

    with udp_server(answer) as port:
        found = probe("dns", port, protocol=Protocol.UDP, names="maas.example")
        assert found.verdict is Verdict.DEGRADED
        assert "does not fit UDP and is not to be had over TCP" in found.detail
        with socket.create_server(("127.0.0.1", port)) as listening:
            server = threading.Thread(target=answers_once, args=(listening,))
            server.start()
            longer = probe("dns", port, protocol=Protocol.UDP, names="maas.example")
            server.join()
    assert longer.verdict is Verdict.WORKS, longer


def answers_once(listening):
    connection, _ = listening.accept()
    with connection:
        for one in reading(connection):
            connection.sendall(framed(respond(one)))


def heard(*answers, address="10.0.0.1", **settings):
    return Heard(address=address, answers={one.question: one for one in answers}, **settings)


def found_as(rcode="NOERROR", *records, asked=NAME, **settings):
    return Answer(question=asked, rcode=rcode, records=records, **settings)


ALIVE_ANSWER = found_as("NXDOMAIN", asked=ALIVE)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (found_as("NXDOMAIN"), "there is no maas.example. (NXDOMAIN)"),
        (found_as("SERVFAIL", why="dnssec bogus"), "cannot find out maas.example A (SERVFAIL): those whom it asks itself do not answer, or their signatures do not hold (dnssec bogus)"),
        (found_as("REFUSED"), "refuses to answer about maas.example A (REFUSED)"),
        (found_as("NOTAUTH"), "it answers NOTAUTH to maas.example A"),
        (found_as(), "maas.example. exists and has no record of type A"),
        (found_as(referral=True), "it is not responsible for it and offers no recursion"),
        (found_as(referral=True, recursion=True), "has no record of type A"),
        (None, "no answer about maas.example A, while it answers other questions"),
    ],
    ids=["no name", "no idea", "refused", "another", "no record", "referral", "recursion", "silence"],
)  # fmt: skip
def test_what_is_wrong_with_a_name(answer, words):
    found = judge(planned(names="maas.example"), heard(ALIVE_ANSWER, *([answer] if answer else [])), [])
    assert found.verdict is Verdict.DEGRADED
    assert words in found.detail


@pytest.mark.parametrize(
    ("rcode", "verdict"),
    [
        ("NXDOMAIN", Verdict.WORKS),
        ("NOERROR", Verdict.WORKS),
        ("REFUSED", Verdict.DEGRADED),
        ("SERVFAIL", Verdict.DEGRADED),
    ],
)
def test_without_names_any_answer_counts_that_is_no_refusal(rcode, verdict):
    assert judge(planned(), heard(found_as(rcode, asked=ALIVE)), []).verdict is verdict


@pytest.mark.parametrize(
    ("wanted", "offered", "verdict"),
    [
        ("yes", True, Verdict.WORKS),
        ("yes", False, Verdict.DEGRADED),
        ("no", True, Verdict.DEGRADED),
        ("no", False, Verdict.WORKS),
    ],
)
def test_recursion(wanted, offered, verdict):
    found = judge(planned(recursion=wanted), heard(found_as("NXDOMAIN", asked=ALIVE, recursion=offered)), [])
    assert found.verdict is verdict
    assert ("recursion" in found.detail) or verdict is Verdict.WORKS


def test_servers_that_agree():
    ours, theirs = (
        heard(ALIVE_ANSWER, found_as("NOERROR", "10.1.1.1")),
        heard(found_as("NOERROR", "10.1.1.1"), address="10.0.0.2"),
    )
    found = judge(planned(names="maas.example", also="10.0.0.2"), ours, [theirs])
    assert found.verdict is Verdict.WORKS
    assert found.facts["also"] == {"10.0.0.2": {"maas.example A": "10.1.1.1"}}


@pytest.mark.parametrize(
    ("theirs", "words"),
    [
        (heard(found_as("NOERROR", "10.9.9.9"), address="10.0.0.2"), "10.0.0.1 says 10.1.1.1, 10.0.0.2 says 10.9.9.9"),
        (heard(found_as("NXDOMAIN"), address="10.0.0.2"), "10.0.0.2 says NXDOMAIN"),
        (heard(found_as(), address="10.0.0.2"), "10.0.0.2 says no such record"),
        (heard(ALIVE_ANSWER, address="10.0.0.2"), "10.0.0.2 says nothing"),
        (heard(address="10.0.0.2", cut="nothing came back"), "10.0.0.2 does not answer: nothing came back"),
    ],
    ids=["another", "no name", "no record", "nothing", "silent"],
)
def test_servers_that_do_not_agree(theirs, words):
    found = judge(
        planned(names="maas.example", also="10.0.0.2"), heard(ALIVE_ANSWER, found_as("NOERROR", "10.1.1.1")), [theirs]
    )
    assert found.verdict is Verdict.DEGRADED
    assert words in found.detail


def test_other_servers_that_refuse_babble_or_are_silent():
    with udp_server(lambda payload, say: say(respond(payload))) as port:
        refused = probe("dns", port, protocol=Protocol.UDP, names="maas.example", also="127.0.0.9")
        with udp_server_at("127.0.0.8", port, b"garbage"), udp_server_at("127.0.0.7", port, None):
            bad = probe(
                "dns", port, protocol=Protocol.UDP, names="maas.example", also="127.0.0.8,127.0.0.7", within=1.0
            )
    assert (refused.verdict, "127.0.0.9 does not answer" in refused.detail) == (Verdict.DEGRADED, True)
    assert "127.0.0.8 does not answer: what answers does not speak DNS" in bad.detail
    assert "127.0.0.7 does not answer: nothing came back" in bad.detail


class udp_server_at:
    """Somebody at a given address and port of loopback who answers one datagram with the same octets, or with none."""

    def __init__(self, address, port, octets):
        self._sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._sock.bind((address, port))
        self._thread = threading.Thread(target=self._serve, args=(octets,))

    def _serve(self, octets):
        _, peer = self._sock.recvfrom(4096)
        if octets is not None:
            self._sock.sendto(octets, peer)

    def __enter__(self):
        self._thread.start()

    def __exit__(self, *_):
        self._thread.join()
        self._sock.close()


@pytest.mark.parametrize(
    ("kind", "records", "authoritative", "agrees"),
    [
        ("A", ("192.0.2.1", "192.0.2.2"), False, True), ("AAAA", ("2001:db8::1", "2001:db8::2"), False, True),
        ("A", ("192.0.2.1", "192.0.2.2"), True, False), ("A", ("192.0.2.1", "10.0.0.7"), False, False), ("TXT", ("a", "b"), False, False),
    ],
    ids=["A", "AAAA", "of its own zone", "a site's address", "TXT"],
)  # fmt: skip
def test_resolvers_that_are_answered_by_the_nearest_of_many(kind, records, authoritative, agrees):
    name = question(f"archive.example/{kind}")
    ours, theirs = (
        heard(found_as("NOERROR", one, asked=name, authoritative=authoritative), address=at)
        for one, at in zip(records, ("10.0.0.1", "10.0.0.2"), strict=True)
    )
    found = judge(planned(names=f"archive.example/{kind}"), ours, [theirs])
    assert ("servers disagree" not in found.detail) is agrees


@pytest.mark.parametrize(
    ("options", "answers", "serves"),
    [
        ({}, [found_as("NXDOMAIN", asked=ALIVE)], None), ({}, [found_as("REFUSED", asked=ALIVE)], False), ({}, [found_as("SERVFAIL", asked=ALIVE)], False),
        ({"names": "maas.example"}, [ALIVE_ANSWER, found_as("SERVFAIL")], False), ({"names": "maas.example"}, [found_as("NOERROR", "10.1.1.1")], None),
    ],
    ids=["alive", "refuses", "fails", "not the name", "the name"],
)  # fmt: skip
def test_who_serves_nobody_is_told_as_such(options, answers, serves):
    assert judge(planned(**options), heard(*answers), []).facts.get("serves") is serves
