"""The protocol's numbers fit each other."""

import msgspec
import pytest

from bellrock.beacon import Config, PortFacts
from bellrock.beacon.ids import REMEMBER_SENT
from bellrock.wire.beacon import MAX_ACKS
from tests.beacon.playbook import facts

CONFIG = Config()


def test_a_peer_that_misses_one_answer_is_not_given_up():
    assert CONFIG.fade_after >= CONFIG.answer_rest
    assert CONFIG.fade_after + 4 * CONFIG.fade_every < CONFIG.peer_ttl < 90


def test_a_moved_port_is_cleared_within_two_seconds():
    assert CONFIG.survey_within + CONFIG.answer_window[1] + CONFIG.verify_for + CONFIG.verify_every < 2
    assert CONFIG.verify_asks * CONFIG.answer_spacing[1] * 1.2 < CONFIG.verify_for


def test_what_peers_may_refer_to_is_still_remembered():
    assert CONFIG.peer_ttl + CONFIG.trickle_max < REMEMBER_SENT


def test_acknowledgements_fit_what_is_decoded():
    assert CONFIG.max_acks <= MAX_ACKS


def test_trickle_doubles_from_its_least_to_its_greatest_interval():
    assert CONFIG.trickle_max / CONFIG.trickle_min == 64


def test_the_burst_is_over_and_answered_before_the_port_settles():
    assert CONFIG.burst[-1] * 1.2 + CONFIG.answer_spacing[1] < CONFIG.settle + 0.1


def test_values_are_frozen():
    with pytest.raises(AttributeError):
        facts().mtu = 9000
    assert msgspec.structs.replace(facts(), mtu=9000).mtu == 9000
    assert isinstance(facts(), PortFacts)
