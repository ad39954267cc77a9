import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.flows.lint.values import (
    HostAddress,
    Kind,
    Remark,
    Verdict,
    Weight,
    family_of,
    heard_at,
    listener_text,
    owner_text,
    port_text,
    single,
    socket_text,
    within,
)
from bellrock.model.listening import Owner
from tests.flows.lint.scenes import listener, scene, site

HERE = (
    HostAddress("lo", "127.0.0.1/8"),
    HostAddress("eth0", "10.20.0.2/24"),
    HostAddress("virbr0", "192.168.122.1/24"),
    HostAddress("eth0", "fd00::2/64"),
)


@pytest.mark.parametrize(
    ("socket", "places"),
    [
        (listener("udp", 67), [0, 1, 2]),
        (listener("udp", 67, interface="virbr0"), [2]),
        (listener("udp", 67, "10.20.0.2"), [1]),
        (listener("udp", 67, "10.20.0.2", interface="virbr0"), []),
        (listener("tcp", 80, "::"), [3]),
        (listener("tcp", 80, "::", dual=True), [0, 1, 2, 3]),
        (listener("tcp", 80, "fd00::2%eth0"), [3]),
        (listener("tcp", 80, "127.0.0.1"), [0]),
    ],
)
def test_where_a_socket_is_heard(socket, places):
    assert heard_at(socket, HERE) == tuple(HERE[place] for place in places)


@pytest.mark.parametrize(
    ("socket", "text"),
    [
        (listener("udp", 67, name="dnsmasq"), "dnsmasq (pid 7, 0.0.0.0:67)"),
        (listener("udp", 67, name="dnsmasq", interface="virbr0"), "dnsmasq (pid 7, 0.0.0.0%virbr0:67)"),
        (listener("tcp", 80, "::", name="nginx"), "nginx (pid 7, [::]:80)"),
        (listener("tcp", 80), "a process that this user may not look into (0.0.0.0:80)"),
    ],
)
def test_a_socket_in_words(socket, text):
    assert listener_text(socket) == text


def test_workers_of_one_name_are_named_by_their_first():
    from msgspec.structs import replace

    shared = replace(listener("tcp", 80), owners=(Owner(4, "nginx"), Owner(5, "nginx"), Owner(1, "systemd")))
    assert owner_text(shared) == "systemd (pid 1) and nginx (pid 4)"
    assert owner_text(listener("tcp", 80)) == "a process that this user may not look into"
    assert socket_text(listener("tcp", 22, "fe80::1", interface="eth0")) == "[fe80::1%eth0]:22"
    assert port_text("tcp", 80) == "tcp/80"


def test_addresses():
    assert [family_of(address) for address in HERE] == [4, 4, 4, 6]
    assert [address.ours_alone for address in HERE] == [True, False, False, False]
    assert HostAddress("eth0", "fe80::1/64").ours_alone
    assert HERE[1].said() == "10.20.0.2 on eth0"
    assert list(single(((67, 67), (1, 2), (80, 80)))) == [67, 80]


def test_the_smallest_subnet_and_what_the_site_knows():
    there = scene(
        addresses=HERE, of=site('[role.snap-store]\naddresses = ["any"]\n[role.ntp]\naddresses = ["192.168.7.7"]')
    )
    assert there.outward == HERE[1:]
    assert there.subnet_of(HERE[1]).name == "pxe"
    assert there.subnet_of(HERE[2]) is None
    assert there.known(HERE[1])
    assert not there.known(HERE[2]), "a role that is everybody makes nothing known"
    assert there.known(HostAddress("eth1", "192.168.7.7/24"))


def test_hints_are_no_complaints():
    hint, complaint = (
        Remark(kind=Kind.SILENT, weight=weight, sentence="", proof="", advice="")
        for weight in (Weight.HINT, Weight.COMPLAINT)
    )
    assert Verdict(roles=(), remarks=(hint, complaint)).complaints == (complaint,)


@given(st.lists(st.integers(0, 40), unique=True), st.integers(-1, 41))
def test_an_address_is_in_ranges_as_in_their_sum(edges, value):
    edges = sorted(edges)[: len(edges) // 2 * 2]
    ranges = tuple(zip(edges[::2], edges[1::2], strict=True))
    assert within(value, ranges) is any(first <= value <= last for first, last in ranges)
