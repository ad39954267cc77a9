"""What is taken of what an agent tells of its own host."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.contract.here import PARTS, Told, heard
from bellrock.diagnosis.case import Case
from bellrock.diagnosis.findings import judge
from bellrock.model import Wall
from bellrock.model.here import Answers, Blocked, Load, Neighbour, Route
from bellrock.model.listening import Listener, Owner
from bellrock.region.service.heretaken import taken

NAMED = Owner(pid=1, name="named")
SOCKET = {"protocol": "udp", "family": 4, "address": "10.0.0.2", "port": 53, "owners": (NAMED,)}
GOOD = {
    "roles": ("rack",), "addresses": (("eth0", "10.0.0.2/24"), ("eth0", "fe80::1%eth0/64"), ("lo", "::1/128")), "links": (("lo", 65536),),
    "listeners": (Listener(**SOCKET), Listener(**SOCKET | {"family": 6, "address": "::"})),
    "neighbours": (Neighbour("10.0.0.9", "02:00:00:00:00:09", "eth0"),),
    "routes": (Route("0.0.0.0/0", "eth0", "10.0.0.1"), Route("fd00::/64", "eth0"), Route("10.0.0.0/8", "eth0", "fe80::1")),
    "blocked": (Blocked("dhcp", "in", "udp 0.0.0.0:68 > 255.255.255.255:67", "inet filter input rule 7: udp dport 67 drop"),),
    "resolvers": ("10.0.0.1", "fe80::1%eth0"), "refused": (("02:00:00:00:00:09", "replay", 5),), "answers": (Answers("eth0", 1, 2),),
    "advertised": ("http://[fd00::2]:5240/MAAS", "http://maas.example/"), "inside": ("virbr0",), "load": Load(cpu=0.1, memory=1 << 40),
}  # fmt: skip


def test_what_can_be_is_taken_as_it_is():
    message = Told(sent=Wall(1.0), whole=True, **GOOD)
    assert taken(message) == (message, ())
    assert taken(Told(sent=Wall(1.0), routes=None, load=None)) == (Told(sent=Wall(1.0), routes=None, load=None), ())


@pytest.mark.parametrize(
    ("part", "bad"),
    [
        ("roles", "a\nb"),
        ("addresses", ("eth0", "x")),
        ("addresses", ("eth0", "10.0.0.1/99")),
        ("addresses", ("eth0", "1/2/3")),
        ("addresses", ("\x1b[2J", "10.0.0.1/24")),
        ("links", ("eth0", -1)),
        ("links", ("eth0", 2**60)),
        ("listeners", Listener(**SOCKET | {"address": "here"})),
        ("listeners", Listener(**SOCKET | {"address": "::"})),
        ("listeners", Listener(**SOCKET | {"port": 70000})),
        ("neighbours", Neighbour("nobody", "", "eth0")),
        ("routes", Route("everywhere", "eth0")),
        ("routes", Route("0.0.0.0/0", "eth0", "gate")),
        ("blocked", Blocked("dhcp", "in", "packet", "rule", fix=("a\nb",))),
        ("blocked", Blocked("dhcp", "in", "packet", "r" * 1025)),
        ("resolvers", "\x07"),
        ("refused", ("rack-1 \x1b[2J", "wrong secret", 50)),
        ("refused", ("rack-1", "wrong secret", -1)),
        ("answers", Answers("eth0\0")),
        ("advertised", "http://[::1"),
        ("advertised", "http://a:99999/"),
        ("inside", "b\r"),
    ],
)
def test_an_entry_that_cannot_be_is_left_out_and_the_others_stand(part, bad):
    message = Told(sent=Wall(1.0), **{part: (bad, *GOOD[part])})
    assert taken(message) == (Told(sent=Wall(1.0), **{part: GOOD[part]}), (part,))


def test_a_socket_stands_whatever_its_owner_calls_itself():
    hidden = Listener(**SOCKET | {"owners": (NAMED, Owner(pid=2, name="a\nb"))})
    message, left_out = taken(Told(sent=Wall(1.0), listeners=(hidden,)))
    assert (message.listeners, left_out) == ((Listener(**SOCKET | {"owners": ()}),), ("listeners",))


@pytest.mark.parametrize("cpu", [math.nan, math.inf, 1e300])
def test_a_load_that_is_no_number(cpu):
    assert taken(Told(sent=Wall(1.0), load=Load(cpu=cpu))) == (Told(sent=Wall(1.0), load=None), ("load",))


words = st.text(max_size=30) | st.sampled_from(
    ["10.0.0.1/24", "10.0.0.1/99", "1/2/3", "::/0", "fe80::1%a/64", "http://[x"]
)


@given(
    st.lists(st.tuples(words, words), max_size=3).map(tuple), st.lists(st.builds(Route, words, words, words), max_size=3).map(tuple),
    st.lists(st.builds(Neighbour, words, words, words), max_size=3).map(tuple), st.lists(words, max_size=3).map(tuple),
)  # fmt: skip
def test_whatever_is_told_no_rule_fails_of_it(addresses, routes, neighbours, texts):
    message, left_out = taken(
        Told(
            sent=Wall(1.0), addresses=addresses, routes=routes, neighbours=neighbours, resolvers=texts, advertised=texts
        )
    )
    assert set(left_out) <= set(PARTS)
    others = heard(Told(sent=Wall(1.0), **GOOD), None, "rack-2")
    judge(Case(now=1.0, here=(heard(message, None, "rack-1"), others)))
