"""Conditions of this host's flows that sockets and addresses cannot show."""

from collections.abc import Iterator
from typing import Final

from bellrock.flows.lint.values import Scene, Unchecked
from bellrock.flows.select import roles_of
from bellrock.flows.values import ConditionKind

WHY: Final = {
    ConditionKind.RELAY_TARGETS: "what a relay forwards is seen at the rack or at the relay: --watch there",
    ConditionKind.CLOCK_SKEW: "clocks are compared where packets of both are seen",
    ConditionKind.CERTIFICATE: "a certificate is shown by a connection, and lint makes none",
    ConditionKind.BOTH_WAYS: "what filters between the hosts stand: `bellrock firewall check` reads rules",
    ConditionKind.PREFERRED_TO: "machines choose it, not this host",
    ConditionKind.OFTEN_VIA: "a choice of the site",
    ConditionKind.NEEDS_HELPER: "it is the firewall's: `bellrock firewall check` reads rules",
}
"""Kind → why it was not checked. Those that are missing here are checked."""


def unchecked(scene: Scene) -> Iterator[Unchecked]:
    """What holds or not, nobody looked: conditions of flows that a role of this host takes part in."""
    mine = set(scene.roles)
    for flow in scene.flows:
        for condition in flow.conditions if roles_of(flow) & mine else ():
            if condition.kind in WHY:
                yield Unchecked(flow.id, condition.sentence, WHY[condition.kind])
