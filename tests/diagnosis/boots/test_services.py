"""Steps `dns`, `ntp`, `syslog`."""

import pytest

from bellrock.diagnosis.boots.services import steps
from bellrock.diagnosis.packets import Log
from bellrock.wire import ntp
from tests.diagnosis.boots.test_part import part
from tests.diagnosis.wires import (
    NODE_IP,
    RACK_IP,
    answered,
    asked,
    complaint,
    conversation,
    leased,
    packet,
)  # fmt: skip

NAME = "archive.ubuntu.com"


def told(*things):
    return [(one.step, one.outcome, one.what) for one in steps(part(leased(0), *things))]


def clock(at, *, mode=ntp.CLIENT, source=NODE_IP, destination=RACK_IP, **more):
    return packet(ntp.Packet(mode=mode, **({"stratum": 2} | more)), at, source, destination, ports=(123, 123))


def serves(at, **more):
    return clock(at, mode=ntp.SERVER, source=RACK_IP, destination=NODE_IP, **more)


def log(at, source=NODE_IP, destination=RACK_IP):
    return packet(Log(13, "x"), at, source, destination, ports=(40514, 514))


def test_names_that_are_found_are_one_step():
    found = told(asked(NAME, 1), answered(NAME, 1.01), asked("b.example", 2, id=9), answered("b.example", 2.01, id=9))
    assert found == [("dns", "worked", f"{NAME} (A) and b.example (A) from {RACK_IP} in 1.0 s")]


def test_a_name_that_is_not_there():
    assert told(asked(NAME, 1), answered(NAME, 1.01, rcode="NXDOMAIN")) == [
        ("dns", "failed", f"{NAME} (A) from {RACK_IP}: NXDOMAIN")
    ]


def test_search_domains_and_the_other_kind_of_address_are_no_fault():
    longer, four = f"{NAME}.lan", (asked(NAME, 2, id=2), answered(NAME, 2.01, id=2))
    assert [one[1] for one in told(asked(longer, 1), answered(longer, 1.01, rcode="NXDOMAIN"), four)] == ["worked"]
    six = asked(NAME, 3, type="AAAA", id=3), answered(NAME, 3.01, type="AAAA", id=3, rcode="SERVFAIL")
    assert [one[1] for one in told(four, six)] == ["worked"]
    assert [one[1] for one in told(asked(longer, 1), answered(longer, 1.01, rcode="SERVFAIL"), four)] == [
        "failed",
        "worked",
    ]


def test_a_resolver_that_is_silent_or_late():
    assert told(asked(NAME, 1), asked(NAME, 6)) == [
        ("dns", "unanswered", f"{NAME} (A) from {RACK_IP}: no answer (2 tries)")
    ]
    assert told(asked(NAME, 1), answered(NAME, 6.5)) == [
        ("dns", "slow", f"{NAME} (A) from {RACK_IP} in 5.5 s; answered after 5.5 s")
    ]


def test_what_is_asked_again_after_its_answer_is_another_question():
    found = told(asked(NAME, 1), answered(NAME, 1.01), asked(NAME, 30), asked(NAME, 35))
    assert [one[1:] for one in found] == [("unanswered", f"{NAME} (A) from {RACK_IP}: no answer (3 tries)")]


def test_answers_that_are_older_than_the_question_are_none():
    assert told(answered(NAME, 0.5), asked(NAME, 1), asked(NAME, 4))[0][1] == "unanswered"


def test_questions_for_other_things_are_no_step():
    assert told(asked("2.0.0.10.in-addr.arpa", 1, type="PTR")) == []


def test_a_clock_that_is_told():
    assert told(clock(1), serves(1.01)) == [("ntp", "worked", f"the time from {RACK_IP}")]
    assert told(clock(1), clock(3))[0][1:] == ("unanswered", f"the time from {RACK_IP}: no answer (2 tries)")


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ({"stratum": 0, "leap": 3, "reference": b"DENY"}, "it does not serve: DENY"),
        ({"stratum": 0, "leap": 3, "reference": bytes(4)}, "its own clock is not set"),
        ({"stratum": 3, "leap": 3}, "its own clock is not set"), ({"stratum": 16}, "its own clock is not set"),
    ],
    ids=["denied", "kiss without a word", "leap", "stratum"],
)  # fmt: skip
def test_a_clock_that_cannot_be_used(answer, why):
    assert told(clock(1), serves(1.01, **answer)) == [("ntp", "failed", f"the time from {RACK_IP}: {why}")]


def test_syslog_works_unless_somebody_complains():
    assert told(log(1), log(2)) == [("syslog", "worked", f"2 messages to {RACK_IP}")]
    about = (NODE_IP, 40514, RACK_IP, 514)
    other = (NODE_IP, 40514, RACK_IP, 69)
    assert told(log(1), complaint("redirect", about, 1.05))[0][1] == "worked"
    assert told(log(1), complaint("host unreachable", other, 1.05), complaint("port unreachable", about, 1.1)) == [
        ("syslog", "failed", f"1 message to {RACK_IP}: port unreachable")
    ]


def test_syslog_over_tcp_needs_somebody_who_listens():
    tcp = {"flow": "syslog", "ports": (40514, 514)}
    assert told(conversation(at=1, **tcp)) == []
    silent = conversation(at=1, answered=None, ended="never answered", packets=3, replies=0, **tcp)
    assert told(silent) == [("syslog", "unanswered", f"connection to {RACK_IP}: no answer to SYN")]
    refused = conversation(at=1, answered=None, ended="reset", **tcp)
    assert told(refused) == [("syslog", "failed", f"connection to {RACK_IP}: refused")]
