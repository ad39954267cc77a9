import socket
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from bellrock.link.datagram import Datagram
from bellrock.model import Verdict, Wall
from bellrock.probe.ntp import PROBE, Sample, _parsed, judge, plan
from bellrock.probe.values import Ask, PlanError, Unexpected
from bellrock.wire import ntp
from bellrock.wire.ntp import CLIENT, SERVER, Packet
from tests.probe.peers import probe, udp_server

GOOD = Packet(
    mode=SERVER, stratum=2, precision=-20, root_delay=0.01, root_dispersion=0.01, reference=bytes((10, 0, 0, 1))
)


def answering(ahead=0.0, *, origin=None, each=lambda number: True, **changes):
    """A server whose clock is `ahead`, and which answers the requests for which `each` is true."""
    number = iter(range(1000))

    def answer(payload, say):
        if not each(next(number)):
            return
        now = ntp.timestamp(Wall(time.time() + ahead))
        packet = structs.replace(
            GOOD,
            origin=ntp.parse(payload).transmit if origin is None else origin,
            receive=now,
            transmit=now,
            reference_time=now,
        )
        say(ntp.build(structs.replace(packet, **changes)))

    return answer


def tried(answer, within=5.0, **options):
    with udp_server(answer) as port:
        return probe("ntp", port, within=within, **options)


def test_the_plan_is_a_function_of_its_ask():
    ask = Ask(flow="ntp", address="10.0.0.1", port=123, nonce=bytes(16))
    assert plan(ask) == plan(ask)
    assert len({request.transmit for request in plan(ask).requests}) == 4
    assert all(request.mode == CLIENT for request in plan(ask).requests)
    other = structs.replace(ask, nonce=bytes(range(16)))
    assert plan(ask).requests != plan(other).requests


@pytest.mark.parametrize(
    "options", [{"samples": "0"}, {"samples": "9"}, {"bears": "-1"}, {"bears": "x"}, {"sample": "1"}], ids=str
)
def test_options_that_are_wrong(options):
    with pytest.raises(PlanError, match="ntp"):
        plan(Ask(flow="ntp", options=options))


def test_no_more_is_sent_than_is_stated():
    most = plan(Ask(flow="ntp", options={"samples": "8"}))
    assert len(most.requests) == PROBE.load.packets


def test_a_good_server_works_and_is_measured():
    found = tried(answering())
    assert found.verdict is Verdict.WORKS, found
    assert abs(found.facts["offset_s"]) < 30
    assert found.facts["stratum"] == 2
    assert found.facts["reference"] == "10.0.0.1"
    assert found.facts["answered"] == found.facts["asked"] == 4
    assert found.facts["delay_s"] >= 0
    assert found.rtt_ms is not None
    assert [step.direction for step in found.evidence] == ["sent", "received"] * 4


@pytest.mark.parametrize(
    ("ahead", "words", "certificates"),
    [
        (300.0, ("300.", "ahead of", "tokens bear 60 s"), True),
        (-300.0, ("300.", "behind", "tokens bear 60 s"), True),
        (200_000.0, ("200", "ahead of", "not yet valid"), False),
        (40 * 365 * 86400.0, ("ahead of", "not yet valid"), False),
    ],
    ids=["ahead", "behind", "days", "the next era"],
)
def test_clocks_that_differ(ahead, words, certificates):
    found = tried(answering(ahead))
    assert found.verdict is Verdict.DEGRADED
    assert all(word in found.detail for word in words), found.detail
    assert found.facts["offset_s"] == pytest.approx(ahead, abs=30)
    assert found.facts["tokens_bear_it"] is False
    assert found.facts["certificates_bear_it"] is certificates


def test_what_is_borne_may_be_set():
    assert tried(answering(300), bears="3600").verdict is Verdict.WORKS
    found = tried(answering(300), bears="20")
    assert (found.verdict, "20 s are borne" in found.detail) == (Verdict.DEGRADED, True)


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"leap": 3}, "unsynchronised"),
        ({"stratum": 16}, "unsynchronised"),
        ({"stratum": 0, "reference": bytes(4)}, "unsynchronised"),
        ({"root_dispersion": 9.0}, "uncertain by 9.0 s"),
        ({"root_delay": 9.0}, "uncertain by 4.5 s"),
    ],
    ids=["leap", "stratum 16", "stratum 0", "dispersion", "delay"],
)
def test_servers_whose_own_time_will_not_do(changes, word):
    found = tried(answering(**changes))
    assert found.verdict is Verdict.DEGRADED
    assert word in found.detail
    assert found.facts["serves"] is False


@pytest.mark.parametrize(
    ("code", "verdict"),
    [("RATE", Verdict.DEGRADED), ("DENY", Verdict.DEGRADED), ("RSTR", Verdict.DEGRADED), ("INIT", Verdict.DEGRADED),
     ("XFOO", Verdict.DEGRADED), ("CRYP", Verdict.AUTHENTICATION_NEEDED)],
)  # fmt: skip
def test_a_kiss_of_death_ends_the_asking_at_once(code, verdict):
    found = tried(answering(stratum=0, reference=code.encode()))
    assert found.verdict is verdict
    assert code in found.detail
    serves = {} if code in ("RATE", "CRYP") else {"serves": False}
    assert found.facts == {"kiss": code} | serves
    assert [step.direction for step in found.evidence] == ["sent", "received"]


def test_a_kiss_after_good_answers_leaves_what_they_told():
    """Three samples of a clock that is 75 s ahead, and then RATE."""
    number = iter(range(1000))
    good, kiss = answering(75), answering(stratum=0, reference=b"RATE")
    found = tried(lambda payload, say: (good if next(number) < 3 else kiss)(payload, say))
    assert found.verdict is Verdict.DEGRADED
    assert (round(found.facts["offset_s"]), found.facts["answered"], found.facts["kiss"]) == (75, 3, "RATE")
    assert found.detail.startswith(
        "its clock is 75.0 s ahead of this host's: tokens bear 60 s; after 3 of 4 answers it asks to be asked less"
    )


def test_answers_that_are_lost():
    found = tried(answering(each=lambda number: number % 2), within=2.0)
    assert found.verdict is Verdict.DEGRADED
    assert "2 of 4" in found.detail
    once = tried(answering(each=lambda number: number), within=2.0)
    assert once.verdict is Verdict.WORKS
    assert once.facts["answered"] == 3


def test_answers_to_what_nobody_asked_are_no_answers():
    found = tried(answering(origin=12345), within=0.5)
    assert found.verdict is Verdict.FILTERED
    assert any("answers no open request" in step.what for step in found.evidence)


def test_an_answer_that_comes_twice_counts_once():
    once = answering()

    def twice(payload, say):
        once(payload, lambda octets: (say(octets), say(octets)))

    found = tried(twice)
    assert found.verdict is Verdict.WORKS
    assert found.facts["answered"] == 4


def test_answers_from_another_port_are_told():
    once = answering()
    found = tried(lambda payload, say: once(payload, lambda octets: say(octets, elsewhere=True)), within=0.5)
    assert found.verdict is Verdict.WRONG_SERVICE
    assert "which was not asked" in found.detail


@pytest.mark.parametrize(
    "octets",
    [b"", b"garbage", bytes(48), ntp.build(Packet(mode=CLIENT)), ntp.build(Packet(mode=6, version=2)), b"\xff" * 65000],
    ids=["empty", "short", "version 0", "echo", "control", "large"],
)
def test_what_speaks_no_ntp(octets):
    found = tried(lambda _, say: say(octets))
    assert found.verdict is Verdict.WRONG_SERVICE
    assert "NTP" in found.detail


def test_one_who_does_not_stop_talking_is_not_heard_for_ever():
    junk = ntp.build(structs.replace(GOOD, origin=1)) + bytes(30_000)
    found = tried(lambda _, say: [say(junk) for _ in range(5)])
    assert found.verdict is Verdict.WRONG_SERVICE
    assert "does not stop" in found.detail


def test_silence_and_nobody():
    silent = tried(lambda payload, say: None, within=0.4)
    assert silent.verdict is Verdict.FILTERED
    assert silent.rtt_ms is None
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert probe("ntp", port).verdict is Verdict.REFUSED


def test_the_answer_with_the_shortest_way_counts():
    samples = [Sample(GOOD, 5.0, 0.9, Wall(0)), Sample(GOOD, 0.25, 0.1, Wall(1)), Sample(GOOD, -3.0, 0.5, Wall(2))]
    found = judge(samples, 3, 60)
    assert found.verdict is Verdict.WORKS
    assert (found.facts["offset_s"], found.facts["delay_s"], found.facts["jitter_s"]) == (0.25, 0.1, 8.0)


@given(st.binary(max_size=100))
def test_any_octets_are_an_answer_or_unexpected(data):
    try:
        packet = _parsed(Datagram(data, "10.0.0.1", 123, 0.0))
    except Unexpected:
        return
    assert packet.mode == SERVER
    assert len(data) >= 48


@pytest.mark.parametrize("written", ["::ffff:127.0.0.1", "127.0.0.1"])
def test_whoever_answers_is_known_however_his_address_is_written(written):
    with udp_server(answering()) as port:
        found = probe("ntp", port, address=written)
    assert (found.verdict, found.target) == (Verdict.WORKS, f"127.0.0.1:{port}")
