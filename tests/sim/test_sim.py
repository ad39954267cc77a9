"""Random networks: what the real engines find, and what `topology` makes of it, is the truth."""

import pytest

from bellrock.beacon import Config
from tests.sim.judge import judge

SEEDS = range(150)


@pytest.mark.parametrize("first", range(0, len(SEEDS), 10))
def test_what_is_found_is_the_truth(first):
    for seed in SEEDS[first : first + 10]:
        verdict = judge(seed)
        wrong = "\n  ".join(verdict.wrong)
        assert not wrong, f"seed {seed}: {verdict.what}\n  {wrong}\nreplay: .venv/bin/python -m tests.sim.replay {seed}"


def test_the_seeds_cover_what_they_should():
    """Loss, moves, bytes on the wire and plain MAAS racks all occur, and moved ports are looked at in time."""
    verdicts = [judge(seed) for seed in range(30, 60)]
    assert any("loss=0.0," in verdict.what for verdict in verdicts)
    assert any("loss=0.0," not in verdict.what for verdict in verdicts)
    assert any("0 MAAS racks" not in verdict.what for verdict in verdicts)
    assert sum(verdict.moves for verdict in verdicts) > 3
    assert sum(verdict.checked for verdict in verdicts) > 0
    assert sum(verdict.joins for verdict in verdicts) > 500


def test_one_seed_is_one_network():
    assert judge(7) == judge(7)


@pytest.mark.parametrize("seed", range(3))
def test_a_single_move_without_loss_is_seen_in_time(seed):
    verdict = judge(9000 + seed, fair=True, moves=1, size=8)
    assert verdict.moves == 1
    assert verdict.wrong == []


def test_the_judge_sees_agents_that_never_forget(monkeypatch):
    """The check can fail: with peers that are kept for ever, moves leave false claims behind."""
    forever = Config(peer_ttl=1e9, fade_after=1e9, verify_for=1e9)
    monkeypatch.setattr("tests.sim.hosts.CONFIG", forever)
    verdicts = [judge(9000 + seed, fair=True, moves=1, size=8) for seed in range(8)]
    assert any(verdict.false_merges for verdict in verdicts)
    assert any(verdict.late for verdict in verdicts)


def test_the_judge_sees_agents_that_do_not_listen(monkeypatch):
    """The same for joins: an agent that takes everything for a replay finds nothing."""
    monkeypatch.setattr("bellrock.beacon.ids.SeenIds.accept", lambda self, port, beacon_id: False)
    assert judge(3, fair=True, moves=0).missed_joins
