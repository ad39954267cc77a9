"""Rules that read the whole site: topology, verdicts of probes, clocks, configuration of several hosts. One file for each known fault, with its page in `explained/`."""

from types import ModuleType
from typing import Final

from bellrock.diagnosis.across import (
    address_misplaced,
    advertised_url_not_routable,
    bmc_silent_on_623,
    duplicate_mac,
    half_open_trunk,
    heard_one_way,
    interfaces_without_evidence,
    mtu_too_small_on_path,
    native_vlan_mismatch,
    network_loop,
    resolver_does_not_know,
    subnet_on_two_segments,
    subnet_on_wrong_fabric,
    tagged_where_untagged_expected,
    unknown_not_disconnected,
    vlan_in_two_parts,
)

RULES: Final[tuple[ModuleType, ...]] = (
    address_misplaced,
    advertised_url_not_routable,
    bmc_silent_on_623,
    duplicate_mac,
    half_open_trunk,
    heard_one_way,
    interfaces_without_evidence,
    mtu_too_small_on_path,
    native_vlan_mismatch,
    network_loop,
    resolver_does_not_know,
    subnet_on_two_segments,
    subnet_on_wrong_fabric,
    tagged_where_untagged_expected,
    unknown_not_disconnected,
    vlan_in_two_parts,
)
"""Each with `ID`, `TITLE`, `EXPLAINS` and `find(case)`."""
