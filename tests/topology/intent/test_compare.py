"""What is meant beside what was observed: each kind of deviation, and what is none."""

from hypothesis import given
from hypothesis import strategies as st

from bellrock.topology.intent import DeviationKind, Intent, MeantPort, MeantVlan, Seen, compare
from bellrock.topology.intent.compare import ObservedVlan

K = DeviationKind
VLANS = {"boot": MeantVlan(vid=10), "storage": MeantVlan(vid=20), "free": MeantVlan()}
OBSERVED = {
    "v1": ObservedVlan("vlan-1", 10, ("a/eth0", "b/eth0")),
    "v2": ObservedVlan("vlan-2", 20, ("a/eth1", "b/eth1")),
    "v3": ObservedVlan("vlan-3", None, ("c/eth0",)),
}


def meant(vlans=VLANS, **ports):
    """`a_eth0="boot"` is port a/eth0, untagged in boot; or a MeantPort."""
    return Intent(
        vlans=vlans,
        ports={
            name.replace("_", "/"): port if isinstance(port, MeantPort) else MeantPort(untagged=port)
            for name, port in ports.items()
        },
    )


def seen(**ports):
    """`a_eth0="v1"`; or facts of a Seen."""
    found = []
    for name, facts in ports.items():
        host, _, interface = name.partition("_")
        facts = facts if isinstance(facts, dict) else {"untagged": facts}
        found.append(Seen(host=host, interface=interface, **({"carrier": True} | facts)))
    return found


def kinds(intent, observed, vlans=OBSERVED):
    return {(one.port, str(one.kind)) for one in compare(intent, observed, vlans)}


def one(intent, observed, vlans=OBSERVED):
    (found,) = [one for one in compare(intent, observed, vlans) if one.kind is not K.AS_MEANT]
    return found


def test_as_it_is_meant():
    intent = meant(a_eth0="boot", b_eth0="boot", a_eth1="storage", b_eth1="storage")
    found = compare(intent, seen(a_eth0="v1", b_eth0="v1", a_eth1="v2", b_eth1="v2"), OBSERVED)
    assert {one.kind for one in found} == {K.AS_MEANT}
    assert len(found) == 4


def test_a_wrong_vlan_and_who_is_there():
    found = one(meant(a_eth0="boot", b_eth0="boot", c_eth0="boot"), seen(a_eth0="v1", b_eth0="v1", c_eth0="v3"))
    assert (found.kind, found.port, found.meant) == (K.WRONG_VLAN, "c/eth0", "boot (VLAN 10)")
    assert found.observed == "vlan-3"
    assert found.why == "boot is where a/eth0, b/eth0 is, and this port is not there"


def test_vids_that_contradict_each_other_keep_two_apart():
    found = one(meant(a_eth0="storage"), seen(a_eth0="v1"))
    assert (found.kind, found.why) == (K.WRONG_VLAN, "storage is meant to be VLAN 20, and this port is in VLAN 10")


def test_a_vlan_without_a_vid_is_found_by_its_ports():
    assert kinds(meant(a_eth0="free", b_eth0="free"), seen(a_eth0="v1", b_eth0="v1")) == {
        ("a/eth0", "as-meant"), ("b/eth0", "as-meant")
    }  # fmt: skip


def test_another_vlan_has_the_place():
    found = one(meant(a_eth0="boot", b_eth0="boot", c_eth0="free"), seen(a_eth0="v1", b_eth0="v1", c_eth0="v1"))
    assert (found.kind, "boot" in found.why) == (K.WRONG_VLAN, True)


def test_swapped_cables_are_one_cause():
    intent = meant(a_eth0="boot", a_eth1="storage", b_eth0="boot", b_eth1="storage", c_eth0="boot", c_eth1="storage")
    found = compare(
        intent, seen(a_eth0="v2", a_eth1="v1", b_eth0="v1", b_eth1="v2", c_eth0="v1", c_eth1="v2"), OBSERVED
    )
    assert [(one.port, one.kind) for one in found[:2]] == [("a/eth0", K.WRONG_CABLE), ("a/eth1", K.WRONG_CABLE)]
    assert found[0].why == "the cables of a/eth0 and eth1 are swapped: each is where the other is meant to be"
    assert {one.kind for one in found[2:]} == {K.AS_MEANT}


def test_no_evidence_is_no_difference():
    assert one(meant(a_eth0="boot"), seen(a_eth0={"unknown": "nobody answers"})).why == "nobody answers"
    assert one(meant(a_eth0="boot"), seen(a_eth0={})).kind is K.UNKNOWN
    assert one(meant(a_eth0="boot"), []).why == "a was never heard: nothing runs an agent there"
    found = one(meant(a_eth0=MeantPort(connected=False)), seen(a_eth0={"carrier": None}))
    assert (found.kind, "does not tell" in found.why) == (K.UNKNOWN, True)
    assert one(meant(a_eth0=MeantPort(cable="sw1/7")), seen(a_eth0={})).kind is K.UNKNOWN


def test_what_is_missing():
    assert one(meant(a_eth0="boot", a_eth9="boot"), seen(a_eth0="v1")).observed == "no such interface"
    found = one(meant(a_eth0="boot"), seen(a_eth0={"carrier": False}))
    assert (found.kind, found.observed) == (K.MISSING, "no carrier")


def test_what_is_extra():
    assert one(meant(a_eth0="boot"), seen(a_eth0="v1", a_eth1="v2")).port == "a/eth1"
    assert one(meant(a_eth0="boot"), seen(a_eth0="v1", a_eth1={})).observed == "a cable"
    assert kinds(meant(a_eth0="boot"), seen(a_eth0="v1", a_eth1={"carrier": False}, z_eth0="v2")) == {
        ("a/eth0", "as-meant")
    }, "a port without a cable, and a host that nobody means, are no deviation"
    found = one(meant(a_eth0=MeantPort(connected=False)), seen(a_eth0={}))
    assert (found.kind, found.observed) == (K.EXTRA, "a cable")
    assert kinds(meant(a_eth0=MeantPort(connected=False)), seen(a_eth0={"carrier": False})) == {("a/eth0", "as-meant")}


def test_tags():
    intent = meant(a_eth0=MeantPort(untagged="boot", tagged=("storage", "free")))
    found = compare(intent, seen(a_eth0={"untagged": "v1", "tagged": {20: "v2", 30: "v3"}}), OBSERVED)
    assert [(one.kind, one.why) for one in found] == [
        (K.EXTRA, "frames with the tag 30 pass, which is not meant"), (K.UNKNOWN, "which tag free has is not told")
    ]  # fmt: skip
    found = one(meant(a_eth0=MeantPort(tagged=("storage",))), seen(a_eth0={}))
    assert (found.kind, found.why) == (K.UNKNOWN, "nothing was heard with the tag 20")


def test_the_other_end_of_the_cable():
    intent = meant(a_eth0=MeantPort(cable="sw1/Ethernet1/7"))
    there = {"switch": ("sw1.example", "00:11:22:33:44:55"), "switch_port": ("Eth1/7",)}
    assert kinds(intent, seen(a_eth0=there)) == {("a/eth0", "as-meant")}
    for wrong in ({"switch_port": ("Eth1/8", "to b")}, {"switch": ("sw2",)}):
        found = one(intent, seen(a_eth0=there | wrong))
        assert (found.kind, found.meant) == (K.WRONG_CABLE, "sw1/Ethernet1/7")


def test_a_vlan_that_is_gone_by_now():
    extra = compare(meant(a_eth0="boot"), seen(a_eth0={"untagged": "v1", "tagged": {30: "v9"}}), OBSERVED)[0]
    assert (extra.kind, extra.observed) == (K.EXTRA, "a VLAN that is gone by now")


def test_mtu():
    found = one(meant(a_eth0=MeantPort(mtu=9000)), seen(a_eth0={"mtu": 1500}))
    assert (found.kind, found.meant, found.observed) == (K.WRONG_MTU, "MTU 9000", "MTU 1500")


def test_an_interface_is_found_by_its_address_first():
    intent = meant(a_eth0=MeantPort(mac="02:00:00:00:00:01", untagged="boot"))
    observed = [
        Seen(host="a.example", interface="eth0", mac="02:00:00:00:00:02", untagged="v2", carrier=False),
        Seen(host="a.example", interface="ens1", mac="02:00:00:00:00:01", untagged="v1", carrier=True),
        Seen(host="a.example", interface="br0", mac="02:00:00:00:00:01", untagged="v3", carrier=True, physical=False),
    ]
    assert kinds(intent, observed) == {("a/eth0", "as-meant")}


def test_a_member_is_in_the_place_of_its_bridge():
    observed = [
        Seen(host="a", interface="eth0", carrier=True, master="br0"),
        Seen(host="a", interface="br0", carrier=True, untagged="v1", physical=False),
    ]
    assert kinds(meant(a_eth0="boot"), observed) == {("a/eth0", "as-meant")}


PORTS = st.sampled_from([f"{host}/{interface}" for host in "abc" for interface in ("eth0", "eth1")])
WHERE = st.sampled_from(["", *OBSERVED])


@given(st.dictionaries(PORTS, st.sampled_from([*VLANS])), st.dictionaries(PORTS, WHERE))
def test_every_port_is_told_of_and_nothing_is_said_without_evidence(wanted, there):
    intent = Intent(vlans=VLANS, ports={name: MeantPort(untagged=vlan) for name, vlan in wanted.items()})
    observed = [Seen(host=name[0], interface=name[2:], untagged=vlan, carrier=True) for name, vlan in there.items()]
    found = compare(intent, observed, OBSERVED)
    assert {one.port for one in found} >= wanted.keys()
    for deviation in found:
        if deviation.kind in (K.WRONG_VLAN, K.WRONG_CABLE):
            assert there[deviation.port], "a port of which no VLAN is known is in no wrong one"
    assert found == compare(intent, observed[::-1], OBSERVED)
