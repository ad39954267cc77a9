import pytest

from bellrock.diagnosis.readings_services import SCAN, complaints, failed, service
from tests.diagnosis import wires as w


def test_tries_of_one_service_together_by_time():
    later, first = w.unanswered(at=9.0, ports=(2, 80)), w.unanswered(at=1.0, ports=(1, 80))
    udp = w.conversation("udp", ports=(3, 53), replies=0)
    assert [*failed(w.wire(later, first, udp, w.heard()))] == [[first, later], [udp]]
    assert service(first) == (w.NODE_IP, "tcp", w.RACK_IP, 80)


def test_of_several_points_the_first_tells():
    near, far = w.unanswered(at=1.0, point="a"), w.unanswered(at=1.1, point="b")
    assert [*failed(w.wire(far, near, w.heard()))] == [[near]]


@pytest.mark.parametrize(
    "things",
    [
        w.conversation(), (w.unanswered(), w.conversation(at=5.0, ports=(9, 80))), w.unanswered(begun=False),
        w.conversation("icmp", replies=0), w.conversation("udp", replies=0, ports=(4, 33434)), w.unanswered(destination="224.0.0.9"),
        w.unanswered(destination="169.254.169.254"), [w.unanswered(ports=(1, port)) for port in range(1, SCAN + 1)],
    ],
    ids=["it works", "it worked later", "no beginning", "another protocol", "traceroute", "multicast", "link-local", "a scan"],
)  # fmt: skip
def test_what_has_not_failed_or_was_not_meant(things):
    assert [*failed(w.wire(things, w.heard()))] == []


def test_a_capture_of_one_direction_shows_no_failure():
    assert [*failed(w.wire(w.unanswered()))] == []
    later = w.unanswered(packets=6, octets=4000)
    assert [*failed(w.wire(later, w.segment("S", 0.0, w.NODE_IP, w.RACK_IP), w.heard()))] == [], (
        "who goes on was answered"
    )


def test_complaints_by_what_they_are_about():
    about = (w.NODE_IP, 1, w.RACK_IP, 53)
    wire = w.wire(
        w.complaint("port unreachable", about),
        w.complaint("time exceeded", about, 1.0),
        w.complaint("x", about, protocol=1),
    )
    found = complaints(wire)
    assert [said.kind for _packet, said in found[w.NODE_IP, "udp", w.RACK_IP, 53]] == [
        "port unreachable",
        "time exceeded",
    ]
    assert len(found) == 1
