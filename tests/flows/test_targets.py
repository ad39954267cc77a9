"""Whom a flow is asked of: addresses that a site gives one by one."""

import pytest

from bellrock.flows import Role, Target, flow, parse, roles_at
from bellrock.flows.targets import MAX_SPAN, has, of_role, singles, targets
from tests.flows.sites import site


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ('["10.9.0.1"]', ("10.9.0.1",)),
        ('["10.9.0.2", "10.9.0.1", "10.9.0.2"]', ("10.9.0.2", "10.9.0.1")),
        ('["10.9.0.1/32", "fd09::1/128"]', ("10.9.0.1", "fd09::1")),
        ('["10.9.0.1-10.9.0.3"]', ("10.9.0.1", "10.9.0.2", "10.9.0.3")),
        ('["FD09:0::1"]', ("fd09::1",)),
        ('["10.9.0.0/30"]', ()),
        ('["any"]', ()),
        ('["internet"]', ()),
        ('["10.9.0.0-10.9.1.0"]', ()),
    ],
)
def test_singles(written: str, found: tuple[str, ...]):
    assert singles(site(f"[role.bmc]\naddresses = {written}"), Role.BMC) == found


def test_a_span_is_tried_up_to_a_bound():
    assert len(singles(site('[role.bmc]\naddresses = ["10.9.0.0-10.9.0.63"]'), Role.BMC)) == MAX_SPAN
    assert singles(site('[role.bmc]\naddresses = ["10.9.0.0-10.9.0.64"]'), Role.BMC) == ()


def test_nobody_plays_it():
    assert singles(site(), Role.BMC) == ()
    assert not has(site(), Role.BMC, "10.0.0.2")


LISTED = """
[role.bmc]
addresses = ["10.9.0.11"]
subnets = ["infra"]
[[probe.ssh.target]]
address = "10.0.0.2"
name = "rack-1"
[[probe.ssh.target]]
address = "10.1.0.77"
[[probe.ssh.target]]
name = "node-9"
[[probe.ssh.target]]
address = "192.0.2.1"
"""


def test_a_listed_target_is_of_the_role_that_has_its_address_else_of_the_first():
    here, ssh = site(LISTED), flow("ssh")
    assert [of_role(here, ssh, one) for one in here.trials["ssh"].targets] == [
        Role.RACK,
        Role.NODE,
        Role.NODE,
        Role.NODE,
    ]
    assert targets(here, ssh, Role.NODE) == (
        Target(address="10.1.0.77"),
        Target(name="node-9"),
        Target(address="192.0.2.1"),
    )


def test_what_is_listed_says_more_of_an_address_that_is_known_anyway():
    assert targets(site(LISTED), flow("ssh"), Role.RACK) == (
        Target(address="10.0.0.2", name="rack-1"),
        Target(address="fd00::2"),
    )
    assert targets(site(), flow("ssh"), Role.RACK) == (Target(address="10.0.0.2"), Target(address="fd00::2"))


def test_roles_of_a_machine():
    here = site("[role.admin]\naddresses = ['any']", "[role.proxy]\naddresses = ['10.0.0.2']")
    assert roles_at(here, ("10.0.0.2", "127.0.0.1")) == (Role.RACK, Role.PROXY)
    assert roles_at(here, ("10.1.0.50", "fe80::1%eth0")) == (Role.NODE,)
    assert roles_at(here, ("192.0.2.1",)) == ()
    assert roles_at(parse(b"", "s.toml"), ("10.0.0.2",)) == ()
