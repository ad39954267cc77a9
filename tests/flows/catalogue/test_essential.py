"""What no firewall may block is between everybody, in the family that it belongs to."""

import pytest

from bellrock.flows import Group, Protocol, Role
from bellrock.flows.catalogue.essential import ESSENTIAL


@pytest.mark.parametrize("flow", ESSENTIAL, ids=lambda flow: flow.id)
def test_an_essential_flow_is_between_everybody(flow):
    assert flow.group is Group.ESSENTIAL
    assert flow.source == flow.destination == (Role.ANYONE,)
    for one in flow.exchanges:
        assert one.source == one.destination == (Role.ANYONE,)
        assert one.families == ((6,) if one.protocol is Protocol.ICMPV6 else (4,))


def test_errors_are_related_and_membership_is_to_groups():
    errors = [one for flow in ESSENTIAL for one in flow.exchanges if one.name == "errors"]
    assert len(errors) == 2
    assert all(one.expected and not one.answered for one in errors)
    groups = {flow.id: flow.exchanges[0].destination_addresses for flow in ESSENTIAL}
    assert (groups["igmp"], groups["mld"]) == (("224.0.0.0/4",), ("ff00::/8",))
