import pytest

from bellrock.diagnosis.on_wire import name_unknown as rule
from tests.diagnosis import wires as w
from tests.diagnosis.sound import found, whats

NAME = "region.lab.example"


def lookup(rcode, name=NAME, at=1.0, resolver=w.RACK_IP, **more):
    return w.asked(name, at, destination=resolver, **more), w.answered(name, at + 0.01, resolver, rcode=rcode, **more)


def test_a_name_that_the_resolver_does_not_know():
    given = w.case(w.leased(), lookup("NXDOMAIN"), lookup("NXDOMAIN", type="AAAA", at=1.1))
    assert whats(rule, given) == [
        ("warning", "certain", f"10.0.0.2 does not know the name {NAME}, which {w.NODE} needs")
    ]
    [one] = found(rule, given)
    assert one.proof == (
        f"Asked for {NAME} (A) at 1.000 s (packet 5), 10.0.0.2 answered NXDOMAIN (packet 6).",
        "No resolver gave the client an address for it later, with or without a search domain.",
    )
    assert one.recheck == f"bellrock probe dns --to 10.0.0.2:53 -o names={NAME}"


@pytest.mark.parametrize(
    ("rcode", "says"),
    [("SERVFAIL", "fails on the name"), ("REFUSED", "refuses to answer")],
    ids=["servfail", "refused"],
)
def test_a_resolver_that_cannot_or_will_not(rcode, says):
    assert whats(rule, w.case(lookup(rcode))) == [
        ("error", "certain", f"10.0.0.2 {says} {NAME}, which 10.0.0.57 needs")
    ]


def test_another_resolver_knows_it_for_another_client():
    knows = (
        w.asked(NAME, 2.0, w.NODE2_IP, w.STRANGER_IP),
        w.answered(NAME, 2.01, w.STRANGER_IP, w.NODE2_IP, addresses=("10.30.0.3",)),
    )
    [one] = found(rule, w.case(lookup("NXDOMAIN"), knows))
    assert one.severity.value == "error"
    assert one.proof[1] == "10.0.0.77 knows it: packet 4."
    assert one.fix[0].endswith("(DHCP option 6): 10.0.0.77.")


@pytest.mark.parametrize(
    "things",
    [
        (),
        lookup("NOERROR"),
        w.asked(NAME),
        w.answered(NAME, rcode="NXDOMAIN"),
        lookup("FORMERR"),
        (lookup("NXDOMAIN"), lookup("NOERROR", at=2.0, resolver=w.STRANGER_IP)),
        (lookup("NXDOMAIN"), lookup("NOERROR", at=2.0)),
        (lookup("NXDOMAIN", f"{NAME}.lab.example"), lookup("NOERROR", at=2.0)),
        (lookup("NXDOMAIN"), lookup("NOERROR", f"{NAME}.lab.example", at=2.0)),
        (lookup("NXDOMAIN", type="AAAA"), lookup("NOERROR", at=2.0)),
        lookup("NXDOMAIN", "57.0.0.10.in-addr.arpa", type="PTR"),
        lookup("NXDOMAIN", "_http._tcp.mirror.lab.example"),
        lookup("NXDOMAIN", "wpad.lab.example"),
        lookup("NXDOMAIN", "xkjqzwv"),
        (lookup("NXDOMAIN", NAME.upper()), lookup("NOERROR", NAME, at=2.0)),
    ],
    ids=[
        "nothing", "known", "unanswered", "an answer without a question", "a question that was no good", "the second resolver knows it",
        "known later", "with a search domain, and known without", "without a search domain, and known with", "known as IPv4", "a reverse lookup",
        "a service", "tried at a venture", "a single label", "case does not matter",
    ],
)  # fmt: skip
def test_known_or_not_needed(things):
    assert whats(rule, w.case(things)) == []


def test_without_a_wire():
    given = w.case()
    assert list(rule.find(type(given)(now=given.now))) == []
