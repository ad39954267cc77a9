"""Hosts without a way to an address: those that asking each host for its routes finds."""

from ipaddress import ip_address

from hypothesis import given
from hypothesis import strategies as st

from bellrock.diagnosis.case import Here, Route
from bellrock.diagnosis.readings_site import is_own, way
from bellrock.diagnosis.wayless import Wayless, has_family
from tests.diagnosis.sites import here

PREFIXES = ("0.0.0.0/0", "::/0", "10.0.0.0/8", "10.0.1.0/24", "10.0.0.2/32", "fd00::/64", "rubbish")
ADDRESSES = (
    "10.0.0.1/24",
    "10.0.0.2/24",
    "10.0.1.1/24",
    "127.0.0.1/8",
    "169.254.0.1/16",
    "fe80::1/64",
    "fd00::1/64",
    "rubbish",
)
TARGETS = [ip_address(text) for text in ("10.0.0.2", "10.0.1.9", "192.0.2.1", "fd00::9", "fd01::1")]
hosts = st.lists(
    st.builds(
        Here, host=st.sampled_from("abcdefghij"), addresses=st.lists(st.tuples(st.just("eth0"), st.sampled_from(ADDRESSES)), max_size=3).map(tuple),
        routes=st.none() | st.lists(st.builds(Route, st.sampled_from(PREFIXES), st.just("eth0")), max_size=3).map(tuple),
    ),
    unique_by=lambda one: one.host, max_size=10,
)  # fmt: skip


def naive(some, to, but):
    others = [one for one in some if one.host != but and one.routes and all(has_family(one, it) for it in to)]
    return next((one for one in others if not any(is_own(one, it) or way(one, it) for it in to)), None)


@given(
    hosts,
    st.lists(st.lists(st.sampled_from(TARGETS), min_size=1, max_size=3), min_size=1, max_size=4),
    st.sampled_from("abc"),
)
def test_the_first_host_without_a_way_is_the_one_that_walking_all_hosts_finds(some, questions, but):
    wayless = Wayless(some)
    for to in questions:
        assert wayless.first(to, but) is naive(some, to, but)


def test_of_many_hosts_the_one_without_a_route_is_found_wherever_it_stands():
    many = [here(f"h{n}", addresses=(("eth0", f"10.1.{n >> 8}.{n & 255}/16"),), routes=(Route("10.0.0.0/8", "eth0"),)) for n in range(300)]  # fmt: skip
    many[217] = here("h217", addresses=(("eth0", "10.1.0.217/16"),), routes=(Route("10.1.0.0/16", "eth0"),))
    wayless = Wayless(many)
    assert wayless.first([ip_address("10.0.0.1")], but="h0") is many[217]
    assert wayless.first([ip_address("10.0.0.1")], but="h217") is None
    assert wayless.first([ip_address("10.1.0.1")], but="") is None


def test_addresses_of_its_own_links_make_no_family():
    one = here(addresses=(("lo", "127.0.0.1/8"), ("eth0", "fe80::1/64"), ("eth0", "rubbish")))
    assert not has_family(one, ip_address("10.0.0.1"))
    assert not has_family(one, ip_address("fd00::1"))
