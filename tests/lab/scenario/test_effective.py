"""Worlds as faults change them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.lab.scenario import parse
from bellrock.lab.scenario.effective import effective, merged
from bellrock.lab.scenario.schema import FaultSpec
from bellrock.lab.schema import LabError
from bellrock.lab.servers.values import FileSpec


@pytest.fixture(scope="module")
def world():
    return parse.world("boot")


def test_nothing_changes_without_faults(world):
    assert effective(world, []) == world


def test_settings_are_merged_and_the_world_is_left_alone(world):
    before = parse.world("boot")
    changed = effective(
        world,
        [
            FaultSpec(configure={"dhcp": {"lease": 30, "subnet": {"10.10.0.0/24": {"lease": 20}}, "kind": "kea"}}),
            FaultSpec(configure={"bmc": {"wanted": True}, "tftp": {"at": "host-7"}}),
        ],
    )
    dhcp = changed.service["dhcp"]
    assert (dhcp.kind, dhcp.settings["lease"]) == ("kea", 30)
    assert dhcp.settings["subnet"]["10.10.0.0/24"]["router"] == "10.10.0.1"
    assert dhcp.settings["subnet"]["10.10.0.0/24"]["lease"] == 20
    assert (changed.service["bmc"].wanted, changed.service["tftp"].at) == (True, "host-7")
    assert world == before


def test_a_file_that_is_told_anew_keeps_nothing_of_the_old(world):
    changed = effective(world, [FaultSpec(files={"tftp": {"bootx64.efi": FileSpec(absent=True)}})])
    files = changed.service["tftp"].settings["files"]
    assert files["bootx64.efi"]["absent"]
    assert files["bootx64.efi"]["boots"] is None
    assert "undionly.kpxe" in files


def test_further_services_and_clients(world):
    second = {"name": "other", "kind": "dnsmasq", "subnet": {"10.10.0.0/24": {"pool": ["10.10.0.200", "10.10.0.210"]}}}
    changed = effective(world, [FaultSpec(at="host-7", service=second), FaultSpec(at="node-1", client={"arch": 0})])
    assert (changed.service["other"].at, changed.service["other"].kind) == ("host-7", "dnsmasq")
    assert changed.client["node-1"].settings.arch == 0
    assert changed.client["node-1"].settings.syslog == "10.10.0.2"


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        (FaultSpec(configure={"dhcp": {"lease": "x"}}), "service dhcp: Expected `int`"),
        (FaultSpec(at="host-7", service={"name": "x", "kind": "gopher"}), "service x: expected a kind"),
        (FaultSpec(at="node-1", client={"colour": 1}), "client node-1: .*unknown field `colour`"),
    ],
)
def test_what_does_not_fit(world, fault, why):
    with pytest.raises(LabError, match=why):
        effective(world, [fault])


TABLES = st.recursive(
    st.integers(), lambda inner: st.dictionaries(st.sampled_from("abc"), inner, max_size=3), max_leaves=6
)


@given(TABLES, TABLES)
def test_what_was_merged_in_is_there_and_merging_it_again_changes_nothing(old, new):
    once = merged(old, new)
    assert merged(once, new) == once
    assert merged(old, {}) == (old if isinstance(old, dict) else {})
    if not isinstance(new, dict):
        assert once == new
