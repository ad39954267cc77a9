"""Accounts sleep when nobody has asked for them in a while, and nobody can tell."""

from __future__ import annotations

from bellrock.model import (
    Evidence,
    EvidenceGone,
    EvidenceKind,
    Host,
    HostSeen,
    Interface,
    InterfaceGone,
    InterfaceSeen,
    MtuLimit,
    MtuSeen,
    Neighbour,
    Port,
    RefusalCount,
    Wall,
    key_of,
)
from bellrock.region.service.account import Account, Awake
from bellrock.region.store import AgentRow
from bellrock.region.store.packed import pack_values

MINE, THEIRS = Port("a", "eth0"), Port("b", "eth0")
SEEN = Evidence(kind=EvidenceKind.HEARD, port=MINE, peer=THEIRS)
SWITCH = Evidence(kind=EvidenceKind.LLDP, port=MINE, neighbour=Neighbour(protocol="lldp", chassis_id="c", port_id="p"))
PASSES = MtuSeen(MINE, THEIRS, 1500, MtuLimit.LINK, 9000)
PACKED = pack_values([SEEN, SWITCH], [1, 2], [PASSES], [3])


def account(awake: Awake | None = None) -> Account:
    return Account(AgentRow(host=Host("a", "rack"), account=2), PACKED, awake)


def test_it_wakes_when_it_is_asked_for_and_sleeps_again():
    one = account()
    assert one.evidence == {key_of(SEEN): (SEEN, 1), key_of(SWITCH): (SWITCH, 2)}
    assert one.mtu == {(MINE, THEIRS): (PASSES, 3)}
    assert one.evidence is one.evidence
    one.sleep()
    assert one.asleep is PACKED  # what was only read is as it was
    one.sleep()
    assert one.count == (2, 1)


def test_what_changed_is_packed_anew():
    one = account()
    del one.change().evidence[key_of(SEEN)]
    assert one.asleep is None
    assert (one.count, one.devices()) == ((1, 1), {"eth0": SWITCH})
    one.sleep()
    assert one.asleep is not None
    assert (one.asleep.evidence, one.asleep.peers) == (1, ("b",))
    assert (one.count, one.all_evidence(), one.devices()) == ((1, 1), [SWITCH], {"eth0": SWITCH})


def test_whoever_walks_over_all_wakes_nobody():
    one = account()
    one.interfaces["eth0"] = (Interface(name="eth0", index=1, mac="m"), 1)
    refusal = RefusalCount(MINE, "m", "skew", 1)
    one.refusals[MINE, "m", "skew"] = (refusal, 1)
    asked = (one.count, one.all_evidence(), one.all_mtu(), one.devices())
    assert asked == ((2, 1), [SEEN, SWITCH], [PASSES], {"eth0": SWITCH})
    outline = [HostSeen(one.host, Wall(0.0)), InterfaceSeen("a", one.interfaces["eth0"][0]), refusal]
    assert [*one.outline(one.interfaces)] == outline
    assert one.all_evidence() is not one.all_evidence()
    assert one.evidence is one.evidence  # as above: awake, it would be the same each time
    assert (one.count, one.all_evidence(), one.all_mtu()) == asked[:3]


def test_those_that_were_asked_for_last_are_awake():
    awake = Awake(7)
    first, second, third = (account(awake) for _ in range(3))
    for one in (first, second, first, third):  # of three pieces each, two fit
        one.change()
    assert [one.asleep is None for one in (first, second, third)] == [True, False, True]
    second.change()
    assert [one.asleep is None for one in (first, second, third)] == [False, True, True]


def test_one_account_is_awake_however_much_it_has():
    one, other = account(awake := Awake(1)), account(awake)
    one.change()
    assert one.asleep is None
    other.change()
    assert (one.asleep is None, other.asleep is None) == (False, True)


def test_pieces_of_all_accounts_together_are_counted_whatever_becomes_of_them():
    awake = Awake(4)
    assert awake.pieces() == (0, 0)
    one, other = account(awake), account(awake)
    assert awake.pieces() == (4, 2)
    del one.change().evidence[key_of(SEEN)]
    one.change().mtu[THEIRS, MINE] = (PASSES, 3)
    other.change().evidence.clear()  # and `one` goes to sleep
    assert one.asleep is not None
    assert awake.pieces() == (1, 3)
    one.clear()
    assert awake.pieces() == (0, 1)
    assert [one.counted, other.counted] == [(0, 0), (0, 1)]
    assert awake.pieces() == (0, 1)


def test_nothing_is_counted_anew_that_was_only_read():
    awake = Awake()
    one = account(awake)
    awake.pieces()
    assert (len(one.evidence), len(one.mtu)) == (2, 1)
    one.counted = (9, 9)  # would be found out
    assert (awake.pieces(), one.counted) == ((2, 1), (9, 9))


def test_all_of_it_is_taken_back():
    one = account()
    one.interfaces["eth0"] = (Interface(name="eth0", index=1, mac="m"), 1)
    one.clear()
    one.sleep()
    assert (one.count, one.interfaces, one.evidence, one.mtu) == ((0, 0), {}, {}, {})


def test_a_complete_account_keeps_what_it_told_itself():
    one = account()
    one.interfaces = {
        name: (Interface(name=name, index=1, mac="m"), number) for name, number in (("eth0", 1), ("eth1", 2))
    }
    refusal = RefusalCount(MINE, "m", "skew", 1)
    own = RefusalCount(Port("a", "eth1"), "n", "skew", 1)
    vanished = RefusalCount(MINE, "n", "skew", 1)
    one.refusals = {
        (each.port, each.source_mac, "skew"): (each, number) for each, number in ((refusal, 1), (vanished, 2), (own, 2))
    }
    assert one.withdraw_older() == [
        InterfaceGone("a", "eth0"), EvidenceGone(key_of(SEEN), "restarted"),
        *(RefusalCount(MINE, mac, "skew", 0) for mac in "mn"),
    ]  # fmt: skip
    assert ([*one.evidence], [*one.mtu]) == ([key_of(SWITCH)], [(MINE, THEIRS)])
    assert ([*one.interfaces], [*one.refusals]) == (["eth1"], [(own.port, "n", "skew")])


def test_an_interface_that_vanished_takes_its_refusals_along():
    one = account()
    one.interfaces = {name: (Interface(name=name, index=1, mac="m"), 1) for name in ("eth0", "eth1")}
    other = Port("a", "eth1")
    one.refusals = {(port, "m", "skew"): (RefusalCount(port, "m", "skew", 1), 1) for port in (MINE, other)}
    one.forget_interface("eth0")
    one.forget_interface("eth0")
    assert ([*one.interfaces], [*one.refusals]) == (["eth1"], [(other, "m", "skew")])
