import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.diagnosis import dhcp_story as story
from bellrock.diagnosis.findings import judge
from bellrock.diagnosis.on_wire import RULES
from bellrock.wire.dhcp import Kind, Message
from tests.diagnosis.healthy_boots import GIADDR, WELL, proxied, relayed, well
from tests.diagnosis.wires import (
    ANY,
    NODE,
    NODE2,
    NODE2_IP,
    NODE_IP,
    RACK,
    RACK_IP,
    ROUTER,
    STRANGER_IP,
    XID,
    ack,
    case,
    decline,
    discover,
    leased,
    nak,
    offer,
    packet,
    pxe,
    request,
    transfer,
    wire,
)  # fmt: skip


def only(*things):
    (found,) = story.exchanges(wire(*things))
    return found


def test_messages_stand_in_their_places():
    it = only(leased(), decline(1), nak(2))
    counts = [
        len(given) for given in (it.discovers, it.offers, it.requests, it.acks, it.naks, it.declines, it.releases)
    ]
    assert counts == [1, 1, 1, 1, 1, 1, 0]
    assert (it.client, it.xid, it.first < it.last, it.answered) == (NODE, XID, True, True)
    assert [one.packet.number for one in it.all] == [1, 2, 3, 4, 5, 6]


def test_a_release_an_inform_and_strange_hardware():
    say = {"op": 1, "xid": 3, "chaddr": bytes.fromhex(NODE.replace(":", ""))}
    it = only(packet(Message(kind=Kind.RELEASE, **say), 0, NODE_IP, RACK_IP))
    assert len(it.releases) == 1
    assert not story.exchanges(wire(packet(Message(kind=Kind.INFORM, **say), 0, NODE_IP, RACK_IP)))
    assert not story.exchanges(wire(packet(Message(op=1, xid=3, kind=Kind.DISCOVER, chaddr=b"\1\2"), 0, ANY, ANY)))


def test_one_number_for_two_boots():
    first, second = story.exchanges(wire(leased(), leased(30)))
    assert (len(first.discovers), len(second.discovers)) == (1, 1)
    assert len(story.exchanges(wire(leased(), leased(0.002)))) == 1


def test_answers_of_proxies_are_kept_apart():
    first, second = story.exchanges(wire(proxied()))
    assert (len(first.offers), len(first.proxies)) == (1, 1)
    assert (len(second.proxy_requests), len(second.proxy_answers)) == (1, 1)
    assert [one.message.file for one in story.boot_answers(second)] == [b"bootx64.efi"]


def test_what_a_machine_says_of_itself():
    it = only(leased(asks=pxe(16)))
    assert (it.arch, it.kind, it.http, it.boots, it.ipxe) == (16, "UEFI x64 HTTP, architecture 16", True, True, False)
    assert only(discover(options=pxe(7, "iPXE"))).ipxe
    assert only(discover(options={175: b""})).ipxe
    plain = only(discover(options={}))
    assert (plain.arch, plain.kind, plain.boots, plain.http) == (None, "", False, False)
    assert only(discover(options=pxe(99))).kind == "a machine, architecture 99"
    assert only(discover(options={60: b"PXEClient"})).boots


def test_the_clients_own_link_counts_and_not_the_relays():
    tagged = discover(vids=(20,), point="router-1/trunk")
    on = discover(0.001, giaddr=GIADDR, vids=(10,), source=GIADDR, destination=RACK_IP, macs=(ROUTER, RACK))
    it = only(tagged, on)
    assert (it.vid, it.relay) == (20, GIADDR)
    assert (only(on).vid, only(leased()).relay, only(leased()).vid) == (10, "", None)


@pytest.mark.parametrize(
    ("things", "answered"),
    [((discover(),), False), ((discover(), request(1)), True), ((request(),), False), ((request(), nak(1)), True), ((discover(), offer()), True)],
    ids=["asks", "asks for what was offered unseen", "asks for its old one", "refused", "offered"],
)  # fmt: skip
def test_whether_anybody_answered(things, answered):
    assert only(*things).answered is answered


def test_the_lease_is_of_whom_the_client_chose():
    asked = discover(), offer(0.01, server=STRANGER_IP, address="10.0.0.9"), offer(0.02), request(0.03)
    assert story.lease(only(asked)).message.yiaddr == NODE_IP
    assert story.lease(only(asked[:2])).message.yiaddr == "10.0.0.9"
    assert story.lease(only(asked, ack(0.04, address="10.0.0.8"))).message.yiaddr == "10.0.0.8"
    assert story.lease(only(discover())) is None


def test_what_passes_several_points_is_said_once():
    it = story.exchanges(wire(relayed()))[0]
    assert (len(it.discovers), story.attempts(it.discovers), story.attempts(())) == (2, 1, 0)


def test_pleas_end_with_an_answer_and_take_time():
    asked = [discover(at, xid=xid) for xid, at in enumerate((0, 4))]
    (plea,) = story.pleas(wire(asked))
    assert (plea.client, len(plea.exchanges), len(plea.asks), plea.proxies) == (NODE, 2, 2, ())
    assert not story.pleas(wire(asked, leased(9, xid=5)))
    assert not story.pleas(wire(asked[:1], until=5))
    assert story.pleas(wire(asked[:1], until=11))
    assert not story.pleas(wire(request(0)))


def test_leases_and_servers():
    ((exchange, given),) = story.leases(wire(leased(), leased(3, NODE2, ANY, xid=8)))
    assert (exchange.client, story.server(given)) == (NODE, RACK_IP)
    nameless = story.Told(ack(options={}), ack(options={}).said)
    assert story.server(nameless) == RACK_IP


TIMES = st.floats(0, 90, allow_nan=False)
MACS = st.sampled_from((NODE, NODE2))
ADDRESSES = st.sampled_from((NODE_IP, NODE2_IP, ANY, "192.168.7.7"))
SERVERS = st.sampled_from((RACK_IP, STRANGER_IP, ANY))
CODES = st.dictionaries(
    st.sampled_from((1, 3, 6, 42, 43, 51, 53, 54, 60, 61, 66, 67, 77, 93, 97, 121, 150, 175)), st.binary(max_size=20)
)
ASKS = st.builds(discover, TIMES, MACS, xid=st.integers(0, 3), options=CODES, giaddr=st.sampled_from((ANY, GIADDR)))
WANTS = st.builds(
    request,
    TIMES,
    MACS,
    ADDRESSES,
    SERVERS,
    xid=st.integers(0, 3),
    options=CODES,
    ports=st.sampled_from(((68, 67), (68, 4011))),
)
_SAID = {
    "xid": st.integers(0, 3), "options": CODES, "file": st.binary(max_size=12), "siaddr": ADDRESSES, "giaddr": st.sampled_from((ANY, GIADDR)),
    "ports": st.sampled_from(((67, 68), (67, 67), (4011, 68))),
}  # fmt: skip
OFFERS = st.builds(offer, TIMES, MACS, ADDRESSES, SERVERS, **_SAID)
ACKS = st.builds(ack, TIMES, MACS, ADDRESSES, SERVERS, **_SAID)
ENDS = st.sampled_from(("whole", "refused", "aborted", "silent", "open"))
FILES = st.builds(
    transfer, st.sampled_from(("bootx64.efi", "pxelinux.0", "x")), TIMES, ended=ENDS, octets=st.integers(0, 9), largest=st.integers(0, 1500),
    blksize=st.sampled_from((None, 512, 1468)), acks=st.sampled_from((None, 0, 3)), repeated=st.integers(0, 5), asked=st.integers(1, 4),
    answered_from=st.sampled_from(("", STRANGER_IP)), client=ADDRESSES, server=SERVERS, complained=st.sampled_from(("", "port unreachable")),
)  # fmt: skip
ANYTHING = st.lists(st.one_of(ASKS, WANTS, OFFERS, ACKS, FILES), max_size=14)


@given(things=ANYTHING)
def test_every_message_is_in_one_exchange_at_most(things):
    it = wire(*things)
    numbers = [one.packet.number for exchange in story.exchanges(it) for one in exchange.all]
    assert len(numbers) == len(set(numbers)) <= len(it.packets)


@given(things=ANYTHING)
def test_whatever_the_wire_shows_rules_find_with_proof(things):
    for found in judge(case(*things)):
        assert found.what
        assert found.proof
        assert found.evidence
        assert found.fix
        assert found.recheck.startswith("bellrock ")


@pytest.mark.parametrize("name", sorted(WELL))
def test_all_rules_together_find_nothing_of_weight_in_what_is_well(name):
    assert [one.what for one in judge(well(name)) if one.severity != "notice"] == []


def test_no_rule_finds_anything_without_a_wire():
    empty = case()
    assert [found for rule in RULES for found in rule.find(empty)] == []
