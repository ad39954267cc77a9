"""Ends of a path as people name them."""

import pytest

from bellrock.model import Host, Interface
from bellrock.region.service.ends import UnknownEnd, find_end


class Session:
    def __init__(self, name):
        self.host = Host(f"id-{name}", name, "rack")


class Account:
    def __init__(self, **interfaces):
        self.interfaces = {
            name: (Interface(name=name, index=1, mac="02:00:00:00:00:01", addresses=held), 1)
            for name, held in interfaces.items()
        }


class State:
    def __init__(self, **accounts):
        self.accounts = {f"id-{name}": account for name, account in accounts.items()}


STATE = State(
    a=Account(eth1=("10.2.0.1/24",), eth0=("10.1.0.1/24", "fd01::1/64", "fe80::1/64"), lo=("127.0.0.1/8",)),
    b=Account(eth0=("10.2.0.2/24", "192.0.2.9/24"), wan=("fd01::2/64",)),
    c=Account(eth0=("192.0.2.9/24",)), gone=Account(eth7=("10.7.0.1/24",)),
)  # fmt: skip
SESSIONS = {f"id-{name}": Session(name) for name in ("a", "b", "c", "new")}
NAMES = {"id-a": "a", "id-b": "bee", "id-c": "c"}


def find(text):
    return find_end(text, STATE, SESSIONS, NAMES)


@pytest.mark.parametrize("text", ["a", "id-a"])
def test_an_agent_by_name_or_id(text):
    found = find(text)
    assert (found.agent, found.name, found.interface, found.address) == ("id-a", "a", "", "")
    assert found.addresses == ("10.1.0.1/24", "fd01::1/64", "10.2.0.1/24"), (
        "by interface; none of one link or of the host only"
    )
    assert (found.of_family(4), found.of_family(6)) == (("10.1.0.1", "10.2.0.1"), ("fd01::1",))


def test_a_name_that_the_region_gave_and_one_that_the_agent_gives():
    assert find("bee") == find("b")
    assert find("new").addresses == ()


@pytest.mark.parametrize("text", ["bee/wan", "wan"])
def test_an_interface(text):
    found = find(text)
    assert (found.agent, found.interface, found.addresses) == ("id-b", "wan", ("fd01::2/64",))


def test_an_address():
    found = find("10.2.0.1")
    assert (found.agent, found.interface, found.address, found.addresses) == (
        "id-a",
        "eth1",
        "10.2.0.1",
        ("10.2.0.1/24",),
    )
    assert find("fd01:0::2").interface == "wan"


def test_the_address_by_which_another_end_is_near():
    a, b = find("a"), find("bee")
    assert (a.near(b, 4), b.near(a, 4)) == ("10.2.0.1", "10.2.0.2")
    assert (b.near(a, 6), find("c").near(a, 4), find("c").near(a, 6)) == ("fd01::2", "192.0.2.9", "")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("d", "no agent 'd' is connected; connected are: a, bee, c, new"),
        ("gone", "no agent 'gone' is connected"),
        ("d/eth0", "no agent 'd' is connected"),
        ("a/eth7", "a has no interface 'eth7' with an address; nearest: eth"),
        ("eth0", "3 agents have an interface 'eth0': give HOST/eth0"),
        ("10.7.0.1", "no connected agent has the address 10.7.0.1"),
        ("192.0.2.9", "2 connected agents have the address 192.0.2.9"),
        ("127.0.0.1", "no connected agent has the address 127.0.0.1"),
    ],
)
def test_what_is_no_end(text, says):
    with pytest.raises(UnknownEnd) as error:
        find(text)
    assert says in str(error.value)


def test_with_many_agents_some_are_named_and_with_none_that_is_said():
    many = {f"id-{n}": Session(f"r{n}") for n in range(20)}
    with pytest.raises(UnknownEnd, match=r"r0, r1, r10, .*, …$"):
        find_end("x", State(), many, {})
    with pytest.raises(UnknownEnd, match="no agent is connected$"):
        find_end("x", State(), {}, {})
