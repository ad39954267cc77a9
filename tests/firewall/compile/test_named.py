"""Names of sets: one for each party, none for the few addresses that no role has."""

from hypothesis import given
from hypothesis import strategies as st

from bellrock.firewall.compile.named import InterfaceSets, Sets
from bellrock.flows.passages import Party
from tests.firewall.compile.terms import ANYONE, NODE, RACK6, party


def test_roles_are_named_and_literals_are_not():
    broadcast = party("255.255.255.255", "255.255.255.255")
    unaddressed = party("::,fe80::/10", "::", "fe80::/10")
    sets = Sets([NODE, RACK6, ANYONE, broadcast, unaddressed])
    found = [sets.of(one) for one in (NODE, RACK6, ANYONE, broadcast, unaddressed)]
    assert found == ["@node_v4", "@rack_v6", "", "255.255.255.255", "{ ::, fe80::/10 }"]
    assert sets.text() == [
        "\tset node_v4 {\n\t\ttype ipv4_addr\n\t\tflags interval\n\t\telements = { 10.1.0.0/24, 10.3.0.0/24 }\n\t}\n",
        "\tset rack_v6 {\n\t\ttype ipv6_addr\n\t\tflags interval\n\t\telements = { fd00::2 }\n\t}\n",
    ]


def test_names_that_nft_would_read_alike_are_kept_apart():
    parties = [
        party("a-b", "10.0.0.1"),
        party("a b", "10.0.0.2"),
        party("10.0.0.x", *(f"10.0.0.{2 * n}" for n in range(9))),
    ]
    sets = Sets(parties)
    # A name of a role alone is a set; what is no role name and has few addresses stands in the rule.
    assert [sets.of(one) for one in parties] == ["@a_b_v4", "10.0.0.2", "@addresses_10_0_0_x_v4"]


@given(st.lists(st.text(max_size=60), unique=True, max_size=8))
def test_every_party_has_a_name_of_its_own_that_nft_takes(names):
    parties = [Party(name, 4, tuple((2 * n, 2 * n) for n in range(index + 4))) for index, name in enumerate(names)]
    sets = Sets(parties)
    found = [sets.of(one) for one in parties]
    assert len(set(found)) == len(found)
    for reference in found:
        assert reference[0] == "@"
        assert reference[1].isascii()
        assert reference[1].isalpha()
        assert reference[1:].replace("_", "").isalnum()


def test_many_interfaces_are_a_set_made_once():
    interfaces = InterfaceSets()
    many = tuple(f"eth{n}" for n in range(5))
    assert interfaces.of(("eth0",)) == '"eth0"'
    assert interfaces.of(("a", "b")) == '{ "a", "b" }'
    assert [interfaces.of(many), interfaces.of(many), interfaces.of(many[::-1])] == [
        "@interfaces_1", "@interfaces_1", "@interfaces_2",
    ]  # fmt: skip
    assert interfaces.text()[0] == (
        '\tset interfaces_1 {\n\t\ttype ifname\n\t\telements = { "eth0", "eth1", "eth2", "eth3", "eth4" }\n\t}\n'
    )
    assert len(interfaces.text()) == 2
