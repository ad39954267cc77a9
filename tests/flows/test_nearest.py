"""What somebody may have meant."""

import pytest

from bellrock.flows import Role
from bellrock.flows.nearest import nearest


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("tfpt", "did you mean 'tftp'?"),
        ("DHCP", "did you mean 'dhcp'?"),
        ("zzz", "expected one of dhcp, tftp"),
        ("x" * 100_000, "expected one of dhcp, tftp"),
    ],
)
def test_the_nearest_or_all(asked, told):
    assert nearest(asked, ["dhcp", "tftp"]) == told


def test_a_long_list_may_be_told_otherwise():
    assert nearest("zzz", ["dhcp"], "--list shows all") == "--list shows all"
    assert nearest("dhpc", ["dhcp"], "--list shows all") == "did you mean 'dhcp'?"


def test_members_of_an_enumeration_are_told_by_value():
    assert nearest("nod", Role) == "did you mean 'node'?"
