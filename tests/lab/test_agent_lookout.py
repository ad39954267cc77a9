"""A look at cables in a namespace: carrier that comes late or never, members of bonds, and who is heard."""

import asyncio
import os
import subprocess
from pathlib import Path

import pytest

from bellrock.agent import lookout as module
from bellrock.agent.lookout import Lookout
from bellrock.agent.network import RawNetwork
from bellrock.agent.node import _Senses
from bellrock.agent.settings import Settings
from bellrock.beacon import Identity
from bellrock.link import clock
from bellrock.link.netlink import LinkMonitor
from bellrock.model import Evidence, EvidenceKind, EvidenceSeen, Host, HostSeen, InterfaceSeen, Port, Role, Wall
from bellrock.wire.keys import Key, Keyring
from tests.lab.apart import apart

pytestmark = pytest.mark.lab
KEYRING = Keyring([Key(b"k" * 32)])
NODE = Host("node-id", "node-7", "node")


def ip(*commands: str) -> None:
    for command in commands:
        subprocess.run(["ip", *command.split()], check=True, capture_output=True)


def look(scene, ignore=()):
    """What `scene(lookout)` gives, with the lookout started; then all is put back."""

    async def inside():
        monitor, network = LinkMonitor(), RawNetwork()
        settings = Settings(state_dir=Path(os.devnull), role=Role.NODE, ignore=ignore)
        lookout = Lookout(settings, KEYRING, _Senses(Identity("node-id", "node-7", "node", "boot"), network, monitor))
        try:
            lookout.start()
            return await scene(lookout)
        finally:
            assert lookout.stop() == ()
            assert lookout.stop() == ()
            network.close()
            monitor.close()

    return asyncio.run(inside())


def test_two_ends_of_one_cable_hear_each_other_and_it_ends_early():
    async def scene(lookout):
        await lookout.listen(clock.monotonic() + 20)
        took = clock.monotonic() - lookout.began
        return took, {one.interface.name: one for one in lookout.cables()}, lookout.observations(NODE, Wall(1.0), 500)

    def work():
        ip("link add n4-a type veth peer name n4-b", "link add n4-c type veth peer name n4-d")
        return look(scene, ignore=("n4-[cd]",))

    took, cables, told = apart(work)
    assert module.LISTEN <= took < 10
    assert set(cables) == {"n4-a", "n4-b"}
    for one in cables.values():
        assert (one.interface.speed, one.interface.duplex, one.interface.settled) == (10_000, "full", True)
        assert [heard.kind for heard in one.heard] == ["own-beacon"]
        assert one.carrier_for is not None
        assert one.first_passed is not None
        assert one.peers == ()
    assert [type(one) for one in told].count(InterfaceSeen) == 2
    assert told[0] == HostSeen(NODE, Wall(1.0))
    assert isinstance(told[-1], EvidenceSeen)


def test_carrier_is_known_also_without_time_to_listen():
    async def scene(lookout):
        await lookout.scout.until(
            lambda sight: "n4-a" in sight.interfaces and sight.interfaces["n4-a"].carrier is True, 5
        )
        return {one.interface.name: one.carrier_for for one in lookout.cables()}

    def work():
        ip("link add n4-a type veth peer name n4-b")
        return look(scene)

    assert apart(work)["n4-a"] is not None


def test_what_is_told_has_a_bound_and_interfaces_come_first():
    async def scene(lookout):
        await lookout.listen(clock.monotonic() + 20)
        return lookout.observations(NODE, Wall(1.0), 2)

    def work():
        ip("link add n4-a type veth peer name n4-b")
        return look(scene)

    assert [type(one) for one in apart(work)] == [HostSeen, InterfaceSeen]


def test_a_dark_port_is_waited_for_and_told(monkeypatch):
    monkeypatch.setattr(module, "CARRIER", 0.5)

    async def scene(lookout):
        await lookout.listen(clock.monotonic() + 20)
        return clock.monotonic() - lookout.began, lookout.cables()

    def work():
        # The other end lies down in another namespace: no carrier here.
        holder = subprocess.Popen(["unshare", "--net", "sh", "-c", "echo; exec sleep 60"], stdout=subprocess.PIPE)
        try:
            holder.stdout.readline()
            ip(f"link add n4-a type veth peer name n4-b netns {holder.pid}")
            return look(scene)
        finally:
            holder.kill()
            holder.wait()
            holder.stdout.close()

    took, (dark,) = apart(work)
    assert 0.5 <= took < 10
    assert dark.interface.carrier is False
    assert (dark.carrier_for, dark.first_frame, dark.interface.speed) == (None, None, None)
    assert dark.looked >= 0.5


def test_carrier_that_comes_while_we_look_is_timed():
    async def scene(lookout):
        await lookout.listen(clock.monotonic() + 0.4)
        ip("link set n4-b up")
        await lookout.listen(clock.monotonic() + 1)
        before = {one.interface.name: one for one in lookout.cables()}["n4-a"]
        ip("link set n4-b down")
        await lookout.scout.until(lambda sight: sight.interfaces["n4-a"].carrier is False, 5)
        await lookout.listen(clock.monotonic() + 0.1)
        return before, {one.interface.name: one for one in lookout.cables()}["n4-a"]

    def work():
        ip("link add n4-a type veth peer name n4-b", "link add n4-bond type bridge")
        ip("link set n4-b master n4-bond")
        return look(scene)

    before, after = apart(work)
    assert before.carrier_for < before.looked
    assert before.first_frame is not None
    assert after.carrier_for is None


def test_a_member_of_a_bridge_is_looked_at_as_long_and_hears_what_its_bridge_hears():
    async def scene(lookout):
        await lookout.listen(clock.monotonic() + 20)
        took = clock.monotonic() - lookout.began
        alone = {one.interface.name: one for one in lookout.cables()}["n4-a"]
        heard = Evidence(kind=EvidenceKind.HEARD, port=Port("node-id", "n4-bond"), peer=Port("rack", "eth0"))
        lookout.sight.evidence["one"] = heard
        return took, alone, {one.interface.name: one for one in lookout.cables()}

    def work():
        ip("link add n4-a type veth peer name n4-b", "link add n4-br type bridge", "link add n4-bond type bridge")
        ip("link set n4-a up", "link set n4-b up", "link set n4-br up", "link set n4-bond up")
        ip("link set n4-a master n4-bond", "link set n4-b master n4-br")
        return look(scene)

    took, alone, together = apart(work)
    assert module.LISTEN <= took < 10
    assert alone.lit_before
    assert (alone.peers, alone.heard_above) == ((), False)
    assert (together["n4-a"].heard_above, together["n4-b"].heard_above) == (True, False)


def is_up(name):
    told = subprocess.run(["ip", "-br", "link", "show", name], check=True, capture_output=True, text=True)
    return "UP" in told.stdout


def test_what_was_changed_is_put_back_even_if_something_else_goes_wrong_at_the_end(monkeypatch):
    close = module.SwitchEar.close

    def fail(ear):
        close(ear)
        raise OSError("no")

    async def scene(lookout):
        began = is_up("n4-a")
        monkeypatch.setattr(module.SwitchEar, "close", fail)
        with pytest.raises(OSError, match="no"):
            lookout.stop()
        return began, is_up("n4-a")

    def work():
        ip("link add n4-a type veth peer name n4-b")
        return look(scene)

    assert apart(work) == (True, False)


def test_a_look_that_is_long_enough_ends_by_the_clock():
    async def scene(lookout):
        await lookout.listen(clock.monotonic() + 0.3)
        return clock.monotonic() - lookout.began

    def work():
        # A member of a bridge is left as it is, so that the other end of its cable stays dark.
        ip("link add n4-a type veth peer name n4-b", "link add n4-br type bridge", "link set n4-b master n4-br")
        return look(scene)

    assert 0.3 <= apart(work) < 5
