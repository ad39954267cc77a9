"""A clock that is set back while a boot is captured."""

from msgspec.structs import replace

from bellrock.diagnosis import boot_causes
from bellrock.diagnosis.boots import boots
from bellrock.diagnosis.boots.steady import steady
from bellrock.model import Finding, Severity
from tests.diagnosis.wires import (
    NODE,
    arp_answers,
    arp_asks,
    conversation,
    get,
    leased,
    ns,
    point,
    response,
    transfer,
    wire,
)

BOOT = (leased(), arp_asks(0.5), arp_answers(0.51), get("/boot.ipxe", 2, agent="iPXE/1.21"), response(200, 2.1))


def jumped(hour=3600.0):
    """The same boot; from the ARP question on, which is packet 5, the clock is an hour behind."""
    back = ns(hour) - ns(0)
    whole = wire(
        BOOT, transfer(at=1, packet=7), conversation(at=2, until=3, first_packet=7, last_packet=8), conversation(at=0.1, until=3, first_packet=3)
    )  # fmt: skip
    packets = [replace(one, at=one.at - back) if one.number >= 5 else one for one in whole.packets]
    early, late = whole.conversations[1], whole.conversations[0]
    late = replace(late, **{name: getattr(late, name) - back for name in ("first", "last", "answered", "last_reply")})
    return replace(
        whole, packets=tuple(sorted(packets, key=lambda one: one.at)), conversations=(late, replace(early, last_reply=None, answered=None)),
        transfers=tuple(replace(one, at=one.at - back, until=one.until - back) for one in whole.transfers),
        points=(point(first=0.5 - hour, last=0.03),),
    )  # fmt: skip


def test_what_was_captured_later_is_later():
    found = steady(jumped())
    assert [one.number for one in found.packets] == list(range(1, 9))
    times = [one.at for one in found.packets]
    assert times == sorted(times)
    assert (found.first, found.packets[-1].at - found.packets[4].at) == (ns(0), ns(1.6) - ns(0))
    (moved,) = found.transfers
    assert (moved.at - found.packets[4].at, moved.until - moved.at) == (ns(0.5) - ns(0), ns(1) - ns(0))
    late, across = found.conversations
    assert late.first == found.packets[6].at
    assert late.first <= late.answered <= late.last_reply <= late.last <= found.last
    assert (across.answered, across.last_reply) == (None, None)
    assert across.first <= across.last


def test_the_ladder_is_in_order():
    (boot,) = boots(jumped())
    told = [one.step for one in boot.steps if one.packets]
    assert told.index("dhcp") < told.index("arp") < told.index("http-boot")
    assert all(one.time < 10 for one in boot.steps)


def test_what_came_before_the_jump_stopped_no_boot_that_went_on():
    (boot,) = found = boots(jumped())
    error = Finding(
        id="x",
        severity=Severity.ERROR,
        what="x",
        client=NODE,
        flow="dhcp",
        evidence=("packet 4",),
        proof=("x",),
        cause="x",
        fix=(),
    )
    (judged,) = boot_causes.judged(jumped(), found, (error,))
    assert (boot.stopped_at, judged.stopped_at) == ("", "")


def test_a_clock_that_goes_on_is_left_alone():
    whole = wire(BOOT)
    assert steady(whole) is whole
    assert steady(wire()).packets == ()


def test_queues_of_a_card_and_several_points_are_left_alone():
    queued = jumped(0.7)  # the ARP question is 0.23 s before the ACK then: less than half a second
    assert steady(queued) is queued
    several = replace(jumped(), points=(point("a"), point("b")))
    assert steady(several) is several
