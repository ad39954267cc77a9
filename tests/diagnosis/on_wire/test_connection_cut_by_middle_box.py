import pytest

from bellrock.diagnosis.on_wire import connection_cut_by_middle_box as rule
from tests.diagnosis import wires as w
from tests.diagnosis.sound import found, whats

REGION = "10.30.0.3"


def stream(at=1.0, until=400.0, **more):
    told = {"flow": "stream", "ended": "reset", "packets": 40}
    return w.conversation(at=at, until=until, destination=REGION, ports=(40080, 5240), **(told | more))


def segments(limit=61, usual=63, flags="R"):
    mine = {"ports": (5240, 40080), "source": REGION, "destination": w.NODE_IP}
    return (
        w.segment("SA", 1.0, hop_limit=usual, **mine), w.segment(flags, 400.0, hop_limit=limit, **mine),
        w.segment("R", 390.0, REGION, w.NODE_IP, ports=(22, 5), hop_limit=usual),
    )  # fmt: skip


def test_a_reset_of_another_machine():
    given = w.case(w.leased(), stream(), segments(limit=249), until=420)
    assert whats(rule, given) == [
        (
            "warning",
            "possible",
            f"The connection from {w.NODE} to 10.30.0.3:5240 was cut on the way, 6 min 39 s after it began",
        )
    ]
    [one] = found(rule, given)
    assert one.proof == (
        "The reset of packet 7, 400.000 s, bears the address 10.30.0.3 and a hop limit of 249; all else from there has 63: another machine sent it, on the "
        "way or in front of the server.",
    )
    assert one.recheck == "bellrock probe stream --to 10.30.0.3:5240"


NEAR, FAR = "node-7/eth0", "region-1/eth0"


def seen_from(point, hops, reset=True):
    """The connection as a point sees it, and the reset that bears the region's address."""
    mine = {"ports": (5240, 40080), "source": REGION, "destination": w.NODE_IP, "point": point}
    return (
        stream(at=1.0 if point == NEAR else 1.01, point=point, ended="reset" if reset else "open"),
        w.segment("SA", 1.0, hop_limit=hops, **mine),
        w.segment("R", 400.0, hop_limit=hops, **mine) if reset else None,
    )  # fmt: skip


def test_a_reset_that_the_farther_point_never_saw():
    [one] = found(rule, w.case(seen_from(NEAR, 62), seen_from(FAR, 64, reset=False), until=420))
    assert one.confidence.value == "certain"
    assert one.proof == (
        "The reset of packet 3, 400.000 s, bears the address 10.30.0.3 at node-7/eth0.",
        "region-1/eth0, which is nearer to 10.30.0.3 and saw the connection as well, saw no reset of it.",
    )


@pytest.mark.parametrize(
    ("things", "more"),
    [
        ((seen_from(NEAR, 62), seen_from(FAR, 64)), {}),
        ((seen_from(NEAR, 62), seen_from(FAR, 62, reset=False)), {}),
        ((seen_from(NEAR, 62), seen_from(FAR, None, reset=False)), {}),
        ((seen_from(NEAR, 62), seen_from(FAR, 64, reset=False)), {"points": (w.point(NEAR), w.point(FAR, dropped=2))}),
    ],
    ids=["its own reset", "nobody is nearer", "nobody can tell who is nearer", "the farther point lost packets"],
)
def test_a_reset_of_either_end(things, more):
    assert whats(rule, w.case(things, until=420, **more)) == []


VOID = {"ended": "open", "silence": 350.0, "repeated": 6, "stuck_octets": 120, "packets": 60}


def test_after_a_pause_nothing_passes_any_more():
    given = w.case(stream(flow="", **VOID), w.answered("a.example", 399.0, REGION), until=420)
    [one] = found(rule, given)
    assert one.proof == (
        "After 5 min 50 s without a packet 10.0.0.57 sent data 6 times anew, until 400.000 s; nothing of it was acknowledged.",
        "10.30.0.3 was heard meanwhile, so it is there.",
    )
    assert one.recheck == "bellrock diagnose --live eth0 --for 600"
    back = stream(**(VOID | {"repeated": 0, "replies_repeated": 6}))
    [one] = found(rule, w.case(back, w.asked("a.example", 399.0), until=420))
    assert "10.30.0.3 sent data 6 times anew" in one.proof[0]


def test_once_for_each_client_and_service():
    other = w.conversation(at=1.0, until=400.0, destination=REGION, ports=(40081, 5240), flow="stream", **VOID)
    given = w.case(stream(**VOID), other, w.answered("a.example", 399.0, REGION), until=420)
    assert len(found(rule, given)) == 1


HEARD = w.answered("a.example", 399.0, REGION)


@pytest.mark.parametrize(
    "things",
    [
        (), w.conversation(), (stream(), segments(limit=63)), (stream(), segments(limit=62)), (stream(), segments(limit=255)),
        (stream(), segments(limit=None)), stream(), (stream(), segments(limit=249)[1]), (stream(), segments(flags="F", limit=249)),
        (stream(), segments(limit=64, usual=1)), (stream(), segments(limit=64, usual=255)), (stream(), segments(limit=254)),
        (stream(), segments(limit=249, usual=57)),
        stream(**VOID), (stream(**(VOID | {"silence": 5.0})), HEARD), (stream(**(VOID | {"repeated": 2})), HEARD),
        (stream(**(VOID | {"stuck_octets": 0})), HEARD), (stream(**(VOID | {"ended": "closed"})), HEARD),
        (stream(**VOID, answered=None), HEARD), (stream(**(VOID | {"begun": False, "replies": 0})), HEARD),
        (w.conversation("udp", **VOID), HEARD),
    ],
    ids=[
        "nothing", "closed", "its own reset", "a way that changed", "systems that reset with 255", "no hop limit", "no reset kept", "nothing to compare with",
        "an end that is no reset", "a BGP session of one hop", "a session of RFC 5082", "a reset of 255 over one router",
        "a reset of 255 over as many routers", "the other end may be off", "no pause", "lost twice", "acknowledged", "closed after a pause", "never connected",
        "one way only", "UDP",
    ],
)  # fmt: skip
def test_not_cut(things):
    assert whats(rule, w.case(things, until=420)) == []


def test_a_connection_that_began_before_the_capture_counts():
    assert len(found(rule, w.case(stream(begun=False, **VOID), HEARD, until=420))) == 1


def test_without_a_wire():
    given = w.case()
    assert list(rule.find(type(given)(now=given.now))) == []
