import pytest

from bellrock.diagnosis.on_wire import address_not_routable as rule
from bellrock.diagnosis.packets import Arp
from tests.diagnosis import wires as w
from tests.diagnosis.sound import found, whats

FAR = "172.17.0.3"


def silent(at=1.0, **more):
    return w.unanswered(at, at + 3, destination=FAR, ports=(40080, 5240), **({"packets": 3, "flow": "api"} | more))


def says(kind, at=1.1):
    return w.complaint(kind, (w.NODE_IP, 40080, FAR, 5240), at, protocol=6)


@pytest.mark.parametrize(
    ("kind", "confidence", "cause"),
    [("network unreachable", "certain", "10.0.0.1 has no route to 172.17.0.3."),
     ("host unreachable", "likely", "172.17.0.3 does not answer ARP where 10.0.0.1 looks for it: it is off, elsewhere, or has another address.")],
)  # fmt: skip
def test_a_router_says_so(kind, confidence, cause):
    given = w.case(w.leased(), silent(), says(kind), says(kind, 2.1))
    assert whats(rule, given) == [("error", confidence, f"10.0.0.57 cannot reach 172.17.0.3: 10.0.0.1 says {kind}")]
    [one] = found(rule, given)
    assert (one.cause, one.client, one.address) == (cause, w.NODE, "172.17.0.3:5240")
    assert one.proof[1] == f"10.0.0.1 answered {kind}, 2 times (the first: packet 5)."


def test_a_booting_machine_counts_whatever_it_asks_for():
    [one] = found(rule, w.case(w.leased(), silent(flow=""), says("network unreachable")))
    assert one.recheck == "bellrock diagnose --live eth0 --for 60"


def redirect(location, at=1.0, client=w.NODE_IP):
    return w.get("/", at, client), w.response(302, at + 0.01, destination=client, head={"location": location})


@pytest.mark.parametrize(
    ("location", "host", "why"),
    [
        ("http://127.0.0.1:5240/MAAS", "127.0.0.1", "which means the machine itself"),
        ("http://localhost/", "localhost", "which means the machine itself"),
        ("http://0.0.0.0:80/", "0.0.0.0", "which means the machine itself"),
        ("http://[::1]:5240/", "::1", "which means the machine itself"),
        ("http://user@169.254.3.4/", "169.254.3.4", "which is of one cable only"),
    ],
)  # fmt: skip
def test_a_redirect_that_leads_nowhere(location, host, why):
    given = w.case(redirect(location), redirect(location, 2.0))
    assert whats(rule, given) == [("error", "certain", f"10.0.0.2:80 sends 10.0.0.57 to {host}, {why}")]


def lost(*times, target=FAR, sender=w.NODE_IP):
    return [w.arp_asks(at, sender, target) for at in times]


def with_router(**more):
    """At a port where answers to the machine are seen."""
    return w.leased(options=w.lease(**more), destination=w.NODE_IP, macs=(w.RACK, w.NODE))


def without_router(**more):
    return with_router(o3=None, **more)


def test_a_machine_without_a_router_looks_for_distant_addresses_on_its_segment():
    given = w.case(without_router(), lost(1.0, 2.0))
    assert whats(rule, given) == [
        (
            "error",
            "certain",
            f"{w.NODE} looks for 172.17.0.3 on its own segment, and that is not in its subnet 10.0.0.0/24",
        )
    ]
    [one] = found(rule, given)
    assert one.cause == "DHCP gave it no router (option 3), so it has no way out of its subnet."
    [one] = found(rule, w.case(with_router(), lost(1.0, 2.0)))
    assert (one.confidence.value, one.proof[0]) == ("likely", "DHCP gave it 10.0.0.0/24 with a router (packet 4).")


@pytest.mark.parametrize(
    "things",
    [
        (), silent(), says("network unreachable"), (silent(flow=""), says("network unreachable")), (silent(), says("port unreachable")),
        (silent(), says("network unreachable"), w.conversation(at=9.0, destination=FAR, ports=(40090, 5240))),
        redirect("http://10.30.0.3/"), redirect("/elsewhere"), redirect("http://region.lab.example/"), redirect(""),
        redirect("http://169.254.3.4/", client="169.254.7.7"), w.get("/"),
        (without_router(), lost(1.0)), (without_router(), lost(1.0, 2.0, target="10.0.0.9")), lost(1.0, 2.0),
        (without_router(), lost(1.0, 2.0, target="169.254.169.254")),
        (without_router(), lost(1.0, 2.0), w.arp_answers(2.1, FAR)),
        (without_router(o1=b"\xff\x00\xff\x00"), lost(1.0, 2.0)), (without_router(o1=None), lost(1.0, 2.0)),
        (without_router(), lost(1.0, 2.0, sender=w.NODE2_IP)),
        (w.leased(), lost(1.0, 2.0)), (with_router(), lost(1.0, 31.0)),
        (with_router(o121=bytes((16, 172, 17, 0, 0, 0, 0))), lost(1.0, 2.0)),
        (with_router(), [w.packet(Arp(1, w.NODE, "172.17.0.9", "00:00:00:00:00:00", FAR), at, macs=(w.NODE, w.EVERYBODY)) for at in (1, 2)]),
    ],
    ids=[
        "nothing", "silent", "nobody asked", "no flow", "a port", "it works in the end", "a redirect that leads somewhere", "on the same server",
        "to a name", "no redirect", "among machines of one cable", "unanswered", "asked once", "a neighbour", "no lease known", "link-local metadata",
        "somebody answers (proxy ARP)", "a mask with holes", "no mask", "another machine",
        "another port of the VLAN", "its entry ages", "on its link by option 121", "another address of the card",
    ],
)  # fmt: skip
def test_routable_or_unknown(things):
    assert whats(rule, w.case(things)) == []


def test_without_a_wire():
    given = w.case()
    assert list(rule.find(type(given)(now=given.now))) == []
