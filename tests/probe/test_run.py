"""Whatever an exchange comes to is a verdict: obstacles, silence, servers of every bad manner, asks that cannot be."""

import asyncio
import ssl
import sys
from contextlib import contextmanager

import pytest

from bellrock.flows import Protocol
from bellrock.link.obstacle import Obstacle, Obstructed
from bellrock.link.source import Source
from bellrock.link.stream import TooMuch
from bellrock.model import Traced, Verdict
from bellrock.probe.run import check, obstructed
from bellrock.probe.values import Ask, Found, Load, NotChecked, PlanError, Probe, TlsFault, Unexpected
from tests.probe.peers import tcp_server, udp_server

TARGET, OTHER, OWN = "192.0.2.1", "192.0.2.254", "127.0.0.1"


@contextmanager
def stand_in(monkeypatch, run, **settings):
    """NTP's probe, as a test wants it."""
    made = Probe(
        flows=("ntp",),
        plan=lambda ask: ask,
        run=run,
        load=Load(packets=1, octets=4096),
        **({"protocols": tuple(Protocol)} | settings),
    )
    with monkeypatch.context() as patch:
        patch.setattr(sys.modules["bellrock.probe.run"], "probe_of", lambda _: made)
        yield


def tried(monkeypatch, run, *, within=5.0, address="127.0.0.1", port=9, **settings):
    with stand_in(monkeypatch, run, **settings):
        (found,) = asyncio.run(check(Ask(flow="ntp", address=address, port=port, within=within)))
    return found


@pytest.mark.parametrize(
    ("obstacle", "by", "verdict", "detail"),
    [
        (Obstacle.RESET, "", Verdict.REFUSED, "nobody listens, or a firewall rejects it: TCP RST"),
        (
            Obstacle.PORT,
            TARGET,
            Verdict.REFUSED,
            "nobody listens, or the target's own rules reject it: said (says 192.0.2.1)",
        ),
        (
            Obstacle.PORT,
            OTHER,
            Verdict.FILTERED,
            "a firewall at 192.0.2.254 does not let it pass: said (says 192.0.2.254)",
        ),
        (Obstacle.PORT, OWN, Verdict.FILTERED, "this host's own rules do not let it out: said (says 127.0.0.1)"),
        (
            Obstacle.PROHIBITED,
            OTHER,
            Verdict.FILTERED,
            "a firewall at 192.0.2.254 does not let it pass: said (says 192.0.2.254)",
        ),
        (Obstacle.PROHIBITED, TARGET, Verdict.FILTERED, "said (says 192.0.2.1)"),
        (Obstacle.PROHIBITED, "", Verdict.FILTERED, "said"),
        (Obstacle.NO_HOST, OTHER, Verdict.UNREACHABLE, "said (says 192.0.2.254)"),
        (Obstacle.UNREACHABLE, OTHER, Verdict.UNREACHABLE, "said (says 192.0.2.254)"),
        (Obstacle.EXCEEDED, OTHER, Verdict.UNREACHABLE, "said (says 192.0.2.254)"),
        (Obstacle.TOO_BIG, OTHER, Verdict.FILTERED, "said (says 192.0.2.254)"),
        (Obstacle.NO_ROUTE, "", Verdict.UNREACHABLE, "said"),
        (Obstacle.REFUSING_ROUTE, "", Verdict.UNREACHABLE, "said"),
        (Obstacle.NO_NEIGHBOUR, "", Verdict.UNREACHABLE, "said"),
        (Obstacle.OWN_FIREWALL, "", Verdict.FILTERED, "said"),
        (Obstacle.SILENCE, "", Verdict.FILTERED, "said"),
        (Obstacle.CLOSED, "", Verdict.WRONG_SERVICE, "said"),
        (Obstacle.LOCAL, "", Verdict.NOT_CHECKED, "said"),
    ],
)
def test_obstacles(obstacle, by, verdict, detail):
    found = obstructed(Obstructed(obstacle, by, "said"), TARGET, answered=False)
    assert (found.verdict, found.detail) == (verdict, detail)


@pytest.mark.parametrize(
    ("obstacle", "by", "answered", "kept"),
    [
        (Obstacle.NO_HOST, OTHER, False, ("no host", OTHER)),
        (Obstacle.PORT, TARGET, False, ("reset", TARGET)),
        (Obstacle.PORT, OTHER, False, ("administratively prohibited", OTHER)),
        (Obstacle.PORT, OWN, False, ("own firewall", "")),
        (Obstacle.NO_ROUTE, "", False, ("no route", "")),
        (Obstacle.SILENCE, "", False, ("silence", "")),
        (Obstacle.SILENCE, "", True, ("stalled", "")),
    ],
)
def test_what_was_met_and_who_said_so_is_kept(obstacle, by, answered, kept):
    found = obstructed(Obstructed(obstacle, by, "said"), TARGET, answered=answered)
    assert (found.obstacle, found.by) == kept


def test_every_obstacle_has_a_verdict():
    for obstacle in Obstacle:
        assert isinstance(obstructed(Obstructed(obstacle), TARGET, answered=True).verdict, Verdict)


def test_silence_after_something_was_said():
    found = obstructed(Obstructed(Obstacle.SILENCE), TARGET, answered=True)
    assert found.detail == "it fell silent in the middle of the exchange"


def test_a_zone_does_not_make_the_target_another(monkeypatch):
    found = obstructed(Obstructed(Obstacle.PORT, "fe80::1", "said"), "fe80::1%eth0", answered=False)
    assert found.verdict is Verdict.REFUSED


@pytest.mark.parametrize(
    ("error", "verdict", "detail"),
    [
        (Unexpected("it is a mail server"), Verdict.WRONG_SERVICE, "it is a mail server"),
        (TooMuch("300 octets"), Verdict.WRONG_SERVICE, "it does not stop talking: 300 octets"),
        (TlsFault("expired"), Verdict.TLS_FAULT, "expired"),
        (ssl.SSLError(1, "wrong version"), Verdict.TLS_FAULT, "TLS failed: "),
        (NotChecked("no privilege"), Verdict.NOT_CHECKED, "no privilege"),
        (Obstructed(Obstacle.RESET), Verdict.REFUSED, "nobody listens, or a firewall rejects it: TCP RST"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_what_a_probe_raises(monkeypatch, error, verdict, detail):
    async def run(_plan, _net):
        raise error

    found = tried(monkeypatch, run)
    assert found.verdict is verdict
    assert found.detail.startswith(detail)


def test_the_facts_of_a_tls_fault_are_kept(monkeypatch):
    async def run(_plan, _net):
        raise TlsFault("expired", {"days": -3})

    assert tried(monkeypatch, run).facts == {"days": -3}


def test_a_result_has_the_evidence_and_the_round_trip(monkeypatch):
    async def run(_plan, net):
        net.record.sent("a question", 3)
        net.record.received("an answer", 5)
        net.record.noticed("something")
        return (Found(verdict=Verdict.WORKS, detail="fine", facts={"a": 1}, variant="v"),)

    found = tried(monkeypatch, run)
    assert [(step.direction, step.what, step.octets) for step in found.evidence] == [
        ("sent", "a question", 3),
        ("received", "an answer", 5),
        ("noticed", "something", 0),
    ]
    assert (found.flow, found.target, found.variant, found.facts) == ("ntp", "127.0.0.1:9", "v", {"a": 1})
    assert found.rtt_ms is not None


def test_a_probe_may_tell_its_own_evidence_and_round_trip(monkeypatch):
    mine = (Traced(at=1.0, direction="sent", what="mine"),)

    async def run(_plan, net):
        net.record.sent("another's")
        return (Found(verdict=Verdict.WORKS, detail="", evidence=mine, rtt=0.0125),)

    found = tried(monkeypatch, run, address="::1", port=0)
    assert (found.evidence, found.rtt_ms, found.target) == (mine, 12.5, "[::1]:123")


def test_silence_is_filtered_and_names_its_time():
    with udp_server(lambda *_: None) as port:
        (found,) = asyncio.run(check(Ask(flow="ntp", address="127.0.0.1", port=port, within=0.2)))
    assert found.verdict is Verdict.FILTERED
    assert [step.direction for step in found.evidence][:1] == ["sent"]
    assert found.rtt_ms is None


async def waits(plan, net):
    async with await net.connect() as stream:
        await stream.exactly(1000)
    return ()


def test_a_connection_on_which_nobody_speaks_is_another_service(monkeypatch):
    with tcp_server(lambda connection: connection.recv(1)) as port:
        found = tried(monkeypatch, waits, within=0.2, port=port)
    assert found.verdict is Verdict.WRONG_SERVICE
    assert (
        found.detail
        == "the connection stands, but nothing was said on it within 0.2 s: another service, or one that hangs"
    )
    assert found.rtt_ms is not None


async def is_dripped_upon(plan, net):
    async with await net.connect() as stream:
        await stream.exactly(3)
        net.limit.reschedule(asyncio.get_running_loop().time())
        await stream.exactly(1000)
    return ()


def test_whoever_is_slow_does_say_something(monkeypatch):
    with tcp_server(lambda connection: (connection.sendall(b"abc"), connection.recv(1))) as port:
        found = tried(monkeypatch, is_dripped_upon, within=5.0, port=port)
    assert found.verdict is Verdict.DEGRADED
    assert found.detail.startswith("it says 3 octets, and not what was waited for, within 5 s")


async def is_slow(plan, net):
    """Answers at once, and takes its time for the rest."""
    net.record.sent("hello")
    net.record.received("just a moment")
    await asyncio.sleep(0.05)
    return (Found(verdict=Verdict.WORKS, detail="at last"),)


async def is_silent(plan, net):
    net.record.sent("hello")
    await asyncio.sleep(60)


@pytest.mark.parametrize(
    ("run", "verdict", "detail"),
    [(is_slow, Verdict.WORKS, "at last"), (is_silent, Verdict.FILTERED, "nothing came back within 0.02 s: dropped on the way there or back")],
    ids=["slow", "silent"],
)  # fmt: skip
def test_silence_is_over_sooner_than_what_goes_on(monkeypatch, run, verdict, detail):
    with stand_in(monkeypatch, run):
        (found,) = asyncio.run(check(Ask(flow="ntp", address="127.0.0.1", port=9, within=60.0, silence=0.02)))
    assert (found.verdict, found.detail) == (verdict, detail)


def test_an_exchange_that_is_not_over_in_time_is_degraded(monkeypatch):
    async def run(plan, net):
        async with await net.connect() as stream:
            net.record.received("a greeting", len(await stream.exactly(2)))
            await stream.exactly(1000)
        return ()

    def slow(connection):
        connection.sendall(b"hi")
        connection.recv(1)

    with tcp_server(slow) as port:
        found = tried(monkeypatch, run, within=0.3, port=port)
    assert (found.verdict, found.detail) == (Verdict.DEGRADED, "it answers, but the exchange was not over within 0.3 s")


@pytest.mark.parametrize(
    ("serve", "verdict", "words"),
    [
        (lambda connection: None, Verdict.WRONG_SERVICE, "the connection was closed after 0 of 1000 octets"),
        (
            lambda connection: connection.sendall(b"x" * 999),
            Verdict.WRONG_SERVICE,
            "the connection was closed after 999 of 1000 octets",
        ),
    ],
    ids=["at once", "half way"],
)
def test_closed_half_way(monkeypatch, serve, verdict, words):
    with tcp_server(serve) as port:
        found = tried(monkeypatch, waits, port=port)
    assert (found.verdict, found.detail) == (verdict, words)


def test_a_turn_that_does_not_come_is_not_silence(monkeypatch):
    async def run(_plan, _net):
        await asyncio.Event().wait()

    found = tried(monkeypatch, run, within=0.05)
    assert found.verdict is Verdict.NOT_CHECKED
    assert found.detail.startswith("its turn did not come within 0.05 s")


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (Ask(flow="ntp", address="10.0.0.300"), "'10.0.0.300' is no IP address"),
        (Ask(flow="ntp", address="rack-1"), "'rack-1' is no IP address"),
        (Ask(flow="ntp"), "ntp is tried at an address, and none is given"),
        (Ask(flow="ntp", address="::1", port=65536), "65536 is no port"),
        (Ask(flow="ntp", address="::1", port=-1), "-1 is no port"),
        (Ask(flow="ntp", address="::1", protocol=Protocol.TCP), "ntp is tried over udp, and not over tcp"),
    ],
    ids=["typing", "name", "none", "port", "negative", "protocol"],
)
def test_what_cannot_be_asked(ask, words):
    with pytest.raises(PlanError) as caught:
        asyncio.run(check(ask))
    assert str(caught.value).startswith(words)


def test_a_link_needs_no_address(monkeypatch):
    async def run(_plan, _net):
        return (Found(verdict=Verdict.WORKS, detail=""),)

    with stand_in(monkeypatch, run, link_wide=True):
        (found,) = asyncio.run(check(Ask(flow="ntp", source=Source(interface="eth7"))))
    assert (found.target, found.source) == ("eth7", "eth7")
