"""How long each check may take."""

from bellrock.cli.check import BLOCKED_WITHIN, times
from bellrock.flows import Protocol, Role, Wanted


def want(flow, address="10.8.0.7", port=443, **fields):
    return Wanted(
        flow=flow, exchange="x", source=Role.RACK, target=Role.BMC, address=address, port=port, protocol=Protocol.TCP, why="x", **fields
    )  # fmt: skip


def test_a_slow_controller_has_all_the_time_and_a_silent_one_a_share():
    controller = (want("redfish"), want("bmc-web"), want("bmc-web", port=80))
    assert times(controller, 3.5) == [(3.5, 1.2)] * 3
    assert times(controller[:2], 3.5) == [(3.5, 1.75)] * 2
    assert times((want("redfish"), want("redfish", "10.8.0.8")), 3.5) == [(3.5, 3.5)] * 2


def test_silence_where_nothing_must_answer_is_listened_to_for_less():
    assert times((want("ssh", port=22, expectation="blocked"), want("api", port=5240)), 3.5) == [
        (BLOCKED_WITHIN, 0.0),
        (3.5, 0.0),
    ]
