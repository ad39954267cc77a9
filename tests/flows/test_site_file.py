"""A site file is a site, or one line for each mistake."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.flows import PortsOf, Protocol, Role, SiteError, gaps, parse
from bellrock.flows.site_file import MAX_FILE
from tests.flows.sites import SMALL, complaints, site, site_texts

EXAMPLE = Path(__file__).parents[2] / "examples" / "site.toml"


def test_an_empty_file_is_an_empty_site():
    found = parse(b"", "s.toml")
    assert (found.name, found.profile, found.subnets, found.roles, found.ports) == ("", "standard", (), {}, {})


def test_a_site_keeps_what_its_file_says():
    found = parse(
        b'title = "Hall"\nprofile = "maas-3"\n[role.rack]\naddresses = ["10.0.0.2"]\n[ports]\nrpc = [6000]\n'
        b'[flows]\ndisable = ["lxd"]',
        "s.toml",
    )
    assert (found.name, found.profile, found.disabled, list(found.roles)) == ("Hall", "maas-3", {"lxd"}, [Role.RACK])
    assert found.ports == {"rpc": (PortsOf(Protocol.TCP, (6000,)),)}
    assert found.notices == ()


def test_the_example_is_a_site_without_gaps():
    found = parse(EXAMPLE.read_bytes(), "site.toml")
    assert gaps(found) == ()
    assert {Role.NODE, Role.RACK, Role.REGION, Role.BMC, Role.RELAY} <= set(found.roles)


def test_what_networks_need_is_disabled_with_a_notice():
    assert site('[flows]\ndisable = ["icmpv6", "lxd"]').notices == (
        "flow icmpv6 is disabled, though networks need it (IPv6 does not work without it)",
    )


def test_all_mistakes_are_told_at_once_with_line_and_key():
    lines = complaints(
        'profle = "maas-3"\n'
        "[[subnet]]\n"
        'name = "a"\n'
        'cidr = "10.0.0.1/24"\n'
        "vlan = 4095\n"
        "[[subnet]]\n"
        'name = "b"\n'
        'cidr = "10.0.1.0/24"\n'
        "[[subnet]]\n"
        'name = "c"\n'
        'cidr = "10.0.1.0/25"\n'
        'interface = "no such"\n'
        "[[subnet]]\n"
        'name = "d"\n'
        'cidr = "10.0.1.128/25"\n'
        "[role.node]\n"
        'subnets = ["a", "b", "e"]\n'
        "[role.rck]\n"
        'addresses = ["any"]\n'
        "[role.region]\n"
        "[ports]\n"
        "tfpt = [70]\n"
        "[flows]\n"
        'disable = ["registri"]\n'
    )
    assert lines == [
        "s.toml:1: profle: unknown key; did you mean 'profile'?",
        "s.toml:4: subnet[0].cidr: 10.0.0.1/24 has host bits set; the subnet is 10.0.0.0/24",
        "s.toml:5: subnet[0].vlan: expected a VID of 1-4094",
        "s.toml:12: subnet[2].interface: expected the name of a network interface: 1-15 letters, digits and any of _ . @ + -",
        "s.toml:15: subnet[3].cidr: 10.0.1.128/25 overlaps subnet b (10.0.1.0/24); an address is in one subnet only",
        "s.toml:17: role.node.subnets[2]: no subnet 'e' is declared; expected one of b, d",
        "s.toml:18: role.rck: no role 'rck'; did you mean 'rack'?",
        "s.toml:20: role.region: no addresses; give addresses, subnets or vlans, or leave the role out",
        "s.toml:22: ports.tfpt: no flow 'tfpt'; did you mean 'tftp'?",
        "s.toml:24: flows.disable[0]: no flow 'registri'; did you mean 'registry'?",
    ]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (b"\xff", "s.toml:1: not UTF-8; TOML files are"),
        ("title = \n", "s.toml:1: Invalid value"),
        ('profile = "mas-3"', "s.toml:1: profile: no profile 'mas-3'; did you mean 'maas-3'?"),
        ("title = 1", "s.toml:1: title: expected a string, got an integer"),
        ('title = "a\\nb"', "s.toml:1: title: expected a name of 1-256 characters on one line"),
        ('title = "a\\u202eb"', "s.toml:1: title: expected a name of 1-256 characters on one line"),
        ('"a\\u001b" = 1', "s.toml:1: 'a\\x1b': unknown key; expected one of title, profile, flows, subnet, switchport, role, ports, probe"),
        ("[[subnet]]\nname = 'a'\ncidr = '10.0.0.0/24'\nmtu = 1279", "s.toml:4: subnet[0].mtu: expected an MTU of 1280-65535"),
        ("[[subnet]]\nname = 'a'\ncidr = '10.0.0.0/24'\nmtu = 65536", "s.toml:4: subnet[0].mtu: expected an MTU of 1280-65535"),
        ("subnet = 1", "s.toml:1: subnet: expected [[subnet]], a list of tables, got an integer"),
        ("subnet = [1]", "s.toml:1: subnet[0]: expected a table, got an integer"),
        ("[[subnet]]\nname = 'a'", "s.toml:1: subnet[0]: missing key cidr"),
        ("role = 1", "s.toml:1: role: expected a table of names, got an integer"),
        ("ports = 1", "s.toml:1: ports: expected a table of flow ids, got an integer"),
        ("flows = 1", "s.toml:1: flows: expected a table, got an integer"),
        ("[role.rack]\nadresses = ['any']", "s.toml:2: role.rack.adresses: unknown key; expected one of addresses, interfaces, subnets, vlans"),
        ("[role.rack]\naddresses = ['any']\ninterfaces = ['a b']", "s.toml:3: role.rack.interfaces[0]: expected the name of a network interface: 1-15 letters, digits and any of _ . @ + -"),
        ('[role.rack]\naddresses = ["any"]\ninterfaces = ["eth0\\n"]', "s.toml:3: role.rack.interfaces[0]: expected the name of a network interface: 1-15 letters, digits and any of _ . @ + -"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_line(text, line):
    assert complaints(text) == [line]


def test_an_enormous_file_is_not_read():
    assert complaints(b"#" * (MAX_FILE + 1)) == [
        f"s.toml: more than {MAX_FILE} octets, the most that a site file may have"
    ]


def test_many_mistakes_are_counted():
    lines = complaints("".join(f"[role.r{number}]\naddresses = ['any']\n" for number in range(30)))
    assert len(lines) == 21
    assert lines[-1] == "s.toml: and 10 more mistakes"


def test_five_thousand_subnets_are_a_site():
    text = "".join(
        f'[[subnet]]\nname = "n{one}"\ncidr = "10.{one // 128}.{one % 128 * 2}.0/24"\n' for one in range(5000)
    )
    found = parse((text + '[role.node]\nsubnets = ["n*"]').encode(), "s.toml")
    assert len(found.roles[Role.NODE].addresses.four) == 5000


def test_the_small_site_is_one():
    assert set(parse(SMALL.encode(), "s").roles) == {Role.NODE, Role.RACK, Role.REGION}


@given(site_texts())
def test_every_file_that_keeps_to_the_rules_is_a_site(text):
    found = parse(text.encode(), "s.toml")
    assert all(members.addresses for members in found.roles.values())


@given(site_texts(), st.data())
def test_a_damaged_file_is_a_site_or_lines_that_name_it(text, data):
    at = data.draw(st.integers(0, len(text)))
    damaged = text[:at] + data.draw(st.text(max_size=5)) + text[at + data.draw(st.integers(0, 9)) :]
    assert all(
        line.startswith("s.toml:") and line.isprintable()
        for line in complaints(damaged.encode("utf-8", "surrogatepass"))
    )


def test_of_thousands_of_unknown_keys_the_first_are_told_one_by_one():
    with pytest.raises(SiteError) as caught:
        parse("".join(f"k{number} = 1\n" for number in range(5000)).encode(), "s.toml")
    first, *_ = str(caught.value).splitlines()
    assert first.startswith("s.toml:1: k0: unknown key; expected one of title")
