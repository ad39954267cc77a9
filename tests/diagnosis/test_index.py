"""What several rules look up: it says what somebody would who walks the whole site for each question."""

from hypothesis import given
from hypothesis import strategies as st

from bellrock.diagnosis.addresses import address
from bellrock.diagnosis.case import Case, Here
from bellrock.diagnosis.index import SHOWN, Index
from bellrock.model import Fabric, Member, Port, Strength, Topology, Vlan
from bellrock.model.here import Neighbour
from tests.diagnosis.sites import NAMES, NOW, RACK1, RACK2, here, member, topology, vlan

TEXTS = ("10.0.0.1/24", "10.0.0.2/24", "10.0.0.2/16", "fd00::1/64", "FD00::1/64", "fd00:0::2", "rubbish")
IDS = ("id-a", "id-b", "id-c")
MACS = ("02:00:00:00:00:01", "02:00:00:00:00:02", "")
hosts = st.lists(
    st.builds(
        Here, host=st.sampled_from("abcdef"),
        addresses=st.lists(st.tuples(st.sampled_from(("eth0", "eth1")), st.sampled_from(TEXTS)), max_size=4).map(tuple),
        neighbours=st.none() | st.lists(st.builds(Neighbour, st.sampled_from(TEXTS), st.sampled_from(MACS), st.just("eth0")), max_size=3).map(tuple),
        resolvers=st.none() | st.lists(st.sampled_from(("10.0.0.1", "10.0.0.2")), max_size=3).map(tuple),
    ),
    unique_by=lambda one: one.host, max_size=5,
).map(tuple)  # fmt: skip
members = st.builds(
    Member, port=st.builds(Port, st.sampled_from(IDS), st.sampled_from(("eth0", "eth1")), st.sampled_from((None, 10))),
    strength=st.sampled_from(Strength),
)  # fmt: skip
vlans = st.lists(st.lists(members, max_size=6).map(tuple), max_size=4)


def site(many):
    numbered = tuple(
        Vlan(id=f"v{number}", name="", vid=None, members=some, subnets=()) for number, some in enumerate(many)
    )
    return Topology(fabrics=(Fabric(id="f", name="", vlans=numbered),), names={"id-a": "a", "id-b": "b"})


@given(hosts, st.sampled_from(TEXTS))
def test_the_owner_of_an_address_is_the_first_host_that_has_it(some, text):
    wanted = address(text)
    naive = [one for one in some if any(address(it) == wanted for _, it in one.addresses)]
    if wanted is not None:
        assert Index(some, None).owner(wanted) is next(iter(naive), None)


@given(hosts)
def test_look_ups_of_hosts_say_what_walking_all_of_them_says(some):
    index = Index(some, None)
    assert index.hosts == {one.host: one for one in some}
    having = {text.partition("/")[0]: set() for one in some for _, text in one.addresses}
    for one in some:
        for _, text in one.addresses:
            having[text.partition("/")[0]].add(one.host)
    assert index.sole_owners == {text: min(names) for text, names in having.items() if len(names) == 1}
    for mac in MACS:
        naive = (it.address for one in some for it in one.neighbours or () if it.mac == mac)
        assert index.address_of.get(mac) == next(naive, None)
    for resolver in ("10.0.0.1", "10.0.0.2"):
        asking = sorted(one.host for one in some if resolver in (one.resolvers or ()))
        assert index.askers.get(resolver, []) == asking


@given(vlans)
def test_ports_of_a_host_in_one_vlan_are_those_that_walking_all_members_shows(many):
    given_site = site(many)
    index = Index((), given_site)
    for host in ("a", "b", "id-c"):
        naive = [
            [one.port for one in some if one.strength in SHOWN and given_site.names.get(one.port.host, one.port.host) == host]
            for some in many
        ]  # fmt: skip
        assert index.together.get(host, []) == [ports for ports in naive if len(ports) > 1]
    assert index.conversing == {one.port for some in many for one in some if one.strength is Strength.CONFIRMED}


def test_a_case_makes_its_look_ups_once_and_another_case_its_own():
    wires = topology(vlan(member(), member(RACK1, "eth1"), member(RACK2)))
    first = Case(now=NOW, here=(here(),), topology=wires)
    assert first.index is first.index
    assert first.index.together == {NAMES[RACK1]: [[one.port for one in wires.fabrics[0].vlans[0].members[:2]]]}
    other = Case(now=NOW, here=(here(),))
    assert other.index.together == {}
    assert first == Case(now=NOW, here=(here(),), topology=wires), "what was looked up is no part of the case"
