"""The table of platforms, against Aerleon's own list."""

from aerleon.lib.plugin_supervisor import BUILTIN_GENERATORS

from bellrock.firewall.compile.vendors.platforms import LEFT_OUT, PLATFORMS


def test_each_of_aerleons_generators_is_a_target_or_left_out_with_a_reason():
    theirs = {name for name, _, _ in BUILTIN_GENERATORS}
    used = {platform.generator for platform in PLATFORMS.values()}
    assert used | set(LEFT_OUT) == theirs
    assert not used & set(LEFT_OUT)
    assert all(LEFT_OUT.values())


def test_what_the_users_were_promised_is_there():
    assert {"cisco", "nxos", "xr", "asa", "juniper", "srx", "arista", "arista_tp", "paloalto"} <= set(PLATFORMS)
    assert {"windows", "kubernetes", "fortigate", "nokiasrl", "sonic", "openconfig"} <= set(PLATFORMS)


def test_a_stateless_platform_says_so():
    for platform in PLATFORMS.values():
        assert any("connection tracking" in note for note in platform.notes) != platform.stateful
