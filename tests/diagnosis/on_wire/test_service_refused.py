import pytest

from bellrock.diagnosis.on_wire import service_refused as rule
from tests.diagnosis import wires as w
from tests.diagnosis.sound import found, whats

SILENT = {"replies": 0, "last_reply": None, "reply_octets": 0}


def reset(at=1.0, port=40080, to=80, flow="http-boot", **more):
    return w.conversation(
        at=at,
        ports=(port, to),
        **({"flow": flow, "answered": None, "ended": "reset", "packets": 1, "replies": 1} | more),
    )


def asks(at=1.0, port=40123, to=53, flow="dns", **more):
    return w.conversation("udp", at, at + 1, ports=(port, to), **(SILENT | {"flow": flow, "packets": 2} | more))


def test_a_reset():
    given = w.case(w.leased(), reset(), reset(3.0, 40081))
    assert whats(rule, given) == [("error", "likely", f"{w.NODE} is refused tcp/80 at 10.0.0.2")]
    [one] = found(rule, given)
    assert one.proof == ("2 connections, the first at 1.000 s (packet 1), were reset at once.",)
    assert (one.flow, one.address, one.recheck) == (
        "http-boot",
        "10.0.0.2:80",
        "bellrock probe http-boot --to 10.0.0.2:80",
    )
    assert "`ss -lntp sport = 80`" in one.fix[0]


def test_a_port_that_is_closed():
    closed = w.complaint("port unreachable", (w.NODE_IP, 40123, w.RACK_IP, 53), 1.1, w.RACK_IP)
    [one] = found(rule, w.case(asks(), closed))
    assert (one.confidence.value, one.what) == ("likely", "10.0.0.57 is refused udp/53 at 10.0.0.2")
    assert one.proof == ("10.0.0.2 said port unreachable (packet 1, 1.100 s).",)
    assert "`ss -lnup sport = 53`" in one.fix[0]


@pytest.mark.parametrize(
    ("kind", "source", "protocol"),
    [("administratively prohibited", w.ROUTER_IP, "udp"), ("port unreachable", w.ROUTER_IP, "tcp"), ("administratively prohibited", w.RACK_IP, "tcp")],
    ids=["a router", "a router that says so of a port", "the server's own firewall"],
)  # fmt: skip
def test_a_firewall_that_rejects(kind, source, protocol):
    said = w.complaint(kind, (w.NODE_IP, 40123, w.RACK_IP, 53), 1.1, source, protocol=6 if protocol == "tcp" else 17)
    tries = asks() if protocol == "udp" else reset(to=53, flow="dns", ended="never answered", port=40123)
    [one] = found(rule, w.case(tries, said))
    assert one.what == f"10.0.0.57 is refused {protocol}/53 at 10.0.0.2 by {source}"
    assert (one.confidence.value, one.cause) == ("certain", f"A firewall on {source} rejects it.")


def test_of_flows_that_no_installation_needs_it_is_a_notice():
    [one] = found(rule, w.case(reset(to=9999, flow="")))
    assert (one.severity.value, one.recheck) == ("notice", "bellrock probe stream --to 10.0.0.2:9999")


@pytest.mark.parametrize(
    "things",
    [
        (),
        w.conversation(),
        (reset(), w.conversation(at=5.0, ports=(40090, 80))),
        reset(begun=False),
        reset(ended="reset by source", answered=1.1),
        [reset(to=port) for port in range(1, 30)],
        (w.conversation("udp", ports=(40123, 53)), w.complaint("port unreachable", (w.RACK_IP, 53, w.NODE_IP, 40123), source=w.NODE_IP)),
        (asks(), w.complaint("time exceeded", (w.NODE_IP, 40123, w.RACK_IP, 53))),
        (asks(to=33440, flow=""), w.complaint("port unreachable", (w.NODE_IP, 40123, w.RACK_IP, 33440))),
        (asks(), w.complaint("port unreachable", (w.NODE_IP, 40123, w.RACK_IP, 53), protocol=132)),
        (asks(to=40999, flow=""), w.complaint("port unreachable", (w.NODE_IP, 40123, w.RACK_IP, 40999))),
    ],
    ids=[
        "nothing", "it works", "the service came up later", "the beginning is not in the capture", "reset after it worked", "a scan",
        "a late answer to a resolver's client that has gone", "a routing loop", "traceroute", "another protocol",
        "UDP of no flow: the end of a transfer",
    ],
)  # fmt: skip
def test_not_refused(things):
    assert whats(rule, w.case(things)) == []


def test_without_a_wire():
    given = w.case()
    assert list(rule.find(type(given)(now=given.now))) == []
