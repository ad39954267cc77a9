"""Attempts at steps: retries become one step, and so do things that worked one after the other."""

import pytest

from bellrock.diagnosis.boots.attempts import Attempt, joined
from tests.diagnosis.boots.test_part import part
from tests.diagnosis.wires import discover, ns


def one(thing="a", at=1.0, until=None, **more):
    told = {
        "step": "tftp",
        "stage": "firmware",
        "whom": "10.0.0.2",
        "outcome": "worked",
        "packets": (round(at),),
    } | more
    return Attempt(thing=thing, at=ns(at), until=ns(at if until is None else until), **told)


def told(*attempts):
    return [(step.outcome, step.what, step.packets) for step in joined(part(discover(0)), attempts)]


def test_things_that_worked_one_after_the_other_are_one_step():
    assert told(one("a", 1), one("b", 2, 3, octets=3 << 20)) == [
        ("worked", "a and b from 10.0.0.2, 3.0 MiB in 2.0 s", (1, 2))
    ]


def test_another_server_stage_or_step_is_another_step():
    assert len(told(one(), one("b", whom="10.0.0.3"), one("c", stage="ipxe"), one("d", step="dns"))) == 4


def test_a_retry_that_worked_is_slow_and_says_why():
    steps = told(one(outcome="failed", why="refused", at=1), one(at=2))
    assert steps == [("slow", "a from 10.0.0.2; a at try 2 (refused)", (1, 2))]
    assert told(one(outcome="slow", why="sent again")) == [("slow", "a from 10.0.0.2; sent again", (1,))]
    assert told(one(outcome="slow")) == [("slow", "a from 10.0.0.2; more than 4 s", (1,))]


def test_what_never_worked_stands_alone_with_its_tries():
    assert told(one(outcome="unanswered", why="no answer", tries=3)) == [
        ("unanswered", "a from 10.0.0.2: no answer (3 tries)", (1,))
    ]
    assert told(one(outcome="failed"), one(at=2, outcome="failed")) == [
        ("failed", "a from 10.0.0.2: failed (2 tries)", (1, 2))
    ]


def test_what_was_had_once_is_had():
    assert told(one(), one(at=2, outcome="not-seen"))[0][0] == "worked"
    assert told(one(outcome="not-seen"), one(at=2))[0][0] == "worked"


def test_who_tries_again_after_silence_was_not_answered_elsewhere():
    silent = {"outcome": "not-seen", "silent": True, "why": "no answer"}
    assert told(one(**silent), one(at=2, **silent)) == [("unanswered", "a from 10.0.0.2: no answer (2 tries)", (1, 2))]
    assert told(one(**silent))[0][0] == "not-seen"
    assert told(one(outcome="not-seen"), one(at=2, outcome="not-seen"))[0][0] == "not-seen"


def test_names_that_are_not_there_are_no_fault_once_another_is_found():
    search = [one("x", 1, outcome="failed", passing=True), one("y", 2, outcome="failed", passing=True)]
    assert [step[0] for step in told(*search, one("z", 3))] == ["worked"]
    assert [step[0] for step in told(*search)] == ["failed", "failed"]
    assert [step[0] for step in told(*search, one("z", 3, stage="ipxe"))] == ["failed", "failed", "worked"]
    assert [step[0] for step in told(one("x", 1, outcome="failed"), one("z", 3))] == ["failed", "worked"]


@pytest.mark.parametrize(
    ("octets", "said"), [(900, "900 octets"), (2048, "2.0 KiB"), (5 << 20, "5.0 MiB"), (3 << 30, "3.0 GiB")]
)
def test_sizes(octets, said):
    assert told(one(octets=octets))[0][1].endswith(said)


def test_the_order_in_which_they_are_given_is_none():
    given = [one("a", 3), one("b", 1, outcome="failed"), one("c", 2)]
    assert told(*given) == told(*reversed(given))
