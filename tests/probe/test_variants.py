import asyncio

from bellrock.link.clock import monotonic
from bellrock.link.obstacle import Obstacle, Obstructed
from bellrock.model import Verdict
from bellrock.probe.manners import Manners
from bellrock.probe.net import Net
from bellrock.probe.run import settled
from bellrock.probe.values import Ask, Found, Load, Unexpected
from bellrock.probe.variants import each

LOAD = Load(packets=1, octets=1)


def run(checks, within=5.0):
    net = Net(Ask(flow="dns", address="127.0.0.1", port=9, within=within), LOAD, Manners())
    return asyncio.run(each(net, checks)), net


async def works(net):
    net.record.sent("a question", 3)
    net.record.received("an answer", 4)
    return Found(verdict=Verdict.WORKS, detail="well", variant="is named by its key")


async def silent(net):
    net.record.sent("nothing that is heard", 3)
    await asyncio.Event().wait()


async def refused(net):
    raise Obstructed(Obstacle.PORT, "127.0.0.1", "ICMP type 3 code 3 from 127.0.0.1")


async def babbles(net):
    raise Unexpected("speaks another language")


def test_each_has_its_own_verdict_in_the_order_asked():
    found, _ = run({"a": works, "b": refused, "c": babbles})
    assert [(one.variant, one.verdict) for one in found] == [
        ("a", Verdict.WORKS), ("b", Verdict.REFUSED), ("c", Verdict.WRONG_SERVICE),
    ]  # fmt: skip


def test_each_has_its_own_evidence_and_round_trip():
    (one, other), net = run({"a": works, "b": refused})
    assert [step.what for step in one.evidence] == ["a question", "an answer"]
    assert one.rtt is not None
    assert [(step.direction, step.what) for step in other.evidence] == [
        ("received", "ICMP type 3 code 3 from 127.0.0.1")
    ]
    assert other.rtt is None
    assert net.record.steps == ()


def test_one_that_is_silent_takes_nothing_from_the_others():
    (late, soon), _ = run({"a": silent, "b": works}, within=0.2)
    assert late.verdict is Verdict.FILTERED
    assert [step.what for step in late.evidence] == ["nothing that is heard"]
    assert soon.verdict is Verdict.WORKS


def test_a_busy_machine_does_not_hide_what_each_has_seen():
    async def stalls(net):
        net.record.sent("a question", 3)
        net.record.received("half an answer", 4)
        end = monotonic() + 0.3
        while monotonic() < end:  # the loop cannot see that the time of one is over before that of all is
            pass
        await asyncio.Event().wait()

    net = Net(Ask(flow="dns", address="127.0.0.1", port=9, within=0.1), LOAD, Manners())
    (found,) = asyncio.run(settled(each(net, {"a": stalls}), net, 0.1))
    assert (found.variant, found.verdict, len(found.evidence)) == ("a", Verdict.DEGRADED, 2)
