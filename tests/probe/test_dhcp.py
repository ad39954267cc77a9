"""What becomes of a question: repeats, patience, what is gathered, what is said of it. The answers are scripted; real servers are in tests/lab."""

import asyncio
from contextlib import contextmanager

import pytest

from bellrock.link.obstacle import Obstacle, Obstructed
from bellrock.link.ports import Holder
from bellrock.model import Verdict
from bellrock.probe import dhcp
from bellrock.probe.dhcp import MAX_OFFERS, PROBE, gather, judged, run
from bellrock.probe.registry import probe_of
from bellrock.probe.values import NotChecked, Unexpected
from bellrock.wire.dhcp import Kind
from tests.probe.dhcp_offered import Script, net_of, offer, planned

PORT = Obstructed(Obstacle.PORT, "10.0.0.1", "ICMP type 3 code 3 from 10.0.0.1")


def gathered(answers, within=2.0, **options):
    plan, talk, net = planned(arch="plain", **({"window": "0.05"} | options)), Script(answers), net_of(within=within)
    return asyncio.run(gather(plan, talk, plan.variants[0], net)), talk, net


def test_one_question_where_somebody_answers():
    found, talk, net = gathered(lambda _: [offer()])
    assert [one.server for one in found] == ["10.0.0.1"]
    assert [one.kind for one in talk.sent] == [Kind.DISCOVER]
    assert [step.direction for step in net.record.steps] == ["sent", "received"]


def test_a_question_that_nobody_answers_is_repeated(monkeypatch):
    monkeypatch.setattr(dhcp, "REPEATS", (0.01, 0.01, 60.0))
    monkeypatch.setattr(dhcp, "PATIENCE", 0.1)
    found, talk, _ = gathered(lambda _: [])
    assert found == []
    assert len(talk.sent) == 3


def test_the_last_answer_counts_too(monkeypatch):
    monkeypatch.setattr(dhcp, "REPEATS", (0.01, 0.01, 60.0))
    asked = []

    def third_time(message):
        asked.append(message)
        return [offer()] if len(asked) == 3 else []

    found, talk, _ = gathered(third_time)
    assert len(found) == 1
    assert len({message.xid for message in talk.sent}) == 1


def test_all_servers_once_each_and_no_more_than_that():
    found, _, _ = gathered(lambda _: [offer(), offer(server="10.0.0.2"), offer()])
    assert [one.server for one in found] == ["10.0.0.1", "10.0.0.2"]
    found, _, _ = gathered(lambda _: [offer(server=f"10.0.1.{number}") for number in range(40)])
    assert len(found) == MAX_OFFERS


def test_no_time_is_left_where_others_went_first(monkeypatch):
    monkeypatch.setattr(dhcp, "PATIENCE", 0.0)
    with pytest.raises(NotChecked, match="other questions went first"):
        gathered(lambda _: [])


def test_what_is_no_offer_is_noticed():
    found, _, net = gathered(lambda _: [offer(kind=Kind.NAK), offer(kind=None), offer()])
    assert len(found) == 1
    assert "DHCP message type 6 from 10.0.0.1, not an offer" in [step.what for step in net.record.steps]


def test_an_offer_behind_a_closed_port_counts(monkeypatch):
    assert len(gathered(lambda _: [PORT, offer()])[0]) == 1
    monkeypatch.setattr(dhcp, "GRACE", 0.01)
    with pytest.raises(Obstructed, match="ICMP type 3 code 3"):
        gathered(lambda _: [PORT, PORT])


@pytest.mark.parametrize(
    "error",
    [Obstructed(Obstacle.PROHIBITED, "10.0.0.9"), Unexpected("no DHCP server")],
    ids=["prohibited", "unexpected"],
)
def test_other_obstacles_end_it(error):
    with pytest.raises(type(error)):
        gathered(lambda _: [error])


@pytest.fixture
def quick(monkeypatch):
    """Nobody waits long for the first offer."""
    monkeypatch.setattr(dhcp, "PATIENCE", 0.05)


class TestRun:
    @pytest.fixture(autouse=True)
    def _ways(self, monkeypatch):
        self.talk = Script(lambda _: [])

        @contextmanager
        def talking(plan, net):
            yield self.talk

        async def carried(name):
            return None

        self.holder = None
        monkeypatch.setattr(dhcp, "holder_of", lambda *_: self.holder)
        monkeypatch.setattr(dhcp, "talking", talking)
        monkeypatch.setattr(dhcp, "carried", carried)

    def run(self, answers, flow="dhcp", within=2.0, **options):
        self.talk.answers = answers
        plan = planned(flow, **({"window": "0.02"} | options))
        return {one.variant: one for one in asyncio.run(run(plan, net_of(flow, within)))}

    def test_a_finding_for_each_machine(self):
        found = self.run(lambda _: [offer(file=b"x", siaddr="10.0.0.1")], arch="plain,bios,uefi-x64-http")
        assert {name: one.verdict for name, one in found.items()} == {
            "plain": Verdict.WORKS, "bios": Verdict.WORKS, "uefi-x64-http": Verdict.DEGRADED,
        }  # fmt: skip
        assert found["bios"].facts["boot_server"] == "10.0.0.1"
        assert found["bios"].facts["not_followed"] == "this host has no address on the link"
        assert found["bios"].rtt == 0.01

    @pytest.mark.parametrize(
        ("boots", "options", "verdict"),
        [(False, {}, Verdict.WORKS), (False, {"rack": "10.0.0.1"}, Verdict.DEGRADED), (True, {"rack": "10.0.0.1"}, Verdict.WORKS)],
        ids=["no boot", "the rack forgot it", "bios alone"],
    )  # fmt: skip
    def test_no_kind_of_machine_is_named(self, boots, options, verdict):
        def answers(message):
            bios = message.options.get(93) == bytes(2)
            return [offer(file=b"x", siaddr="10.0.0.1") if boots and bios else offer()]

        found = self.run(answers, **options)
        assert {one.verdict for one in found.values()} == {verdict}, found
        assert ("no offer names a boot file for any kind of machine" in found["bios"].detail) is (
            verdict is Verdict.DEGRADED
        )

    def test_not_followed_where_not_asked_for(self):
        assert "reachable" not in self.run(lambda _: [offer()], arch="plain", follow="no")["plain"].facts

    def test_silence(self, quick):
        found = self.run(lambda _: [], arch="plain", vid="7")["plain"]
        assert found.verdict is Verdict.FILTERED
        assert "nobody offers anything on eth0 VLAN 7 within 0.1 s" in found.detail

    @pytest.mark.parametrize(
        ("options", "address", "raw", "verdict"),
        [
            ({}, "", True, Verdict.NOT_CHECKED),
            ({"servers": "10.0.0.9"}, "10.0.0.9", True, Verdict.NOT_CHECKED),
            ({"servers": "10.0.0.9"}, "", True, Verdict.NOT_CHECKED),
            ({"servers": "10.0.0.9"}, "10.0.0.1", True, Verdict.FILTERED),
            ({}, "", False, Verdict.FILTERED),
        ],
        ids=["any", "the one of the site", "on a link without an address", "another is the site's", "by a port, which comes in as well"],
    )  # fmt: skip
    def test_silence_where_the_server_is_here(self, quick, options, address, raw, verdict):
        self.holder = Holder(7, "dnsmasq")
        self.talk.address, self.talk.raw = address, raw
        found = self.run(lambda _: [], arch="plain", **options)["plain"]
        assert found.verdict is verdict
        if verdict is Verdict.NOT_CHECKED:
            assert (
                "dnsmasq (pid 7), which has udp/67 here, does not hear what its own machine sends out" in found.detail
            )
            two = self.run(lambda _: [], arch="plain", second="yes", **options)
            assert two["second-client"].verdict is Verdict.NOT_CHECKED

    def test_silence_to_a_relay(self, quick):
        self.talk.giaddr = "10.2.0.1"
        found = self.run(lambda _: [], arch="plain", address="10.0.0.1")["plain"]
        assert "10.0.0.1 offers nothing within" in found.detail
        assert "has no subnet for 10.2.0.1" in found.detail

    def test_two_machines(self, quick):
        def by_machine(message):
            return [offer(f"10.0.0.{100 + message.chaddr[0] % 2}")]

        same = self.run(lambda _: [offer()], arch="plain", second="yes")["second-client"]
        assert same.verdict is Verdict.DEGRADED
        assert "10.0.0.1 offers 10.0.0.100 to two machines at once, 52:54:00:12:34:56 and 02:" in same.detail
        self.talk.mac = bytes.fromhex("010000000001")
        assert self.run(by_machine, arch="plain", second="yes")["second-client"].verdict is Verdict.WORKS
        assert self.run(lambda _: [], arch="plain", second="yes")["second-client"].verdict is Verdict.FILTERED

    def test_libvirts_dnsmasq_has_no_variants(self):
        found = self.run(lambda _: [offer()], "libvirt-dnsmasq")
        assert list(found) == [""]
        assert found[""].verdict is Verdict.WRONG_SERVICE

    def test_a_lease_is_a_check_of_its_own(self, quick):
        found = self.run(lambda _: [], arch="plain", lease="yes")
        assert list(found) == ["plain", "lease"]


def test_only_a_stranger_is_the_wrong_service():
    plan = planned(servers="10.0.0.1")
    assert judged(plan, [offer(server="10.0.0.9")], ["a stranger"], {}, "").verdict is Verdict.WRONG_SERVICE
    both = judged(plan, [offer(server="10.0.0.9"), offer()], ["a", "b", "c", "d"], {}, "")
    assert (both.verdict, both.detail) == (Verdict.DEGRADED, "a; b; c")
    assert judged(plan, [offer()], [], {"x": 1}, "it works").detail == "it works"


def test_it_is_the_probe_of_both_flows():
    assert probe_of("dhcp") is probe_of("libvirt-dnsmasq") is PROBE
    assert PROBE.link_wide
    assert PROBE.falls_back.endswith(".")
