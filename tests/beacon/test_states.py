"""The table of states is whole, and the manual's diagram is drawn from it."""

from pathlib import Path

import pytest

from bellrock.beacon.states import EVIDENCE, TRANSITIONS, Cause, State, mermaid
from bellrock.model import EvidenceKind

MANUAL = Path(__file__).parents[2] / "docs" / "explanation" / "beacon-engine.md"


def test_every_state_is_reached_left_and_holds_its_evidence():
    assert set(TRANSITIONS.values()) | {State.NEW} == set(State)
    assert {before for before, _ in TRANSITIONS} | {State.LOST} == set(State)
    assert set(EVIDENCE) == set(State)
    assert {cause for _, cause in TRANSITIONS} == set(Cause)


@pytest.mark.parametrize("state", [s for s in State if EVIDENCE[s]])
def test_whoever_is_known_can_be_lost_by_silence_and_with_the_port(state):
    assert TRANSITIONS[state, Cause.SILENCE] is State.LOST
    assert TRANSITIONS[state, Cause.DOWN] is State.LOST


def test_only_an_acknowledged_fresh_id_leads_to_confirmed():
    """From a state that does not hold it already."""
    into = {
        cause
        for (before, cause), after in TRANSITIONS.items()
        if EvidenceKind.CONFIRMED in EVIDENCE[after] and EvidenceKind.CONFIRMED not in EVIDENCE[before]
    }
    assert into == {Cause.ACK}


def test_what_is_routable_never_becomes_on_link():
    assert {after for (before, _), after in TRANSITIONS.items() if before is State.ROUTABLE} == {
        State.ROUTABLE,
        State.LOST,
    }


def test_the_manual_shows_this_table():
    assert f"```mermaid\n{mermaid()}\n```" in MANUAL.read_text()
