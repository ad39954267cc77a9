"""Places."""

from bellrock.flows import Place, Role


def test_rules_without_roles_stand_at_a_router():
    assert Place().is_router
    assert Place(gateway_of=Role.BMC).is_router
    assert not Place(roles=(Role.RACK,)).is_router
