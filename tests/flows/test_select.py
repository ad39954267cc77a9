import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.flows import CATALOGUE, Group, PortsOf, Protocol, Role, flow
from bellrock.flows.select import (
    PortWanted,
    SelectionError,
    fixed_ports,
    one_text,
    parse_group,
    parse_port,
    parse_role,
    ports_text,
    ranges_text,
    roles_of,
    select,
    who,
)


def ids(**asked):
    return [one.id for one in select(CATALOGUE, **asked)]


def test_nothing_asked_is_everything_in_order():
    assert select(CATALOGUE) == CATALOGUE


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"group": Group.BMC}, ["ipmi", "redfish", "bmc-web"]),
        ({"group": Group.DAY_2, "role": Role.ADMIN}, ["ssh"]),
        ({"role": Role.LXD_HOST}, ["lxd"]),
        ({"port": PortWanted(67)}, ["dhcp", "libvirt-dnsmasq"]),
        ({"port": PortWanted(514, Protocol.TCP)}, ["syslog"]),
        ({"port": PortWanted(5240, Protocol.UDP)}, ["beacon"]),
        ({"port": PortWanted(69, Protocol.TCP)}, []),
        ({"port": PortWanted(5000), "role": Role.NODE}, ["registry"]),
        ({"port": PortWanted(50000)}, []),
    ],
)
def test_selections(asked, found):
    assert ids(**asked) == found


def test_a_role_of_an_exchange_counts_as_well():
    assert Role.RELAY not in (*flow("dhcp").source, *flow("dhcp").destination)
    assert Role.RELAY in roles_of(flow("dhcp"))
    assert "dhcp" in ids(role=Role.RELAY)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("53", PortWanted(53)),
        ("53/tcp", PortWanted(53, Protocol.TCP)),
        ("UDP/53", PortWanted(53, Protocol.UDP)),
        (" 0 ", PortWanted(0)),
        ("65535/udp", PortWanted(65535, Protocol.UDP)),
    ],
)
def test_ports_as_people_write_them(text, wanted):
    assert parse_port(text) == wanted


@pytest.mark.parametrize(
    "text",
    ["", "/", "53/", "/tcp", "tcp", "tcp/", "53/icmp", "icmp/53", "65536", "-1", "٥٣", "53/tcp/udp", "1" * 10_000],
)
def test_ports_that_are_none(text):
    with pytest.raises(SelectionError, match="expected a number") as error:
        parse_port(text)
    assert len(str(error.value)) < 150


@pytest.mark.parametrize(
    ("parse", "text", "line"),
    [
        (parse_group, "cor", "no group 'cor'; did you mean 'core'?"),
        (parse_role, "regoin", "no role 'regoin'; did you mean 'region'?"),
        (parse_role, "", "no role ''; expected one of node, rack, "),
        (parse_group, "x" * 5000, "no group '" + "x" * 40 + "…'; expected one of core, "),
    ],
)
def test_words_that_do_not_exist(parse, text, line):
    with pytest.raises(SelectionError) as error:
        parse(text)
    assert str(error.value).startswith(line)


def test_words_that_do():
    assert parse_group(" Day-2 ") is Group.DAY_2
    assert parse_role("rack") is Role.RACK


def test_words_for_tables():
    assert who(flow("dns")) == "node → rack/region"
    assert ports_text(flow("dns")) == "udp/53 tcp/53"
    assert ports_text(flow("icmp")) == "icmp"
    assert one_text(PortsOf(Protocol.ICMP, ())) == "icmp"
    assert one_text(flow("bmc-web").protocols[0]) == "tcp/80,443"
    assert ranges_text(((67, 67), (1024, 65535))) == "67,1024-65535"


def test_ports_chosen_from_a_range_are_not_fixed():
    request, data = flow("tftp").exchanges
    assert (fixed_ports(request), fixed_ports(data)) == (((69, 69),), ())


@given(st.text(max_size=12))
def test_any_text_is_a_port_or_refused(text):
    try:
        wanted = parse_port(text)
    except SelectionError:
        return
    assert 0 <= wanted.number <= 65535
