import pytest

from bellrock.diagnosis.case import Here
from bellrock.diagnosis.on_wire import never_arrived as rule
from bellrock.diagnosis.packets import Arp
from tests.diagnosis import wires as w
from tests.diagnosis.sound import found, whats

NODE, IN, OUT, REGION = "node-7/eth0", "router-1/eth0", "router-1/eth2", "region-1/eth0"
REGION_IP = "10.30.0.3"
REGION_MAC = "00:16:3e:00:30:03"


def silent(point=NODE, at=1.0, until=8.0, **more):
    """SYNs that nobody answers."""
    told = {"destination": REGION_IP, "ports": (40080, 5240), "point": point, "flow": "api"}
    return w.unanswered(at, until, **(told | more))


def other(point, **more):
    """Something else between the two that worked."""
    return w.conversation("udp", 0.5, 0.6, destination=REGION_IP, ports=(40123, 123), point=point, **more)


def at_home(point=REGION):
    """The region's own ARP at its own interface."""
    mine = {"point": point, "macs": (REGION_MAC, "00:16:3e:00:30:04")}
    return (
        w.arp_answers(0.2, REGION_IP, w.ROUTER_IP, mac=REGION_MAC, point=point),
        w.packet(Arp(1, REGION_MAC, REGION_IP, "00:00:00:00:00:00", "10.30.0.4"), 0.3, macs=(REGION_MAC, w.EVERYBODY), point=point),
        w.segment("S", 0.4, REGION_IP, "10.30.0.4", **mine), w.segment("S", 30.0, REGION_IP, "10.30.0.4", **mine),
    )  # fmt: skip


def test_the_syn_left_one_point_and_never_came_to_the_other():
    given = w.case(silent(), other(NODE), other(REGION), points=(w.point(NODE), w.point(REGION)))
    [one] = found(rule, given)
    assert one.what == "tcp 10.0.0.57 > 10.30.0.3:5240 came to node-7/eth0 and never to region-1/eth0"
    assert (one.severity.value, one.confidence.value) == ("error", "certain")
    assert (one.host, one.flow, one.client, one.address) == ("", "api", w.NODE_IP, "10.30.0.3:5240")
    assert one.proof == (
        "The SYN of packet 1 was seen at node-7/eth0 at 1.000 s, 4 packets in all; none was seen at region-1/eth0.",
        "Other packets from 10.0.0.57 to 10.30.0.3 did come to region-1/eth0.",
        "region-1/eth0 captured 100 other packets, from 0.000 s to 60.000 s.",
    )
    assert one.recheck == "bellrock path node-7 region-1 api"


def test_a_point_that_is_the_servers_own_interface_shows_it_by_itself():
    [one] = found(rule, w.case(silent(), at_home()))
    assert (one.confidence.value, one.proof[1]) == ("certain", "region-1/eth0 is an interface of 10.30.0.3 itself.")
    here = Here(host="region-1", addresses=(("eth0", f"{REGION_IP}/24"),))
    [one] = found(rule, w.case(silent(), here=[here, Here(host="other")], points=(w.point(NODE), w.point(REGION))))
    assert one.proof[1] == "region-1/eth0 is an interface of 10.30.0.3 itself."


def at_router(**more):
    """What the router's two interfaces captured: a SYN that came in."""
    points = (
        w.point(NODE), w.point(IN, mac=w.ROUTER, addresses=("10.0.0.1/24",)), w.point(OUT, addresses=("10.30.0.1/24", "fd30::1/64")),
    )  # fmt: skip
    syn = w.segment(
        "S", 1.001, w.NODE_IP, REGION_IP, ports=(40080, 5240), point=IN, macs=more.pop("macs", (w.NODE, w.ROUTER))
    )
    return w.case(w.leased(), silent(NODE), silent(IN, 1.001), syn, points=more.pop("points", points), **more)


def test_a_router_that_takes_it_in_and_does_not_pass_it_on_is_named():
    [one] = found(rule, at_router())
    assert one.what == "tcp 10.0.0.57 > 10.30.0.3:5240 came to router-1/eth0 and never to router-1/eth2"
    assert (one.host, one.client, one.confidence.value) == ("router-1", w.NODE, "likely")
    assert one.cause == "router-1 does not pass it on: its firewall drops it, or it does not forward."
    assert one.fix[0].startswith("On router-1: `nft list ruleset`")
    assert one.proof[1] == "10.30.0.3 is in 10.30.0.0/24, to which router-1 is connected by router-1/eth2."


def test_the_nearest_gap_is_told_and_all_of_them_make_it_sure():
    points = (
        w.point(REGION, addresses=(f"{REGION_IP}/24",)), w.point(NODE), w.point(IN, mac=w.ROUTER), w.point(OUT, addresses=("10.30.0.1/24",)),
    )  # fmt: skip
    [one] = found(rule, at_router(points=points))
    assert (one.host, one.confidence.value) == ("router-1", "certain")
    assert one.proof[1] == (
        "10.30.0.3 is in 10.30.0.0/24, to which router-1 is connected by router-1/eth2. region-1/eth0 is an interface of 10.30.0.3 itself. It did "
        "not come there either."
    )


def test_frames_that_a_machine_merely_hears_are_not_its_to_pass_on():
    assert found(rule, at_router(macs=(w.NODE, w.STRANGER))) == []


def test_what_is_for_the_router_itself_arrived_by_whichever_interface():
    mine = (w.point(NODE), w.point(IN, mac=w.ROUTER), w.point(OUT, addresses=(f"{REGION_IP}/24",)))
    assert found(rule, at_router(points=mine)) == []


def test_a_quiet_server_whose_capture_tells_its_address():
    points = (w.point(NODE), w.point(REGION, packets=0, first=0.0, last=0.0, addresses=(f"{REGION_IP}/24",)))
    [one] = found(rule, w.case(silent(at=9.0, until=15.0), points=points))
    assert one.confidence.value == "likely"
    assert one.proof[2] == "region-1/eth0 captured nothing at all."


def test_several_addresses_of_an_interface_are_tried():
    out = w.point(OUT, addresses=("10.40.0.1/24", "10.30.0.1/24"))
    [one] = found(rule, at_router(points=(w.point(NODE), w.point(IN, mac=w.ROUTER), out)))
    assert "10.30.0.3 is in 10.30.0.0/24" in one.proof[1]


def test_a_host_that_tells_its_addresses_is_told_of_by_interface():
    here = Here(host="region-1", addresses=(("eth1", f"{REGION_IP}/24"), ("eth0", "10.50.0.9/24")))
    assert found(rule, w.case(silent(), here=[here], points=(w.point(NODE), w.point(REGION)))) == []


def test_an_answer_by_another_interface_of_the_same_machine_came_back():
    arrived = w.conversation("tcp", 1.002, 8.0, destination=REGION_IP, ports=(40080, 5240), point=REGION, replies=4)
    other = w.conversation(
        source=REGION_IP, destination=w.NODE_IP, ports=(5240, 40080), point="node-7/eth1", begun=False
    )
    assert found(rule, w.case(silent(), arrived, other)) == []


def test_an_answer_that_does_not_come_back():
    arrived = w.conversation("tcp", 1.002, 8.0, destination=REGION_IP, ports=(40080, 5240), point=REGION, replies=4)
    [one] = found(rule, w.case(silent(), arrived))
    assert (
        one.what == "tcp 10.0.0.57 > 10.30.0.3:5240: the answer passed region-1/eth0 and never came back to node-7/eth0"
    )
    assert (
        one.proof[0] == "4 packets of the answer were seen at region-1/eth0, and none at node-7/eth0, where 4 went out."
    )
    assert one.confidence.value == "likely"


def test_udp_and_each_client_service_and_gap_once():
    asks = [
        w.conversation(
            "udp",
            at,
            at + 3,
            destination=REGION_IP,
            ports=(port, 53),
            point=NODE,
            replies=0,
            packets=3,
            last_reply=None,
            flow="dns",
        )
        for at, port in ((1, 40001), (9, 40002))
    ]
    [one] = found(rule, w.case(asks, other(NODE), other(REGION)))
    assert one.what.startswith("udp 10.0.0.57 > 10.30.0.3:53")
    assert one.proof[0].startswith("The packet of packet 1")


def test_what_only_the_other_end_sent_is_on_the_way_as_well():
    assert len(found(rule, w.case(silent(), other(NODE), other(REGION, packets=0)))) == 1


def test_without_a_flow_or_hosts_it_is_looked_at_again():
    [one] = found(rule, w.case(silent("a", flow=""), other("a"), other("b")))
    assert one.recheck == "bellrock diagnose --live b --for 60"


def syslog(point, at=5.0, source=w.NODE_IP, destination="10.30.0.80", ports=(40514, 514), packets=12):
    """One way by nature."""
    return w.conversation(
        "udp", at, 40.0, source=source, destination=destination, ports=ports, flow="syslog", packets=packets, replies=0,
        reply_octets=0, last_reply=None, point=point,
    )  # fmt: skip


def through_router(*beyond):
    points = (w.point(IN, mac=w.ROUTER, addresses=("10.0.0.1/24",)), w.point(OUT, addresses=("10.30.0.1/24",)))
    came = w.segment("S", 5.0, w.NODE_IP, "10.30.0.80", macs=(w.NODE, w.ROUTER), point=IN)
    return w.case(syslog(IN), came, beyond, points=points)


@pytest.mark.parametrize(
    "beyond",
    [
        syslog(OUT, 5.001, source="10.30.0.1", ports=(61514, 514)),
        syslog(OUT, 5.001, destination="10.40.0.9", ports=(40514, 1514)),
    ],
    ids=["another source", "another destination"],
)
def test_what_a_router_translates_went_on(beyond):
    assert whats(rule, through_router(beyond)) == []


@pytest.mark.parametrize(
    "beyond",
    [
        (),
        syslog(OUT, 9.0, source="10.30.0.1"),
        syslog(OUT, 5.001, source="10.30.0.1", packets=3),
        (syslog(IN, 5.0, source="10.0.0.58"), syslog(OUT, 5.001, source="10.0.0.58")),
    ],
    ids=["nothing", "at another time", "fewer packets", "another machine's own, which came in as such"],
)
def test_what_others_send_is_no_translation(beyond):
    given = through_router(beyond)
    assert f"udp {w.NODE_IP} > 10.30.0.80:514 came to {IN} and never to {OUT}" in [
        one.what for one in found(rule, given)
    ]


@pytest.mark.parametrize(
    ("things", "more"),
    [
        (silent(), {}),
        ((silent(), other(NODE)), {"points": (w.point(NODE), w.point(REGION))}),
        ((silent(), silent(REGION, 1.001), at_home()), {}),
        ((silent(packets=1), other(REGION)), {}),
        ((silent(begun=False, replies=0), other(REGION)), {}),
        ((silent(ended="reset"), other(REGION)), {}),
        ((w.conversation(destination=REGION_IP, point=NODE), at_home()), {}),
        ((silent(), other(REGION)), {"points": (w.point(NODE), w.point(REGION, dropped=3))}),
        ((silent(), other(REGION)), {"points": (w.point(NODE), w.point(REGION, first=20.0))}),
        ((silent(at=5.0), other(REGION)), {"points": (w.point(NODE), w.point(REGION, last=1.0))}),
        ((silent(), w.arp_answers(0.2, REGION_IP, point=REGION)), {}),
        ((w.conversation("udp", ports=(67, 67), replies=0, point=NODE, flow="dhcp"), w.conversation("udp", ports=(1, 2), point=REGION)), {}),
        ((w.conversation("udp", ports=(40001, 40002), replies=0, point=NODE), w.conversation("udp", ports=(1, 2), point=REGION)), {}),
        ((w.conversation("udp", ports=(68, 67), source=w.ANY, destination=w.ALL, replies=0, point=NODE), other(REGION)), {}),
        ((silent(), w.conversation(destination=REGION_IP, ports=(40080, 5240), at=1.001, point=REGION)),
         {"points": (w.point(NODE, dropped=9), w.point(REGION))}),
    ],
    ids=[
        "one point", "nothing shows that it leads there", "it arrived, and the server is silent", "a single packet", "begun before the capture",
        "it was refused", "it worked", "the other point lost packets", "the other point began later", "the other point ended before",
        "somebody's ARP answer is no proof of whose interface it is", "a relay", "no flow: perhaps nobody expects an answer", "a broadcast", "the first point may have lost the answer",
    ],
)  # fmt: skip
def test_arrived_or_unknown(things, more):
    assert whats(rule, w.case(things, **more)) == []


def test_without_a_wire():
    given = w.case()
    assert list(rule.find(type(given)(now=given.now))) == []
