"""The run itself, in namespaces: with nobody, with a region that is typed, stopped in its middle, and without interfaces."""

import asyncio
import subprocess

import pytest

from bellrock.agent import lookout as lookout_module
from bellrock.agent import node as module
from bellrock.agent.delivery import Told
from bellrock.agent.node import StoppedError, Wanted, run
from bellrock.contract import NodeAnswer, Placed
from bellrock.link import clock
from bellrock.link.device import LinkError
from bellrock.model import Finding, Severity
from bellrock.wire.keys import Key, Keyring
from tests.lab.apart import apart, descriptors

pytestmark = pytest.mark.lab
KEYRING = Keyring([Key(b"k" * 32)])


def ip(command: str) -> str:
    return subprocess.run(["ip", *command.split()], check=True, capture_output=True, text=True).stdout


def cable() -> None:
    """Two interfaces of this machine, one up; both ends are ours, so it hears itself."""
    ip("link add n4-a type veth peer name n4-b")
    ip("link set n4-b up")


def is_up(name: str) -> bool:
    return "UP" in ip(f"-o link show {name}").partition("<")[2].partition(">")[0].split(",")


def once(wanted: Wanted, stop_after: float | None = None):
    async def scene():
        stop = asyncio.Event()
        if stop_after is not None:
            asyncio.get_running_loop().call_later(stop_after, stop.set)
        return await run(wanted, KEYRING, stop)

    return asyncio.run(scene())


def test_with_nobody_there_it_says_so_and_leaves_no_trace():
    def work():
        cable()
        before = descriptors()
        found = once(Wanted(within=2.0, name="node-7", ignore=("nothing*",)))
        return found, is_up("n4-a"), is_up("n4-b"), len(descriptors() - before)

    found, near, far, left_open = apart(work)
    assert found.told == Told(None, "", "no rack or region was heard that could take the report")
    assert {one.id for one in found.findings} == {"no-region-heard", "two-on-one-segment"}
    assert (found.look.host, found.look.told, found.left) == ("node-7", "", ())
    assert [one.interface.name for one in found.look.cables] == ["n4-b", "n4-a"]
    assert (near, far, left_open) == (False, True, 0)
    assert 0.9 < found.took < 4.5


ANSWER = NodeAnswer(
    region="r", placed=(Placed("n4-a", "fabric-1", ("pxe",), (10,)), Placed("n4-b", "fabric-1", ("pxe", "x"))),
    findings=(Finding(id="wrong-vlan", severity=Severity.ERROR, what="x", interface="n4-a", proof=("y",)),),
)  # fmt: skip


def test_a_typed_region_is_told_under_an_id_of_this_run(monkeypatch):
    told = []

    async def tell(url, keyring, report, within):
        told.append((url, keyring, report))
        return Told(ANSWER, "")

    monkeypatch.setattr(module, "tell_region", tell)

    def work():
        cable()
        wanted = Wanted(within=2.0, region="https://r:5443", expected=(("n4-a", "20"),))
        return [once(wanted) for _ in "12"]

    first, _ = apart(work)
    (url, keyring, report), (_, _, again) = told
    assert (url, keyring) == ("https://r:5443", KEYRING)
    assert report.host.id != again.host.id, "its certificate ends with the run, and so does the id in it"
    assert report.expected == (("n4-a", "20"),)
    assert {one.id for one in report.findings} == {"no-region-heard", "two-on-one-segment"}
    assert first.look.told == "r"
    assert [(one.interface, one.vids) for one in first.look.placed] == [("n4-a", (10,)), ("n4-b", (None, None))]
    assert [one.id for one in first.findings if one.severity is Severity.ERROR] == ["wrong-vlan"]


def test_where_the_typed_region_fails_and_nobody_is_heard_it_is_said_why(monkeypatch):
    async def tell(url, keyring, report, within):
        return Told(None, "", f"{url}: no answer")

    monkeypatch.setattr(module, "tell_region", tell)

    def work():
        cable()
        return once(Wanted(within=2.0, region="http://192.0.2.1:1"))

    assert apart(work).told.why == "http://192.0.2.1:1: no answer"


def test_where_it_fails_and_somebody_is_heard_both_reasons_are_told(monkeypatch):
    async def tell(url, keyring, report, within):
        return Told(None, "", "no answer there")

    class Mute:
        def __init__(self, *_):
            pass

        def note(self, event):
            pass

        async def deliver(self, report, ways, until):
            return Told(None, "", "nor here")

    way = module.Relayer(None, "rack-1", True)
    monkeypatch.setattr(module, "tell_region", tell)
    monkeypatch.setattr(module, "relayers", lambda _sight: [way])
    monkeypatch.setattr(module, "Mail", Mute)

    def work():
        cable()
        return once(Wanted(within=2.0, region="http://192.0.2.1:1"))

    assert apart(work).told.why == "no answer there; nor here"


def test_every_deadline_is_within_the_run_counted_from_the_programs_start(monkeypatch):
    ends = {}

    async def tell(url, keyring, report, within):
        ends["typed"] = clock.monotonic() + within
        return Told(None, "", "no answer there")

    class Mute:
        def __init__(self, *_):
            pass

        def note(self, event):
            pass

        async def deliver(self, report, ways, until):
            ends["letter"] = until
            return Told(None, "", "nor here")

    monkeypatch.setattr(module, "tell_region", tell)
    monkeypatch.setattr(module, "relayers", lambda _sight: [module.Relayer(None, "rack-1", True)])
    monkeypatch.setattr(module, "Mail", Mute)

    def work():
        cable()
        begin = clock.monotonic()
        found = once(Wanted(within=3.0, spent=1.0, region="http://192.0.2.1:1"))
        return ends["typed"] - begin, ends["letter"] - begin, found.took, clock.monotonic() - begin

    typed, letter, took, passed = apart(work)
    assert typed < letter, "a region that hangs leaves time for the other way"
    assert 1.0 < letter < 2.5, "of the 3 s, 1 is spent and a little is kept for putting back"
    assert 1.0 < took <= passed + 1.0


def test_the_machine_keeps_its_id_from_run_to_run():
    def work():
        cable()
        return [once(Wanted(within=2.0)).look.cables[0].heard[0].port.host for _ in "12"]

    first, second = apart(work)
    assert first == second


def test_stopped_in_the_middle_it_puts_everything_back():
    def work():
        cable()
        with pytest.raises(StoppedError, match="every interface was put back"):
            once(Wanted(within=30.0), stop_after=0.5)
        return is_up("n4-a"), is_up("n4-b")

    assert apart(work) == (False, True)


def test_an_error_in_the_middle_puts_everything_back_too(monkeypatch):
    def fail(self):
        raise LinkError("the ring is gone")

    monkeypatch.setattr(lookout_module.Lookout, "cables", fail)

    def work():
        cable()
        with pytest.raises(LinkError, match="the ring is gone"):
            once(Wanted(within=2.0))
        return is_up("n4-a")

    assert apart(work) is False


def test_without_an_interface_that_may_be_looked_at_it_says_which_are_left_alone():
    def work():
        cable()
        return once(Wanted(within=2.0, ignore=("*",)))

    with pytest.raises(LinkError, match=r"--ignore leaves none of .* \(n4-b, n4-a\)"):
        apart(work)


def test_without_an_interface_there_is_nothing_to_look_at():
    with pytest.raises(LinkError, match="no Ethernet interface"):
        apart(lambda: once(Wanted(within=2.0)))
