"""What a scan is printed as, and what it ends with."""

import pytest

from bellrock.beacon.reach import judge
from bellrock.beacon.scanner import Reached
from bellrock.cli.vlanscan import INTERRUPTED, Scanned, Wanted, exit_code, lines, strange, tell_end
from bellrock.wire.ethernet import Tag


def a(vid, outer=None):
    return Reached("a", "eth1", vid, outer)


def scanned(**rows):
    more = {name: rows.pop(name) for name in ("why", "unsent", "outer", "strangers") if name in rows}
    return Scanned(**({"rows": rows, "host": "me", "outer": None, "seconds": 1.0, "why": "", "unsent": {}} | more))


def test_vids_that_came_out_alike_are_one_line():
    row = {
        0: (a(7),),
        5: (a(5),),
        6: (a(6),),
        7: (a(7),),
        8: (),
        9: (),
        20: (a(21),),
        30: (Reached("b", "eth2", None),),
    }
    assert lines(judge(row)) == [
        ("untagged", "reaches", "a/eth1 (as VID 7, which is native here)"),
        ("5-7", "reaches", "a/eth1"),
        ("8-9", "silent", ""),
        ("20", "another VID answers", "a/eth1 (as VID 21: translated)"),
        ("30", "reaches", "b/eth2 (untagged there)"),
    ]


def test_untagged_and_tagged_that_came_out_alike_share_a_line():
    assert lines(judge({0: (), 1: (), 2: ()})) == [("untagged, 1-2", "silent", "")]
    assert lines(judge({0: ()})) == [("untagged", "silent", "")]


def test_vlans_that_run_into_one_are_told_with_their_others():
    row = {10: (a(20),), 20: (a(20),), 30: (a(None),), 40: (a(None),)}
    assert [line[2] for line in lines(judge(row))] == [
        "a/eth1 (as VID 20, like VID 20: native VLANs differ)",
        "a/eth1 (as VID 20, like VID 10: native VLANs differ)",
        "a/eth1 (as untagged, like VID 40: native VLANs differ)",
        "a/eth1 (as untagged, like VID 30: native VLANs differ)",
    ]


def test_both_tags_are_named_behind_a_service_tag():
    assert lines(judge({5: (a(6, 200),)}, 100)) == [("5", "another VID answers", "a/eth1 (as VID 200.6: translated)")]


def test_many_ends_are_counted_after_the_first():
    row = {5: tuple(Reached(f"h{n}", "eth0", 5) for n in range(10))}
    [(_, _, who)] = lines(judge(row))
    assert who.endswith("h7/eth0 and 2 more")


def test_what_comes_back_is_a_loop():
    [(_, verdict, who)] = lines(judge({5: (Reached("me", "eth0", 5), Reached("me", "eth1", 5))}), ("me", "eth0"))
    assert (verdict, who) == ("reaches", "this interface itself: a loop, me/eth1")


@pytest.mark.parametrize(
    ("found", "code"),
    [
        (scanned(eth0={5: (a(5),), 6: ()}), 0),
        (scanned(eth0={0: (a(None),), 6: ()}), 0),
        (scanned(eth0={5: ()}, eth1={6: ()}), 1),
        (scanned(eth0={5: (a(5),)}, why=INTERRUPTED), 130),
        (scanned(eth0={5: (a(5),)}, why="stopped by somebody"), 3),
    ],
)
def test_exit_codes(found, code):
    assert exit_code(found) == code


def test_the_end_is_told_in_one_line_and_one_for_each_thing_that_was_not_done(capsys):
    tell_end(scanned(eth0={0: (a(None),), 5: (a(5),), 6: ()}))
    assert capsys.readouterr().err == "2 VIDs called on eth0 in 1.0 s: 1 reach 1 interfaces, 1 are silent\n"
    tell_end(scanned(eth0={5: ()}, eth1={5: ()}, unsent={"ENOBUFS": 3}, why="stopped by \x1bbusy"))
    assert capsys.readouterr().err == (
        "2 VIDs called on 2 interfaces in 1.0 s: 0 reach 0 interfaces, 2 are silent\n"
        "3 calls were not sent (ENOBUFS): of their VIDs nothing is known\n"
        "stopped by \\x1bbusy: VIDs that are not listed were not called\n"
    )


def test_beacons_with_another_secret_are_told(capsys):
    tell_end(scanned(eth0={5: ()}, strangers=frozenset({("eth0", "02:00:00:00:00:01")})))
    assert capsys.readouterr().err.splitlines()[1] == (
        "one machine beacons on eth0 with another secret (02:00:00:00:00:01), and cannot be asked with this one: "
        "if they are yours, this is the wrong secret"
    )
    many = strange(frozenset((f"eth{n % 2}", f"02:00:00:00:00:0{n}") for n in range(6)))
    assert many.startswith("6 machines beacon on eth0, eth1 with another secret (02:00:00:00:00:00, 02:")
    assert "02:00:00:00:00:03, …)" in many


def test_the_plan_of_what_is_wanted():
    plan = Wanted(vids=(5,), outer=100, tpid=0x8100, rate=5.0, version=1, patience=2.0, sure=frozenset({5})).plan()
    assert (plan.vids, plan.outer, plan.rate, plan.version, plan.patience, plan.sure) == (
        (5,), Tag(0x8100, 100), 5.0, 1, 2.0, frozenset({5}),
    )  # fmt: skip
    assert Wanted(vids=(5,)).plan().outer is None
