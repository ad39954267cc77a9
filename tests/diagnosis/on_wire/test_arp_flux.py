import pytest

from bellrock.diagnosis.on_wire import arp_flux, duplicate_address
from bellrock.diagnosis.packets import Arp
from tests.diagnosis import wires as w
from tests.diagnosis.sound import found, whats

OTHER = "00:16:3e:00:00:03"
"""The rack's second interface."""
SECOND_IP = "10.0.0.3"


def both(at=0.0, address=w.RACK_IP, later=0.001, sender=w.NODE_IP, **more):
    """A question, and an answer from either interface."""
    return (
        w.packet(Arp(1, w.NODE, sender, "00:00:00:00:00:00", address), at, **({"macs": (w.NODE, w.EVERYBODY)} | more)), w.arp_answers(at + later, address, mac=w.RACK, **more),
        w.arp_answers(at + later + 0.001, address, mac=OTHER, **more),
    )  # fmt: skip


def crossing():
    """What goes to one interface is answered by the other."""
    return (
        w.segment("S", 1.0, macs=(w.NODE, OTHER)),
        w.segment("SA", 1.001, w.RACK_IP, w.NODE_IP, ports=(80, 40080), macs=(w.RACK, w.NODE)),
    )


def test_answers_that_cross_prove_that_it_is_one_machine():
    [one] = found(arp_flux, w.case(both(), crossing()))
    assert (one.severity.value, one.confidence.value, one.address) == ("warning", "certain", w.RACK_IP)
    assert one.what == f"10.0.0.2 is answered for by two interfaces of one machine, {w.RACK} and {OTHER}"
    assert one.proof[1] == (
        f"Packet 4 went to 10.0.0.2 at {OTHER}, and packet 5 answered it from {w.RACK}: both belong to one machine."
    )
    assert one.evidence == ("packet 1", "packet 2", "packet 3", "packet 4", "packet 5")
    assert found(duplicate_address, w.case(both(), crossing())) == []


def test_two_addresses_that_both_answer_for_are_likely_one_machine_told_once():
    [one] = found(arp_flux, w.case(both(), both(1.0, SECOND_IP)))
    assert (one.confidence.value, one.address) == ("likely", w.RACK_IP)
    assert one.what == f"10.0.0.2 and 10.0.0.3 are answered for by two interfaces of one machine, {w.RACK} and {OTHER}"


def test_who_probes_for_an_address_does_not_tell_where_it_is_itself():
    [one] = found(arp_flux, w.case(both(sender=w.ANY), both(1.0, SECOND_IP, sender=w.ANY)))
    assert one.confidence.value == "likely"


def test_what_is_proved_of_one_address_is_told_of_the_pair():
    [one] = found(arp_flux, w.case(both(0.0, SECOND_IP), both(0.5), crossing()))
    assert (one.confidence.value, one.address) == ("certain", w.RACK_IP)


@pytest.mark.parametrize(
    "addresses",
    [[f"10.0.0.{last}" for last in range(100, 106)], ["10.9.0.1", "10.9.0.2", "10.9.0.3"]],
    ids=["for many addresses", "for addresses elsewhere"],
)
def test_two_routers_that_answer_for_others_are_no_flux(addresses):
    given = w.case([both(at, address) for at, address in enumerate(addresses)])
    assert found(arp_flux, given) == found(duplicate_address, given) == []


def test_each_address_once_however_often_it_is_asked_for():
    assert len(found(arp_flux, w.case([both(at) for at in range(5)], crossing()))) == 1


@pytest.mark.parametrize(
    "things",
    [
        (),
        (w.arp_asks(), w.arp_answers(0.001)),
        both(),
        (both(later=2.0), crossing()),
        (w.arp_answers(0.1), w.arp_answers(0.2, mac=OTHER)),
        (w.arp_asks(), w.arp_answers(0.1), w.arp_asks(5.0), w.arp_answers(5.1, mac=OTHER), crossing()),
        (w.arp_asks(), w.arp_answers(0.001, point="a"), w.arp_answers(0.002, mac=OTHER, vids=(7,)), crossing()),
    ],
    ids=[
        "nothing", "one answer", "nothing shows that it is one machine", "answers that come too late", "answers without a question",
        "an address that moved from one interface to the other", "answers on other segments",
    ],
)  # fmt: skip
def test_no_flux(things):
    assert whats(arp_flux, w.case(things)) == []


def test_without_a_wire():
    assert list(arp_flux.find(w.case().__class__(now=w.case().now))) == []
