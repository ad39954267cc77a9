"""Who asks, and what that entitles to."""

from __future__ import annotations

import pytest

from bellrock.region.roles import UserRole

ORDER = ("viewer", "operator", "admin")


@pytest.mark.parametrize("role", ORDER)
@pytest.mark.parametrize("needed", ORDER)
def test_each_role_includes_those_before_it(role, needed):
    assert UserRole(role).may(UserRole(needed)) is (ORDER.index(role) >= ORDER.index(needed))


def test_there_are_no_others():
    assert [str(role) for role in UserRole] == list(ORDER)
