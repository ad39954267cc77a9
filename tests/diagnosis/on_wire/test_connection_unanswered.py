import pytest

from bellrock.diagnosis.on_wire import connection_unanswered as rule
from tests.diagnosis import wires as w
from tests.diagnosis.many import rounds
from tests.diagnosis.sound import found, whats

FAR = "10.30.0.3"


def silent(at=1.0, until=8.0, destination=FAR, port=40080, to=80, **more):
    return w.unanswered(at, until, destination=destination, ports=(port, to), **({"flow": "http-boot"} | more))


def test_nothing_comes_back():
    given = w.case(w.leased(), silent(), silent(9.0, 20.0, port=40081), w.heard())
    assert whats(rule, given) == [("error", "possible", f"{w.NODE} gets no answer from 10.30.0.3:80")]
    [one] = found(rule, given)
    assert one.proof == (
        "8 SYNs from 1.000 s to 20.000 s, beginning with packet 1; neither an answer, nor a reset, nor an ICMP error came back.",
        "Nothing from 10.30.0.3 is in this capture.",
    )
    assert one.recheck == "bellrock probe http-boot --to 10.30.0.3:80"


def test_the_machine_is_there_and_this_port_is_not():
    [one] = found(rule, w.case(silent(), w.answered("a.example", 3.0, FAR)))
    assert one.confidence.value == "likely"
    assert one.cause == "10.30.0.3 answers other things, so the machine is there: a firewall drops tcp/80."


@pytest.mark.parametrize(
    "things",
    [
        (),
        w.conversation(flow="http-boot"),
        silent(flow=""),
        silent(flow="api", to=5240),
        silent(packets=2),
        silent(until=2.0),
        (silent(), silent(9.0, 9.1, ended="reset")),
        (silent(), w.conversation(at=30.0, destination=FAR, ports=(40099, 80))),
        (silent(), w.complaint("host unreachable", (w.NODE_IP, 40080, FAR, 80), protocol=6)),
        silent(destination="169.254.169.254"),
        [silent(to=port) for port in range(1, 30)],
        w.conversation("udp", destination=FAR, replies=0, packets=9, last_reply=None, flow="dns"),
        (silent(), w.conversation(at=1.001, destination=FAR, point="region-1/eth0")),
    ],
    ids=[
        "nothing", "it works", "no flow of the catalogue", "metadata has its own rule", "two SYNs", "all in a moment", "refused later", "it works later",
        "a router says why", "metadata of a cloud that is looked for", "a scan", "UDP", "another point saw the answer",
    ],
)  # fmt: skip
def test_answered_or_told_otherwise(things):
    assert whats(rule, w.case(things)) == []


def test_without_a_wire():
    given = w.case()
    assert list(rule.find(type(given)(now=given.now))) == []


def test_many_that_are_silent_are_found_in_one_reading():
    few, many = (
        rounds(rule, w.case([silent(destination=f"10.30.1.{n}") for n in range(count)], w.heard())) for count in (2, 14)
    )
    assert (few[0], many[0], many[1]) == (2, 14, few[1])
