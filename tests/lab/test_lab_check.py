"""What a lab file must keep to beyond types."""

import pytest

from bellrock.lab.check import MAX_HOSTS
from bellrock.lab.parse import LabFileError, parse

HEAD = "[switch.sw0]\nport.p1 = { access = 10 }\n[switch.sw1]\n[host.a]\n"


def mistakes(text: str) -> list[str]:
    """The mistakes without the file's name."""
    try:
        parse(text.encode(), "f")
    except LabFileError as error:
        return [line.removeprefix("f:") for line in str(error).splitlines()]
    return []


INTERFACES = [
    ('eth0 = { to = "sw0", access = 10 }', None),
    ('eth0 = { to = "sw0", access = 0 }', "access: expected a VID from 1 to 4094, got 0"),
    ('eth0 = { to = "sw0", access = 4095 }', "access: expected a VID from 1 to 4094, got 4095"),
    ('eth0 = { to = "sw0", trunk = [10, 5000] }', "trunk[1]: expected a VID from 1 to 4094, got 5000"),
    ('eth0 = { to = "sw0", trunk = [10, 10] }', "trunk[1]: VID 10 stands here twice; expected each once"),
    ('eth0 = { to = "sw0", native = 10 }', "native: expected trunk = [...] beside it; an untagged port is access = VID"),
    ('eth0 = { to = "sw0", trunk = [], native = 9999 }', "native: expected a VID from 1 to 4094, got 9999"),
    ('eth0 = { to = "sw0", access = 1, trunk = [2] }', "access: expected either access or trunk and native, got both"),
    ('eth0 = { to = "sw0", mtu = 60 }', "mtu: expected an MTU from 68 to 65535 octets, got 60"),
    ('eth0 = { to = "sw7" }', "to: expected a switch of this file (sw0, sw1), got 'sw7'"),
    ('eth0 = { to = "sw0/p9" }', "to: expected a port of switch sw0 (p1), got 'p9'"),
    ('eth0 = { to = "sw1/p9" }', "to: expected a port of switch sw1 (none is declared), got 'p9'"),
    ('eth0 = { to = "sw0/p1", access = 3 }', ": port sw0/p1 is described at its switch; expected no access, trunk or native here"),
    ('eth0 = { access = 3 }', ': access, trunk and native describe a switch port; expected to = "SWITCH" beside them'),
    ('eth0 = { to = "sw0", trunk = [1, 2], native = 1, vlans = [1] }', "vlans: VID 1 is native here, so it is untagged; expected only tagged VIDs"),
    ('eth0 = { addresses = ["10.0.0.1"] }', "addresses[0]: expected an address with prefix length like 10.0.0.1/24, got '10.0.0.1'"),
    ('eth0 = { addresses = ["x/24"] }', "addresses[0]: expected an address with prefix length like 10.0.0.1/24, got 'x/24'"),
    ('eth0 = { addresses = ["fe80::1%eth0/64"] }', "addresses[0]: expected an address with prefix length like 10.0.0.1/24, got 'fe80::1%eth0/64'"),
    ('eth0 = { vlans = [0] }', "vlans[0]: expected a VID from 1 to 4094, got 0"),
    ('eth0 = { mac = "01:00:00:00:00:00" }', "mac: expected a unicast MAC like 02:00:00:00:00:01 in lower case, got '01:00:00:00:00:00'"),
    ('eth0 = { mac = "02:00:00:00:00" }', "mac: expected a unicast MAC like 02:00:00:00:00:01 in lower case, got '02:00:00:00:00'"),
]  # fmt: skip


@pytest.mark.parametrize(("line", "told"), INTERFACES)
def test_interfaces(line, told):
    expected = [] if told is None else [f"5: host.a.interface.eth0{'' if told[0] == ':' else '.'}{told}"]
    assert mistakes(f"{HEAD}interface.{line}\n") == expected


@pytest.mark.parametrize("name", ["lo", "sixteen-letters.", '"a b"'])
def test_an_interface_has_a_name_that_the_kernel_takes(name):
    name = f'"{name}"' if name[0] != '"' else name
    (told,) = mistakes(f"{HEAD}interface.{name} = {{}}\n")
    assert "expected an interface name of at most 15 letters" in told


FAULT = (
    HEAD
    + """interface.e0 = { to = 'sw0', trunk = [10, 20], native = 5 }
interface.e1 = { to = 'sw0', access = 10 }

[[fault]]
at = 'a/e0'
"""
)
OTHERS = [
    ("", "1: host: no hosts; expected at least one [host.NAME]"),
    ("[host.A]\n", "1: host.A: expected a name of lower-case letters, digits and hyphens, got 'A'"),
    ("[switch.s_1]\n[host.a]\n", "1: switch.s_1: expected a name of lower-case letters, digits and hyphens, got 's_1'"),
    ("[switch.a-name-of-more-than-15]\n[host.a]\n", "1: switch.a-name-of-more-than-15: expected at most 15 characters"),
    ("[switch.s]\nmtu = 1\n[host.a]\n", "2: switch.s.mtu: expected an MTU from 68 to 65535 octets, got 1"),
    ("[switch.s]\nport.p = { mtu = 1 }\n[host.a]\n", "2: switch.s.port.p.mtu: expected an MTU from 68 to 65535 octets, got 1"),
    ("[host.a]\nrole = 'region'\n[host.b]\nrole = 'region'\n", "4: host.b.role: a second region; a is one, and expected is one region in a lab"),
    (HEAD + "interface.e0 = { to = 'sw0/p1' }\n[host.b]\ninterface.e1 = { to = 'sw0/p1' }\n", "7: host.b.interface.e1.to: port sw0/p1 holds the cable of a/e0; expected a free port"),
    (HEAD + "bridge.br0 = { members = ['e0'] }\n", "5: host.a.bridge.br0.members[0]: expected an interface of a (none is declared), got 'e0'"),
    (HEAD + "interface.e0 = {}\nbridge.br0 = { members = ['e0', 'e0'] }\n", "6: host.a.bridge.br0.members[1]: e0 is a member already; expected an interface that is in no bridge"),
    (HEAD + "interface.e0 = {}\nbridge.e0 = { members = [] }\n", "6: host.a.bridge.e0: a has an interface of that name; expected another name"),
    (HEAD + "bridge.br0 = { members = [], mtu = 1 }\n", "5: host.a.bridge.br0.mtu: expected an MTU from 68 to 65535 octets, got 1"),
    (HEAD + "[[link]]\nbetween = ['sw0', 'x']\n", "6: link[0].between[1]: expected a switch of this file (sw0, sw1), got 'x'"),
    (HEAD + "[[link]]\nbetween = ['sw0', 'sw0']\n", "6: link[0].between: expected two switches, got one twice"),
    (HEAD + "[[link]]\nbetween = ['sw0', 'sw1']\ntrunk = [1]\nnative = { sw2 = 1 }\n", "8: link[0].native.sw2: expected an end of this link (sw0, sw1), got 'sw2'"),
    (HEAD + "[[cable]]\nbetween = ['a/e0', 'b/e1']\ninterface = 1\n", "7: cable[0].interface: unknown key; expected one of between"),
    (HEAD + "interface.e0 = {}\n[[cable]]\nbetween = ['a/e0', 'b/e1']\n", "7: cable[0].between[1]: expected HOST/INTERFACE of this file, got 'b/e1'"),
    (HEAD + "interface.e0 = {}\n[[cable]]\nbetween = ['a/e0', 'a/e0']\n", "7: cable[0].between[1]: a/e0 is plugged in already; expected an interface without a cable"),
    (HEAD + "[[fault]]\nkind = 'deaf'\nat = 'a/e0'\n", "7: fault[0].at: expected HOST/INTERFACE of this file, got 'a/e0'"),
    (HEAD + "interface.e0 = {}\n[[fault]]\nkind = 'deaf'\nat = 'a/e0'\n", "8: fault[0].at: a/e0 is not plugged into a switch; faults are at switch ports"),
    ("[host.a]\nsecret = 'A'\n", "2: host.a.secret: expected a secret's name of lower-case letters, digits and hyphens, got 'A'"),
    (FAULT + "kind = 'mtu'\n", "8: fault[0]: a fault of kind mtu needs mtu = N"),
    (FAULT + "kind = 'mtu'\nmtu = 1\n", "11: fault[0].mtu: expected an MTU from 68 to 65535 octets, got 1"),
    (FAULT + "kind = 'mute'\nmtu = 1400\n", "11: fault[0].mtu: a fault of kind mute has no mtu"),
    (FAULT + "kind = 'mute'\nway = 'to-host'\n", "11: fault[0].way: a fault of kind mute has no way"),
    (FAULT + "kind = 'missing-vid'\n", "8: fault[0]: a fault of kind missing-vid needs vid = N"),
    (FAULT + "kind = 'missing-vid'\nvid = 4095\n", "11: fault[0].vid: expected a VID from 1 to 4094, got 4095"),
    (FAULT + "kind = 'missing-vid'\nvid = 30\n", "11: fault[0].vid: VID 30 is not in the trunk of a/e0 anyhow; expected one of 10, 20"),
    (FAULT + "kind = 'extra-vid'\nvid = 10\n", "11: fault[0].vid: VID 10 is in the trunk of a/e0 by intent; expected another"),
    (FAULT + "kind = 'native'\nvid = 5\n", "11: fault[0].vid: untagged frames of a/e0 are in VLAN 5 by intent; expected another"),
    (FAULT.replace("a/e0", "a/e1") + "kind = 'extra-vid'\nvid = 10\n", "11: fault[0].vid: a/e1 is an access port; expected a trunk"),
    (HEAD + "interface.e0 = { mac = '02:00:00:00:00:01' }\ninterface.e1 = { mac = '02:00:00:00:00:01' }\n", "6: host.a.interface.e1.mac: e0 of a has 02:00:00:00:00:01 too; expected another"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "told"), OTHERS)
def test_everything_else(text, told):
    assert mistakes(text) == [told]


def test_two_hosts_may_have_one_mac_for_that_is_a_fault_of_the_field():
    mac = "{ mac = '02:00:00:00:00:01' }"
    assert mistakes(f"[host.a]\ninterface.e0 = {mac}\n[host.b]\ninterface.e0 = {mac}\n") == []


def test_no_more_hosts_are_built_than_a_machine_bears():
    (told,) = mistakes("".join(f"[host.h{n}]\n" for n in range(MAX_HOSTS + 1)))
    assert told == f"1: host: {MAX_HOSTS + 1} hosts; at most {MAX_HOSTS} are built"


RINGS = [
    "[[link]]\nbetween = ['sw0', 'sw1']\ntrunk = [10]\n" * 2,
    "[host.b]\ninterface.e0 = { to = 'sw0' }\ninterface.e1 = { to = 'sw0' }\nbridge.br0 = { members = ['e0', 'e1'] }\n",
]


@pytest.mark.parametrize("text", RINGS)
def test_a_ring_would_storm_and_is_refused(text):
    (told,) = mistakes(HEAD + text)
    assert "closes a ring in one VLAN" in told


def test_two_links_with_different_vlans_are_no_ring():
    links = "".join(f"[[link]]\nbetween = ['sw0', 'sw1']\ntrunk = [{vid}]\n" for vid in (10, 20))
    assert mistakes(HEAD + links) == []
