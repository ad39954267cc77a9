"""Ends of a path as people name them."""

import pytest

from bellrock.model import Host, Interface, InterfaceKind
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


def interface(name, *addresses, kind=InterfaceKind.PHYSICAL, **facts):
    return Interface(name=name, index=1, mac="02:00:00:00:00:01", addresses=addresses, kind=kind, **facts)


def pair(*theirs, near=(), target="far"):
    """Two agents: `far` with an uplink and these interfaces, `near` elsewhere with these."""
    state = State(near=Account(), far=Account())
    for name, held in (("near", near), ("far", theirs)):
        state.accounts[f"id-{name}"].interfaces = {one.name: (one, 1) for one in held}
    sessions = {f"id-{name}": Session(name) for name in ("near", "far")}
    return find_end("near", state, sessions, {}), find_end(target, state, sessions, {})


UPLINK, NEAR = interface("eth0", "10.2.0.2/24"), interface("eth0", "10.1.0.2/24")
DOCKER = interface("docker0", "172.17.0.1/16", kind=InterfaceKind.BRIDGE)


@pytest.mark.parametrize(
    ("theirs", "mine"),
    [
        ((DOCKER, UPLINK), (DOCKER, NEAR)),
        ((interface("docker0", "172.18.0.1/16", kind=InterfaceKind.BRIDGE), UPLINK), (DOCKER, NEAR)),
        ((interface("a-bridge", "192.168.122.1/24", kind=InterfaceKind.BRIDGE, parents=("tap0",)), interface("tap0", kind=InterfaceKind.OTHER),
          UPLINK), (interface("virbr0", "192.168.122.9/24", kind=InterfaceKind.BRIDGE), NEAR)),
        ((interface("a-port", "10.1.0.9/24", carrier=False), UPLINK), (NEAR,)),
        ((interface("a-port", "10.1.0.9/24", up=False), UPLINK), (NEAR,)),
    ],
    ids=["on-both", "on-one", "same-subnet-of-virtual-machines", "no-carrier", "down"],
)  # fmt: skip
def test_bridges_of_containers_are_no_way_to_a_host(theirs, mine):
    near, far = pair(*theirs, near=mine)
    assert far.near(near, 4) == "10.2.0.2"


@pytest.mark.parametrize(
    "bridge",
    [
        (interface("br0", "10.1.0.9/24", kind=InterfaceKind.BRIDGE, parents=("eth1",)), interface("eth1", master="br0")),
        (interface("br0", "10.1.0.9/24", kind=InterfaceKind.BRIDGE), interface("bond0", master="br0", kind=InterfaceKind.BOND)),
        (interface("br0", "10.1.0.9/24", kind=InterfaceKind.BRIDGE, parents=("not-told",)),),
    ],
    ids=["card", "bond", "unknown"],
)  # fmt: skip
def test_a_bridge_with_a_port_to_the_outside_is(bridge):
    near, far = pair(UPLINK, *bridge, near=(NEAR,))
    assert far.near(near, 4) == "10.1.0.9"


def test_what_leads_nowhere_is_taken_where_there_is_nothing_else_or_it_is_asked_for():
    near, far = pair(DOCKER, near=(NEAR,))
    assert far.near(near, 4) == "172.17.0.1"
    near, far = pair(DOCKER, UPLINK, near=(NEAR,), target="far/docker0")
    assert far.near(near, 4) == "172.17.0.1"


def test_an_address_that_the_other_has_itself_is_never_tried():
    near, far = pair(UPLINK, near=(NEAR, interface("lo1", "10.2.0.2/32")), target="far/eth0")
    assert far.near(near, 4) == ""
    assert far.both_have(near, 4) == ("10.2.0.2",)
    assert far.both_have(near, 6) == ()


def test_which_address_was_chosen_and_why():
    near, far = pair(UPLINK, near=(NEAR,))
    assert far.choice(near, 4) == ""
    near, far = pair(UPLINK, interface("eth1", "10.3.0.2/24"), near=(NEAR,))
    assert far.choice(near, 4).startswith(
        "10.2.0.2 was tried, of the first interface that leads out of it; far has 2 IPv4"
    )
    near, far = pair(DOCKER, interface("virbr0", "192.168.122.1/24", kind=InterfaceKind.BRIDGE), near=(NEAR,))
    assert far.choice(near, 4).startswith("172.17.0.1 was tried, of its first interface; far has 2 IPv4")
    near, far = pair(UPLINK, interface("eth1", "10.1.0.9/24"), near=(NEAR,))
    assert far.choice(near, 4).startswith("10.1.0.9 was tried, on a subnet that both are on; far has 2 IPv4 addresses")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("d", "no agent 'd' is connected; connected are: a, bee, c, new"),
        ("gone", "no agent 'gone' is connected"),
        ("d/eth0", "no agent 'd' is connected"),
        ("a/eth7", "a has no interface 'eth7' with an address; nearest: eth"),
        ("eth0", "3 agents have an interface 'eth0': give HOST/eth0"),
        ("10.7.0.1", "no connected agent has the address 10.7.0.1"),
        ("192.0.2.9", "2 connected agents have the address 192.0.2.9: bee/eth0, c/eth0; name one of these"),
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
