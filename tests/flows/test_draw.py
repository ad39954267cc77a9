"""A site drawn from what the region knows is one, and what is unknown is a comment."""

import re
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.flows import Machine, Role, SiteError, check_against, draw, gaps, machines, parse
from bellrock.flows.draw import quoted
from bellrock.model import Fabric, Topology, Vlan
from tests.flows.sites import complaints


def vlan(vid, *subnets, name="pxe"):
    return Vlan(id=f"v{vid}", name=name, vid=vid, members=(), subnets=subnets)


TOPOLOGY = Topology(
    fabrics=(
        Fabric(
            id="1", name="hall", vlans=(vlan(10, "10.1.0.0/24", "fd00:1::/64"), vlan(20, "10.2.0.0/24", name="infra"))
        ),
        Fabric(id="2", name="lab", vlans=(vlan(None, "10.3.0.0/24", name="flat"), vlan(30, "10.2.0.0/24", name="odd"))),
    )
)
MACHINES = (
    Machine(
        name="rack-1", role="rack", addresses=(("lo", "127.0.0.1/8"), ("eth0", "10.2.0.2/24"), ("eth0", "fe80::1/64"))
    ),
    Machine(
        name="region-1",
        role="region",
        addresses=(("eth0", "10.2.0.3/24"), ("eth0", "fd00:2::3/64"), ("eth1", "nonsense")),
    ),
    Machine(
        name="node-1",
        role="node",
        addresses=(("eth0", "10.1.0.7/24"), ("eth1", "192.168.9.9/24"), ("eth2", "nonsense")),
    ),
    *(
        Machine(name=f"node-{number}", role="node", addresses=(("eth0", f"10.1.0.{number}/24"),))
        for number in (11, 12, 13)
    ),
    Machine(name="switch", addresses=(("eth0", "10.2.0.9/24"),)),
)


def test_subnets_vlans_and_roles_are_what_was_seen():
    raw = draw(TOPOLOGY, MACHINES, title='Hall "2"').encode()
    found = parse(raw, "s.toml")
    assert found.name == 'Hall "2"'
    assert [(one.name, one.vlan, one.fabric) for one in found.subnets] == [
        ("10.1.0.0/24", 10, "hall"), ("fd00:1::/64", 10, "hall"), ("10.2.0.0/24", 20, "hall"), ("10.3.0.0/24", "flat", "lab"),
    ]  # fmt: skip
    assert {role: (members.subnets, members.hosts) for role, members in found.roles.items()} == {
        Role.NODE: (("10.1.0.0/24",), ()),
        Role.RACK: ((), ("10.2.0.2",)),
        Role.REGION: ((), ("10.2.0.3", "fd00:2::3")),
    }
    check_against(found, TOPOLOGY, raw, "s.toml")


def test_comments_say_who_was_seen_and_what_is_in_doubt():
    text = draw(TOPOLOGY, MACHINES)
    assert '"10.1.0.0/24",   # node-1, node-11, node-12 and 1 more\n' in text
    assert '"10.2.0.2",   # rack-1 eth0\n' in text
    assert '# It was seen on lab/odd too: see `bellrock topology show`.\n[[subnet]]\nname = "10.2.0.0/24"' in text
    assert 'vlan = "flat"   # no trunk and no switch has told its VID\n' in text


def test_what_is_unknown_is_a_comment_that_becomes_a_site_without_its_signs():
    text = draw(Topology(), ())
    assert tomllib.loads(text) == {"profile": "standard"}
    assert "# No node has been seen" in text
    assert "# No rack has been seen. Where `bellrock up` runs" in text
    for role in ("bmc", "admin", "ntp", "mirror", "relay", "dns", "snap-store"):
        assert f"# [role.{role}]\n# " in text
    examples = re.sub(r"^# (?=\[|name =|cidr =|addresses =|subnets =)", "", text, flags=re.MULTILINE)
    filled = parse(examples.encode(), "s.toml")
    assert set(filled.roles) == {
        Role.NODE, Role.RACK, Role.REGION, Role.BMC, Role.ADMIN, Role.NTP, Role.MIRROR, Role.SNAP_STORE, Role.DNS, Role.RELAY,
    }  # fmt: skip
    assert gaps(filled) == ()


HOSTS = [
    {"id": "1", "name": "rack-1", "role": "rack", "connected": True},
    {"id": "2", "name": "node-1", "role": "node"},
]
INTERFACES = [
    {"host": "rack-1", "name": "eth0", "addresses": ["10.0.0.2/24"], "mtu": 1500},
    {"host": "rack-1", "name": "eth1", "addresses": []},
    {"host": "gone", "name": "eth0", "addresses": ["10.0.0.9/24"]},
]


def test_machines_are_what_the_api_says():
    assert machines(HOSTS, INTERFACES) == (
        Machine(name="rack-1", role="rack", addresses=(("eth0", "10.0.0.2/24"),)),
        Machine(name="node-1", role="node"),
    )


@pytest.mark.parametrize(("hosts", "interfaces"), [({}, []), ([{"id": 1}], []), ([], [{"host": "a", "name": 1}])])
def test_what_the_api_never_says_is_one_line(hosts, interfaces):
    with pytest.raises(SiteError, match="the region's hosts and interfaces are not what was expected"):
        machines(hosts, interfaces)


texts = st.text(max_size=12)


@given(texts)
def test_any_text_is_quoted(text):
    if not any("\ud800" <= sign <= "\udfff" for sign in text):
        assert tomllib.loads(f"a = {quoted(text)}") == {"a": text}


@given(texts, texts, texts, st.one_of(st.none(), st.integers(1, 4094)))
def test_whatever_things_are_called_the_drawing_is_toml(host, fabric, name, vid):
    topology = Topology(fabrics=(Fabric(id="1", name=fabric, vlans=(vlan(vid, "10.1.0.0/24", name=name),)),))
    text = draw(topology, [Machine(name=host, role="node", addresses=(("eth0", "10.1.0.1/24"),))], title=name)
    found = tomllib.loads(text)
    assert found["subnet"][0]["fabric"] == fabric
    assert found["role"]["node"]["subnets"] == ["10.1.0.0/24"]
    assert all("on one line" in line for line in complaints(text))
