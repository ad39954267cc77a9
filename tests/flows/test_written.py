"""Addresses, subnets and ports as people write them."""

from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.flows.addresses import ALL
from bellrock.flows.written import WrittenError, network, ports, spans

GOOD = [
    ("10.0.0.2", ((4, (0x0A000002, 0x0A000002)),)),
    ("10.0.0.0/30", ((4, (0x0A000000, 0x0A000003)),)),
    ("10.0.0.9 - 10.0.0.20", ((4, (0x0A000009, 0x0A000014)),)),
    ("fd00::1", ((6, ((0xFD << 120) + 1, (0xFD << 120) + 1)),)),
    ("any", ((4, ALL.four[0]), (6, ALL.six[0]))),
    ("0.0.0.0/0", ((4, ALL.four[0]),)),
    ("::/0", ((6, ALL.six[0]),)),
]


@pytest.mark.parametrize(("text", "found"), GOOD)
def test_members_of_a_role(text, found):
    assert spans(text) == found


BAD = [
    ("10.0.0.256", "'10.0.0.256' is no address; expected one like 10.0.0.2, fd00::2, 10.0.0.0/24, any or internet"),
    ("", "'' is no address; expected one like 10.0.0.2, fd00::2, 10.0.0.0/24, any or internet"),
    ("10.0.0.9-10.0.0.1", "10.0.0.9-10.0.0.1 is no range; expected the lower and the upper address of one family"),
    ("10.0.0.9-fd00::1", "10.0.0.9-fd00::1 is no range; expected the lower and the upper address of one family"),
    ("fd00::1%eth0", "'fd00::1%eth0' names an interface; give the address alone"),
    (
        "10.0.0.1\n-10.0.0.2",
        "'10.0.0.1\\n' is no address; expected one like 10.0.0.2, fd00::2, 10.0.0.0/24, any or internet",
    ),
    ("fe80::1", "fe80::1 is link-local, the same on every link; give the addresses that routers know"),
    ("224.0.0.1", "224.0.0.1 is multicast; machines have unicast addresses"),
    ("0.0.0.0", "0.0.0.0 is nobody's address; write any for everybody"),
    ("10.0.0.1/24", "10.0.0.1/24 has host bits set; the subnet is 10.0.0.0/24"),
]


@pytest.mark.parametrize(("text", "told"), BAD)
def test_what_no_machine_has_is_refused(text, told):
    with pytest.raises(WrittenError) as error:
        spans(text)
    assert str(error.value) == told


SUBNETS = [
    ("10.0.0.0", "10.0.0.0 has no prefix length; write 10.0.0.0/24 or whatever it is"),
    ("fd00::", "fd00:: has no prefix length; write fd00::/64 or whatever it is"),
    ("fd00::%x/64", "'fd00::%x/64' is no subnet; expected one like 10.1.0.0/24 or fd00:1::/64"),
    ("10.0.0.0/33", "'10.0.0.0/33' is no subnet; expected one like 10.1.0.0/24 or fd00:1::/64"),
    ("fd00::1/64", "fd00::1/64 has host bits set; the subnet is fd00::/64"),
    ("ff02::/16", "ff02::/16 is multicast; machines have unicast addresses"),
]


@pytest.mark.parametrize(("text", "told"), SUBNETS)
def test_what_is_no_subnet_is_refused(text, told):
    with pytest.raises(WrittenError) as error:
        network(text)
    assert str(error.value) == told


def test_a_subnet():
    assert network("10.1.0.0/22") == ip_network("10.1.0.0/22")


def test_ports_are_spread_out_each_once():
    assert ports((80, "5250-5252", 80, 5251)) == (80, 5250, 5251, 5252)


@pytest.mark.parametrize("text", ["0-5", "9-8", "65000-65536"])
def test_spans_of_ports_have_bounds(text):
    with pytest.raises(WrittenError, match=f"{text} is no span of ports"):
        ports((text,))


@given(st.text(st.characters(codec="utf-8") | st.sampled_from("0123456789abcdef.:/-%"), max_size=40))
def test_any_text_is_addresses_or_one_line(text):
    for read in (spans, network):
        assert "\n" not in complaint(read, text).replace(text, "")


def complaint(read, text):
    try:
        read(text)
    except WrittenError as error:
        return str(error)
    return ""
