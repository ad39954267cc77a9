"""DHCP for IPv4 as one program of a client goes through it."""

from bellrock.diagnosis.boots.series import REPEATS, by_client
from bellrock.diagnosis.dhcp_story import exchanges
from bellrock.wire import dhcp_options as option
from tests.diagnosis.wires import (
    EPOCH,
    NODE,
    NODE2,
    NODE_IP,
    ack,
    decline,
    discover,
    leased,
    ns,
    offer,
    pxe,
    request,
    wire,
)  # fmt: skip

PLAIN = {option.WANTED: bytes((1, 3, 6))}
IPXE = pxe(7, "iPXE")


def series(*things, client=NODE):
    return by_client(exchanges(wire(*things)))[client]


def told(*things):
    return [(one.stage, one.tries, one.over) for one in series(*things)]


def test_an_exchange_is_a_series():
    (one,) = series(leased(1.0))
    assert (one.stage, one.tries, one.over, one.renews, one.arch, one.http) == ("firmware", 1, True, False, 7, False)
    assert (one.begin, one.last) == (ns(1.0), ns(1.03))
    assert [len(one.all(kind)) for kind in ("discovers", "offers", "requests", "acks", "naks")] == [1, 1, 1, 1, 0]
    assert len(one.told) == len(one.packets) == 4


def test_retries_are_one_series_whatever_their_numbers():
    assert told(discover(1, xid=1), discover(5, xid=2), discover(13, xid=3)) == [("firmware", 3, False)]
    assert told(discover(1, xid=1), discover(5, xid=2), leased(13, xid=3)) == [("firmware", 3, True)]


def test_after_a_long_silence_it_is_another():
    assert told(discover(1, xid=1), discover(2 + REPEATS, xid=2)) == [("firmware", 1, False), ("firmware", 1, False)]


def test_each_program_has_its_own():
    assert told(leased(1, xid=1), discover(2, xid=2, options=IPXE), discover(3, xid=3, options=PLAIN)) == [
        ("firmware", 1, True), ("ipxe", 1, False), ("installer", 1, False),
    ]  # fmt: skip
    assert told(discover(1, xid=1), discover(2, xid=2, options=pxe(16))) == [
        ("firmware", 1, False),
        ("firmware", 1, False),
    ]


def test_who_says_nothing_of_itself_cannot_be_told_unless_firmware_came_before():
    assert told(discover(1, options=PLAIN)) == [("", 1, False)]


def test_whoever_has_declined_asks_again():
    assert told(leased(1, xid=1), decline(1.1, xid=1), leased(3, xid=2)) == [("firmware", 2, True)]
    assert told(leased(1, xid=1), leased(3, xid=2)) == [("firmware", 1, True), ("firmware", 1, True)]


def test_renewals_are_apart():
    asks = request(30, address=NODE_IP, server="", xid=5, options=PLAIN, ciaddr=NODE_IP)
    first, second = series(leased(1), asks, ack(30.01, xid=5))
    assert (first.renews, second.renews, second.tries) == (False, True, 1)


def test_answers_alone_are_of_whoever_was_before():
    assert [one[0] for one in told(leased(1, xid=1), ack(2, xid=2))] == ["firmware", "firmware"]
    assert told(offer(1)) == [("", 0, False)]
    assert series(offer(1))[0].arch is None


def test_clients_are_apart():
    found = by_client(exchanges(wire(discover(1), discover(1, NODE2, xid=4))))
    assert set(found) == {NODE, NODE2}
    assert all(one.begin >= EPOCH for parts in found.values() for one in parts)


def test_ipxe_asks_on_while_it_waits_for_a_proxy_and_is_not_slow_for_that():
    waits = discover(1, options=IPXE), offer(1.1), discover(2, options=IPXE), offer(2.1), request(4, options=IPXE)
    assert told(*waits) == [("ipxe", 1, False)]
    late = discover(1, options=IPXE), discover(2, options=IPXE), offer(2.1), discover(4, options=IPXE)
    assert told(*late) == [("ipxe", 2, False)]
    assert told(offer(0.9), discover(1, options=IPXE), discover(2, options=IPXE)) == [("ipxe", 1, False)]
    assert told(discover(1), offer(1.1), discover(5), offer(5.1)) == [("firmware", 2, False)]
