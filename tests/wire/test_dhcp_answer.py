from ipaddress import IPv4Interface

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.wire import dhcp_answer as answer
from bellrock.wire import dhcp_options as option
from bellrock.wire.dhcp import Kind, Message
from bellrock.wire.ip import address_bytes


def offer(options=None, **fields):
    return Message(op=2, xid=7, kind=Kind.OFFER, options=options or {}, **fields)


def test_option_67_and_siaddr_count_first():
    it = offer({67: b"by-option\0", 66: b"10.0.0.9"}, file=b"by-field", siaddr="10.0.0.2")
    assert (answer.files(it), answer.file(it)) == (("by-field", "by-option"), "by-option")
    assert (answer.next_servers(it), answer.boot_server(it)) == (("10.0.0.2", "10.0.0.9"), "10.0.0.2")
    assert answer.boot_server(offer({66: b"tftp.example"})) == "tftp.example"
    assert answer.boot_server(offer()) == ""


def test_a_url_tells_its_own_server():
    it = offer(file=b"http://10.0.0.3/boot.efi", siaddr="10.0.0.2")
    assert (answer.url(it), answer.boot_server(it)) == ("http://10.0.0.3/boot.efi", "10.0.0.3")
    assert answer.url(offer(file=b"boot.efi")) == ""
    assert answer.url_host("http://[bad/") == ""


def test_a_proxy_offers_no_address():
    assert answer.proxy(offer({60: b"PXEClient"}))
    assert not answer.proxy(offer({60: b"PXEClient"}, yiaddr="10.0.0.57"))
    assert not answer.proxy(offer({60: b"other"}))


def test_what_counts_as_boot_information():
    assert answer.boots(offer(file=b"a"))
    assert answer.boots(offer({60: b"PXEClient", 43: b"\6\1\7"}, yiaddr="10.0.0.57"))
    assert answer.boots(offer({60: b"PXEClient"}))
    assert not answer.boots(offer({60: b"PXEClient"}, yiaddr="10.0.0.57"))


def test_a_menu_names_a_server_of_its_first_kind():
    kind, listed = b"\x80\0", b"\x80\0\1" + address_bytes("10.0.0.9")
    inner = bytes((9, 5)) + kind + b"\2hi" + bytes((8, len(listed))) + listed
    assert answer.menu(offer({43: inner})) == ("10.0.0.9", kind)
    assert answer.menu(offer({43: bytes((9, 2)) + kind})) == ("", kind)
    assert answer.menu(offer()) == ("", b"")


def test_the_way_out():
    options = {
        1: address_bytes("255.255.255.0"),
        3: address_bytes("10.0.0.1"),
        6: address_bytes("10.0.0.3") + address_bytes("10.0.0.2"),
    }
    it = offer(options, yiaddr="10.0.0.57")
    assert answer.network(it) == IPv4Interface("10.0.0.57/24")
    assert answer.way_out(it) == ("10.0.0.0/24", "10.0.0.1", "10.0.0.2", "10.0.0.3")
    assert answer.way_out(offer()) == ("", "")
    assert answer.network(offer({1: address_bytes("255.0.255.0")}, yiaddr="10.0.0.57")) is None
    assert answer.routed(it)
    assert answer.routed(offer({121: b"\0\n\0\0\1"}))
    assert not answer.routed(offer())


def test_lease_and_server():
    assert answer.lease_time(offer({51: b"\0\0\2\x58"})) == 600
    assert answer.lease_time(offer()) is None
    assert answer.server(offer({54: address_bytes("10.0.0.2")})) == "10.0.0.2"
    assert answer.server(offer()) == ""
    assert answer.address(offer()) == ""


def test_libvirts_dnsmasq_is_router_and_name_server_as_well():
    own, mask = address_bytes("192.168.122.1"), address_bytes("255.255.255.0")
    options = {54: own, 51: b"\0\0\x0e\x10", 58: b"", 59: b"", 1: mask, 28: b"", 3: own, 6: own}
    it = offer(options, yiaddr="192.168.122.9")
    assert answer.like_dnsmasq(it)
    assert answer.like_libvirt(it, "192.168.122.1")
    assert not answer.like_libvirt(it, "192.168.122.2")
    assert not answer.like_dnsmasq(offer({51: b"", 54: own}))


CODES = st.sampled_from(
    (option.NETMASK, option.ROUTERS, option.VENDOR, option.LEASE_TIME, option.SERVER_ID, 60, 66, 67, 6, 121)
)
READERS = (
    answer.server, answer.files, answer.url, answer.boot_server, answer.boots, answer.menu, answer.network, answer.way_out,
    answer.lease_time, answer.proxy, answer.on_link,
)  # fmt: skip


@pytest.mark.parametrize("reader", READERS, ids=lambda one: one.__name__)
@given(options=st.dictionaries(CODES, st.binary(max_size=40)), file=st.binary(max_size=128))
def test_any_octets_are_read_without_an_error(reader, options, file):
    reader(offer(options, file=file, yiaddr="10.0.0.57"))


def test_routes_by_way_of_nobody_are_of_the_link():
    routes = bytes((24, 10, 0, 1, 0, 0, 0, 0)) + bytes((0, 10, 0, 0, 1)) + bytes((32, 10, 9, 9, 9, 0, 0, 0, 0))
    told = offer({option.CLASSLESS_ROUTES: routes})
    assert [str(one) for one in answer.on_link(told)] == ["10.0.1.0/24", "10.9.9.9/32"]
    assert [str(one) for one in answer.on_link(offer({option.CLASSLESS_ROUTES: routes[:12]}))] == ["10.0.1.0/24"]
    assert answer.on_link(offer({option.CLASSLESS_ROUTES: b"\x21" + routes})) == ()
    assert answer.on_link(offer()) == ()
