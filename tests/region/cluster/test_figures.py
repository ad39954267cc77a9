"""What several processes measure of each other."""

from __future__ import annotations

from bellrock.region.cluster.figures import figures


def test_each_has_its_value():
    told = figures(members=3, epoch=7, cut_off=True, waiting=5, ahead=-0.25, ready=True)
    assert {one.name: [value for _, value in one.samples] for one in told} == {
        "bellrock_members": [3],
        "bellrock_member_epoch": [7],
        "bellrock_member_cut_off": [1],
        "bellrock_member_words_waiting": [5],
        "bellrock_member_clock_ahead_seconds": [-0.25],
        "bellrock_member_ready_to_lead": [1],
    }
