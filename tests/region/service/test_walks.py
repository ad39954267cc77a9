"""The region's part in a walk: who is told what, in which order, and what becomes of agents that do not do their part."""

import asyncio

import pytest
from msgspec import structs

from bellrock.contract import Done, Order
from bellrock.contract.walk import (
    Ruled,
    Seen,
    Sent,
    Served,
    Sighting,
    TellPath,
    WalkPath,
    Watching,
    WatchPath,
    WhichRule,
)
from bellrock.flows import UnknownFlowError
from bellrock.model import Host, Interface, Verdict
from bellrock.region.service import walks as module
from bellrock.region.service.ends import UnknownEnd
from bellrock.region.service.walks import BLOCK, FIRST_PORT, Busy, Unwalkable, Walks, Wanted


class Session:
    def __init__(self, rig, name):
        self.rig, self.host = rig, Host(f"id-{name}", name, "rack")

    def say(self, order):
        self.rig.told.append((self.host.name, order.do))
        self.rig.answer(self.host.id, order)


class Account:
    def __init__(self, **interfaces):
        self.interfaces = {
            name: (Interface(name=name, index=1, mac="02:00:00:00:00:01", addresses=addresses), 1)
            for name, addresses in interfaces.items()
        }


class State:
    def __init__(self):
        self.accounts = {
            "id-near": Account(eth0=("10.1.0.2/24", "fd01::2/64", "fe80::1/64"), eth1=("10.3.0.2/24",)),
            "id-far": Account(eth0=("10.2.0.2/24", "fd02::2/64"), eth1=("10.3.0.9/24",)),
            "id-six": Account(eth0=("fd09::1/64",)),
        }  # fmt: skip


class Rig:
    """Agents that answer as the test says: by type of order, a message, a text that declines, or nothing at all."""

    def __init__(self, **answers):
        self.told = []
        known = {"WatchPath": Watching(order="", listener="own"), "WalkPath": Seen(order="", sent=Sent(source="10.1.0.2", tries=3, obstacle="own firewall", why="its rules do not let it out")),
                 "TellPath": Seen(order="", served=Served()), "WhichRule": Ruled(order="", verdict="drop", rule="rule 7")}  # fmt: skip
        self.answers = known | answers
        sessions = {f"id-{name}": Session(self, name) for name in ("near", "far", "six")}
        self.sessions = sessions
        self.walks = Walks(State(), sessions, lambda: {f"id-{name}": name for name in ("near", "far", "six")})

    def answer(self, agent, order):
        answer = self.answers[type(order.do).__name__]
        if isinstance(answer, str):
            self.walks.done(agent, Done(order.id, answer))
        elif callable(answer):
            answer(self, agent, order)
        elif answer is not None:
            self.walks.answered(agent, module.structs.replace(answer, order=order.id))
            assert self.walks.done(agent, Done(order.id)), "that it is done comes behind, and is no news"


def walk(rig, **rest):
    known = {"source": "near", "target": "far", "flow": "dns", "protocol": "udp", "family": 4}
    return asyncio.run(asyncio.wait_for(rig.walks.walk(Wanted(**(known | rest))), 20))


def kinds(rig):
    return [(name, type(do).__name__) for name, do in rig.told]


def test_the_order_of_things():
    rig = Rig()
    (found,) = walk(rig)
    assert kinds(rig) == [("far", "WatchPath"), ("near", "WalkPath"), ("far", "TellPath"), ("near", "WhichRule")]
    assert (found.died_at, found.rule, found.variant, found.source, found.target) == (
        "not-sent",
        "rule 7",
        "udp/53 IPv4",
        "near",
        "far",
    )
    watch, go, tell, _ = (do for _, do in rig.told)
    assert isinstance(watch, WatchPath)
    assert isinstance(go, WalkPath)
    assert isinstance(tell, TellPath)
    assert watch.path == go.path
    assert (watch.listen, go.speak, tell.walk) == (True, True, go.path.walk)
    assert (go.path.target, go.path.port) == ("10.3.0.9", 53), "the subnet that both share"
    assert (go.path.source_port - FIRST_PORT) % BLOCK == 0


def test_each_walk_has_an_id_and_a_key_of_its_own():
    rig = Rig()
    walk(rig, protocol="", family=0)
    paths = [do.path for _, do in rig.told if isinstance(do, WatchPath)]
    assert len({path.walk for path in paths}) == len({path.key for path in paths}) == len(paths) == 4


def test_sequence_numbers_are_passed_on():
    syn = Sighting(at=1.0, what="request", out=True, interface="eth0", source="10.1.0.2", source_port=1, destination="10.3.0.9",
                   destination_port=53, sequence=77)  # fmt: skip
    rig = Rig(WalkPath=Seen(order="", sightings=(syn, syn), sent=Sent()))
    walk(rig, protocol="tcp")
    assert [do.sequences for _, do in rig.told if isinstance(do, TellPath)] == [(77,)]


def test_a_service_that_holds_the_port_is_not_spoken_to():
    rig = Rig(WatchPath=Watching(order="", listener="held"))
    walk(rig, listen=False)
    assert [do.listen for _, do in rig.told if isinstance(do, WatchPath)] == [False]
    assert [do.speak for _, do in rig.told if isinstance(do, WalkPath)] == [False]


@pytest.mark.parametrize(
    ("answers", "says"),
    [
        ({"WatchPath": "no right to see its wire"}, "far: no right to see its wire"),
        ({"WatchPath": ""}, "far: it says that it is done, and told nothing"),
        ({"WalkPath": "8 walks are under way"}, "near: 8 walks are under way"),
        ({"TellPath": "not watched here"}, "far: not watched here"),
        ({"WalkPath": Watching(order="", listener="own")}, "near answered with Watching"),
        ({"WatchPath": lambda rig, agent, _: rig.walks.left(agent)}, "far: it is no longer connected"),
    ],
    ids=["declined", "nothing", "busy", "forgot", "nonsense", "left"],
)
def test_an_agent_that_does_not_do_its_part(answers, says):
    rig = Rig(**answers)
    (found,) = walk(rig)
    assert (found.verdict, found.died_at) == (Verdict.NOT_CHECKED, "unknown")
    assert says in found.detail
    if "WatchPath" not in answers:
        assert kinds(rig)[-1] == ("far", "TellPath"), "the target is not left waiting"
    assert not rig.walks._waiting


def test_an_agent_that_does_not_answer(monkeypatch):
    monkeypatch.setattr(module, "ANSWER", 0.05)
    (found,) = walk(Rig(WatchPath=None))
    assert "far did not answer within 0.05 s" in found.detail


def test_rules_that_cannot_be_asked_for_are_told_as_unknown():
    (found,) = walk(Rig(WhichRule="nft is not installed"))
    assert "could not be judged: near: nft is not installed" in found.detail


def test_answers_of_others_and_of_old_orders_are_passed_over():
    def answer(rig, agent, order):
        watching = Watching(order=order.id, listener="own")
        rig.walks.answered("id-six", watching)
        rig.walks.answered(agent, Watching(order="walk-0", listener="own"))
        assert rig.walks.done("id-six", Done(order.id, "not mine"))
        rig.walks.answered(agent, watching)
        rig.walks.answered(agent, watching)

    (found,) = walk(Rig(WatchPath=answer))
    assert found.verdict is Verdict.FILTERED


def test_other_orders_are_others():
    assert not Rig().walks.done("id-far", Done("01J", ""))


def test_an_interface_or_address_of_the_source_is_left_by():
    rig = Rig()
    walk(rig, source="near/eth1", target="10.2.0.2")
    path = rig.told[0][1].path
    assert (path.interface, path.source, path.target) == ("eth1", "10.3.0.2", "10.2.0.2")
    walk(rig, source="10.1.0.2")
    assert rig.told[-1][1].source == "10.1.0.2"


@pytest.mark.parametrize(
    ("wanted", "error", "says"),
    [
        ({"target": "farther"}, UnknownEnd, "no agent 'farther'"),
        ({"target": "near/eth1"}, UnknownEnd, "both ends are near"),
        ({"target": "six"}, Unwalkable, "near and six share no address family"),
        ({"flow": "icmp"}, Unwalkable, "icmp has no exchange"),
        (
            {"flow": "tftp", "protocol": "tcp"},
            Unwalkable,
            "share no address family in which tftp can be walked as asked",
        ),
        ({"flow": "gopher"}, UnknownFlowError, "gopher"),
    ],
)
def test_what_cannot_be_walked(wanted, error, says):
    rig = Rig()
    with pytest.raises(error, match=says):
        walk(rig, **wanted)
    assert rig.told == []


def test_another_port():
    rig = Rig()
    walk(rig, flow="apt", protocol="tcp", port=3142)
    assert [do.path.port for _, do in rig.told if isinstance(do, WatchPath)] == [3142]


def test_a_port_that_clients_must_send_from():
    rig = Rig()
    walk(rig, flow="dhcp")
    path = rig.told[0][1].path
    assert (path.source_port, path.fixed) == (68, True)


def test_too_many_are_refused_and_few_run_at_one_time(monkeypatch):
    monkeypatch.setattr(module, "MAX_WAITING", 8)
    running, most = set(), 0

    def watch(rig, agent, order):
        nonlocal most
        running.add(order.do.path.walk)
        most = max(most, len(running))
        rig.walks.answered(agent, Watching(order=order.id, listener="own"))

    def tell(rig, agent, order):
        running.discard(order.do.walk)
        rig.walks.answered(agent, Seen(order=order.id, served=Served()))

    async def scene():
        rig = Rig(WatchPath=watch, TellPath=tell, WalkPath=lambda rig, agent, order: asyncio.get_running_loop().call_later(
            0.01, rig.walks.answered, agent, Seen(order=order.id, sent=Sent())))  # fmt: skip
        wanted = Wanted(source="near", target="far", flow="dns")
        both = [asyncio.ensure_future(rig.walks.walk(wanted)) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(Busy, match="8 walks are under way"):
            await rig.walks.walk(wanted)
        assert [len(await one) for one in both] == [4, 4]
        assert len(await rig.walks.walk(wanted)) == 4

    asyncio.run(asyncio.wait_for(scene(), 20))
    assert most <= module.MAX_WALKS


def test_orders_are_known_by_their_ids():
    seen = []
    rig = Rig(
        WhichRule=lambda rig, agent, order: (
            seen.append(order),
            rig.walks.answered(agent, Ruled(order=order.id, verdict="accept")),
        )
    )
    walk(rig)
    assert isinstance(seen[0], Order)
    assert seen[0].id.startswith("walk-")
    assert isinstance(seen[0].do, WhichRule)


def overlaps(*wanted):
    """How many walks were under way at one time at each port of the target, when these are asked for at once."""
    running, found = [], {}

    def watch(rig, agent, order):
        port = order.do.path.protocol, order.do.path.target, order.do.path.port
        running.append((order.do.path.walk, port))
        now = [each for _, each in running].count(port)
        found[port] = max(found.get(port, 0), now)
        found["all"] = max(found.get("all", 0), len(running))
        rig.walks.answered(agent, Watching(order=order.id, listener="own"))

    def tell(rig, agent, order):
        running[:] = [one for one in running if one[0] != order.do.walk]
        rig.walks.answered(agent, Seen(order=order.id, served=Served()))

    async def scene():
        rig = Rig(WatchPath=watch, TellPath=tell, WalkPath=lambda rig, agent, order: asyncio.get_running_loop().call_later(
            0.01, rig.walks.answered, agent, Seen(order=order.id, sent=Sent())))  # fmt: skip
        walked = await asyncio.gather(*map(rig.walks.walk, wanted))
        assert not len(rig.walks._turns)
        assert not rig.walks._drawn
        return walked

    return asyncio.run(asyncio.wait_for(scene(), 20)), found


def test_walks_at_one_port_go_one_after_the_other_and_others_side_by_side():
    dns = Wanted(source="near", target="far", flow="dns", family=4)
    _, found = overlaps(dns, dns, dns, structs.replace(dns, listen=False), structs.replace(dns, port=54))
    assert found.pop("all") > 1
    assert set(found.values()) == {1}
    assert {port for _, _, port in found} == {53, 54}


def test_walks_that_send_from_a_fixed_port_go_one_after_the_other():
    dhcp = Wanted(source="near", target="far", flow="dhcp", family=4)
    _, found = overlaps(dhcp, structs.replace(dhcp, target="far/eth1"), structs.replace(dhcp, port=1067))
    assert found.pop("all") == 1


def test_of_too_many_at_one_port_some_are_not_walked(monkeypatch):
    monkeypatch.setattr(module, "MAX_IN_TURN", 2)
    dns = Wanted(source="near", target="far", flow="dns", family=4, protocol="udp")
    walked, _ = overlaps(dns, dns, dns)
    (left_out,) = (one for (one,) in walked if one.verdict is Verdict.NOT_CHECKED)
    assert "too many walks wait for this port of far: 2 are before it" in left_out.detail


def test_source_ports_that_are_taken_are_drawn_again(monkeypatch):
    seen, drawn = [], iter((5, 5, 5, 6, 6, 7))
    monkeypatch.setattr(module.secrets, "randbelow", lambda _: next(drawn))

    def go(rig, agent, order):
        seen.append(order.do.path)
        sent = Sent(source="10.1.0.2", obstacle="local", why="cannot send from 57408: taken", taken=len(seen) < 3)
        rig.walks.answered(
            agent, Seen(order=order.id, sent=structs.replace(sent, tries=3) if sent.taken else Sent(tries=3))
        )

    rig = Rig(WalkPath=go)
    (found,) = walk(rig)
    assert "taken" not in found.detail
    assert len({path.walk for path in seen}) == len({path.source_port for path in seen}) == 3
    assert kinds(rig)[:6] == [("far", "WatchPath"), ("near", "WalkPath"), ("far", "TellPath")] * 2


@pytest.mark.parametrize(("flow", "tries"), [("dns", module.DRAWS), ("dhcp", 1)])
def test_they_are_drawn_so_many_times_and_no_more(flow, tries):
    rig = Rig(WalkPath=Seen(order="", sent=Sent(obstacle="local", why="cannot send from 68: taken", taken=True)))
    (found,) = walk(rig, flow=flow)
    assert kinds(rig).count(("near", "WalkPath")) == tries
    assert "cannot send from 68: taken" in found.detail


def test_no_two_walks_of_a_source_have_the_same_ports(monkeypatch):
    drawn = iter((7, 7, 7, 8))
    monkeypatch.setattr(module.secrets, "randbelow", lambda _: next(drawn, 9))
    seen = []

    def go(rig, agent, order):
        seen.append(order.do.path.source_port)
        answer = Seen(order=order.id, sent=Sent())
        asyncio.get_running_loop().call_later(0.01, rig.walks.answered, agent, answer)

    walk(Rig(WalkPath=go), protocol="")
    assert sorted(seen) == [FIRST_PORT + 7 * BLOCK, FIRST_PORT + 8 * BLOCK]


def test_what_the_source_saw_is_told_although_the_target_fell_silent():
    out = Sighting(at=1.0, what="request", out=True, interface="eth0", source="10.1.0.2", source_port=1, destination="10.3.0.9",
                   destination_port=53)  # fmt: skip
    router = structs.replace(out, what="error", out=False, by="10.1.0.1", kind=11, number=1)
    rig = Rig(WalkPath=Seen(order="", sightings=(out, router), sent=Sent(source="10.1.0.2")), TellPath="frozen")
    (found,) = walk(rig)
    assert (found.verdict, found.died_at) == (Verdict.NOT_CHECKED, "unknown")
    assert [(hop.name, hop.address, hop.request, hop.reply) for hop in found.hops] == [
        ("near", "10.1.0.2", True, None), ("", "10.1.0.1", True, None), ("far", "10.3.0.9", None, None),
    ]  # fmt: skip
    assert len(found.evidence) == 2


@pytest.mark.parametrize("answers", [{"WatchPath": "no right"}, {"WalkPath": "busy"}], ids=["target", "source"])
def test_the_ends_are_hops_although_nothing_was_seen(answers):
    (found,) = walk(Rig(**answers))
    assert [(hop.name, hop.request, hop.reply) for hop in found.hops] == [("near", None, None), ("far", None, None)]
    assert found.hops[-1].address == "10.3.0.9"


def test_which_of_several_addresses_was_tried_is_told_where_nothing_arrived():
    (found,) = walk(Rig())
    assert found.detail.endswith(
        "(10.3.0.9 was tried, on a subnet that both are on; far has 2 IPv4 addresses: name another, or an interface)"
    )
    (found,) = walk(Rig(), target="far/eth1")
    assert "was tried" not in found.detail
    came = Sighting(at=1.0, what="request", out=False, interface="eth0", source="10.1.0.2", source_port=1, destination="10.3.0.9",
                    destination_port=53)  # fmt: skip
    near = Seen(order="", sightings=(structs.replace(came, out=True),), sent=Sent(source="10.1.0.2"))
    (found,) = walk(Rig(WalkPath=near, TellPath=Seen(order="", sightings=(came,), served=Served())))
    assert found.verdict is not Verdict.WORKS
    assert "was tried" not in found.detail


def test_an_address_that_both_have_is_refused_with_a_word():
    rig = Rig()
    held = rig.walks._state.accounts["id-near"].interfaces
    held["vip0"] = (Interface(name="vip0", index=9, mac="02:00:00:00:00:09", addresses=("10.2.0.2/32",)), 1)
    with pytest.raises(Unwalkable, match=r"near has the address 10\.2\.0\.2 of far itself"):
        walk(rig, target="far/eth0", source="10.1.0.2")
    assert rig.told == []
