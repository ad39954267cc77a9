from bellrock.flows import CATALOGUE, ConditionKind
from bellrock.flows.lint.exposure import RESTRICTED
from bellrock.flows.lint.unchecked import WHY, unchecked
from tests.flows.lint.scenes import scene


def test_conditions_of_this_hosts_flows_are_told_with_why_nobody_looked():
    found = list(unchecked(scene(roles=("ntp",))))
    assert [(one.flow, one.why) for one in found] == [("ntp", WHY[ConditionKind.CLOCK_SKEW])]
    assert found[0].sentence.startswith("Clocks differ by less than")


def test_what_is_checked_is_not_said_to_be_unchecked():
    found = {(one.flow, one.sentence) for one in unchecked(scene(roles=("rack",)))}
    assert ("dhcp", "Every relay forwards to addresses of racks, and to no others.") in found
    assert ("dhcp", "Exactly one DHCP server answers on each VLAN of nodes.") not in found


def test_a_host_without_a_role_has_none():
    assert list(unchecked(scene(roles=()))) == []


def test_each_kind_of_condition_is_checked_or_said_not_to_be():
    checked = {*RESTRICTED, ConditionKind.ONE_SERVER_PER_VLAN, ConditionKind.OFF_ON_PRODUCTION}
    used = {condition.kind for flow in CATALOGUE for condition in flow.conditions}
    assert used <= checked | set(WHY)
    assert not checked & set(WHY)
