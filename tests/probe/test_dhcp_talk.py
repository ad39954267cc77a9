"""Frames and datagrams of DHCP: what is sent, and which of what comes in answers a question."""

import asyncio
import os
import socket
from contextlib import closing, contextmanager

import pytest

from bellrock.link import clock
from bellrock.link.datagram import Datagram
from bellrock.link.device import LinkError
from bellrock.link.obstacle import Obstacle, Obstructed
from bellrock.link.taps import Heard
from bellrock.model import Interface, Monotonic
from bellrock.probe import dhcp_talk
from bellrock.probe.dhcp_offers import LIMITED_BROADCAST
from bellrock.probe.dhcp_plan import machine
from bellrock.probe.dhcp_talk import Conversation, LinkTalk, PortTalk, describe, first4, named, overheard, talking
from bellrock.probe.values import NotChecked, Unexpected
from bellrock.wire import dhcp, ethernet, ip, udp
from bellrock.wire.dhcp import Kind, Message
from bellrock.wire.ethernet import EthernetFrame, Tag
from tests.probe.dhcp_offered import MAC, net_of, planned

CARD = Interface(name="eth0", index=3, mac="52:54:00:12:34:56", addresses=("fe80::1/64", "10.0.0.7/24"))
ANSWER = Message(op=2, xid=7, kind=Kind.OFFER, yiaddr="10.0.0.100", giaddr="10.0.0.7")


def frame(message=ANSWER, *, port=68, destination=LIMITED_BROADCAST, ethertype=0x0800, payload=None, cut=0):
    octets = dhcp.encode(message) if payload is None else payload
    segment = udp.build("10.0.0.1", destination, udp.Segment(67, port, octets))
    packet = ip.build("10.0.0.1", destination, 64, 17, segment)
    return Heard(
        EthernetFrame("ff:ff:ff:ff:ff:ff", "52:54:00:00:00:01", (), ethertype, packet[cut:]), clock.read().wall_ns, True
    )


def asked(xid=7):
    conversation = Conversation(xid)
    conversation.asked = clock.monotonic()
    return conversation


def said(conversation):
    return asyncio.run(conversation.next(0))


class Air:
    """Taps that remember."""

    def __init__(self):
        self.sent, self.listening = [], []

    def send(self, ifindex, frame):
        self.sent.append((ifindex, frame))

    @contextmanager
    def listen(self, ifindex, vid, keep, *, everything=False):
        self.listening.append((ifindex, vid, everything))
        self.keep = keep
        yield

    def close(self):
        self.listening.append("closed")


class TestOverheard:
    def test_an_answer_is_kept_with_how_it_came(self):
        conversation = asked()
        overheard(conversation, frame())
        found = said(conversation)
        assert (found.server, found.mac, found.source, found.destination, found.port) == (
            "10.0.0.1",
            "52:54:00:00:00:01",
            "10.0.0.1",
            LIMITED_BROADCAST,
            68,
        )
        assert found.after >= 0
        assert found.octets == 300

    @pytest.mark.parametrize(
        "heard",
        [
            frame(Message(op=2, xid=8, kind=2)), frame(Message(op=1, xid=7, kind=1)), frame(port=53), frame(ethertype=0x86DD), frame(cut=30),
            frame(payload=b"no DHCP"),
        ],
        ids=["another transaction", "a question", "another port", "IPv6", "cut", "garbage"],
    )  # fmt: skip
    def test_what_is_none_is_passed_over(self, heard):
        conversation = asked()
        overheard(conversation, heard)
        assert said(conversation) is None

    def test_nothing_answers_before_it_was_asked(self):
        conversation = Conversation(7)
        overheard(conversation, frame())
        assert said(conversation) is None

    def test_but_what_went_to_one_address(self):
        conversation = asked()
        overheard(conversation, frame(destination="10.0.0.7", port=67), but="10.0.0.7")
        assert said(conversation) is None
        overheard(conversation, frame(), but="10.0.0.7")
        assert said(conversation).destination == LIMITED_BROADCAST


class TestLinkTalk:
    def ask(self, **options):
        plan, air = planned(arch="plain", **options), Air()
        talk = LinkTalk(air, CARD, plan)
        question = machine(plan.variants[0], talk.mac)
        with talk.conversation(question.xid) as conversation:
            assert talk.send(conversation, question) == 300
            air.keep(frame(Message(op=2, xid=question.xid, kind=2)))
            assert said(conversation).message.xid == question.xid
        return talk, question, air

    @pytest.mark.parametrize(
        ("options", "wanted"), [({}, False), ({"lease": "yes"}, True), ({"second": "yes"}, True), ({"mac": "02:00:00:00:00:01"}, True)],
        ids=["own", "lease", "second", "mac"],
    )  # fmt: skip
    def test_answers_to_machines_that_are_not_here_are_heard(self, options, wanted):
        assert [everything for *_, everything in self.ask(**options)[2].listening] == [wanted]

    def test_from_nowhere_to_everybody(self):
        talk, question, air = self.ask()
        ((index, sent),) = air.sent
        assert (index, sent.destination, sent.source, sent.tags, sent.ethertype) == (
            3,
            "ff:ff:ff:ff:ff:ff",
            CARD.mac,
            (),
            ethernet.ETHERTYPE_IPV4,
        )
        packet = ip.parse4(sent.payload)
        segment = udp.parse(packet)
        assert (packet.source, packet.destination, segment.source_port, segment.destination_port) == (
            "0.0.0.0",
            "255.255.255.255",
            68,
            67,
        )
        assert dhcp.decode(segment.payload) == question
        assert question.chaddr == MAC
        assert air.listening == [(3, None, False)]
        assert (talk.address, talk.giaddr, talk.raw) == ("10.0.0.7", "", True)

    def test_of_a_vlan(self):
        talk, _, air = self.ask(vid="10")
        assert air.sent[0][1].tags == (Tag(0x8100, 10),)
        assert air.listening == [(3, 10, True)]
        assert talk.address == "", "its address is on the untagged network"

    def test_as_another_machine_the_frame_is_still_ours(self):
        _, question, air = self.ask(mac="02:00:00:00:00:09")
        assert question.chaddr.hex() == "020000000009"
        assert air.sent[0][1].source == CARD.mac
        assert air.listening == [(3, None, True)]

    def test_what_it_says_in_the_evidence(self):
        talk, question, _ = self.ask()
        assert describe(question, talk) == "DHCPDISCOVER of 52:54:00:12:34:56 by eth0"


class TestPortTalk:
    def relay(self, taps=None):
        return PortTalk(CARD, server="10.0.0.1", giaddr="10.0.0.7", taps=taps)

    def datagram(self, payload, address="10.0.0.1"):
        return Datagram(payload, address, 67, Monotonic(clock.monotonic()))

    def test_an_answer(self):
        talk = self.relay()
        with talk.conversation(7) as conversation:
            conversation.asked = clock.monotonic()
            talk.came(self.datagram(dhcp.encode(ANSWER)))
            talk.came(self.datagram(dhcp.encode(Message(op=2, xid=8, kind=2))))
            found = said(conversation)
            assert (found.destination, found.port, found.mac) == ("10.0.0.7", 67, "")
            assert said(conversation) is None

    @pytest.mark.parametrize("payload", [b"no", dhcp.encode(Message(op=1, xid=7, kind=1))], ids=["garbage", "an echo"])
    def test_what_is_no_answer_is_the_wrong_service(self, payload):
        talk = self.relay()
        with talk.conversation(7) as conversation:
            talk.came(self.datagram(payload, "10.0.0.9"))
            assert said(conversation) is None
            talk.came(self.datagram(payload))
            with pytest.raises(Unexpected, match="what answers at 10.0.0.1 udp/67 is no DHCP server"):
                said(conversation)

    def test_an_error_is_told_to_whom_it_concerns(self):
        talk, why = self.relay(), Obstructed(Obstacle.PORT, "10.0.0.1", "ICMP")
        with talk.conversation(7) as one, talk.conversation(8) as other:
            talk.refused(dhcp.encode(Message(op=1, xid=8)), why)
            talk.refused(b"", why)
            assert said(one) is None
            with pytest.raises(Obstructed, match="ICMP"):
                said(other)

    def test_what_goes_astray_is_heard_by_frames(self):
        air = Air()
        talk = self.relay(air)
        with talk.conversation(7) as conversation:
            conversation.asked = clock.monotonic()
            air.keep(frame(destination="10.0.0.7", port=67))
            assert said(conversation) is None
            air.keep(frame())
            assert said(conversation).destination == LIMITED_BROADCAST

    def test_a_client_without_frames(self):
        talk = PortTalk(CARD, server="", giaddr="", taps=None)
        assert (talk.address, talk.interface, talk.raw, talk.mac) == ("10.0.0.7", "eth0", False, MAC)
        with talk.conversation(7) as conversation:
            conversation.asked = clock.monotonic()
            talk.came(self.datagram(dhcp.encode(ANSWER)))
            assert said(conversation).port == 68

    def test_a_relay_without_an_interface(self):
        talk = PortTalk(None, server="127.0.0.2", giaddr="127.0.0.1", taps=None)
        assert (talk.address, talk.interface, talk.mac) == ("127.0.0.1", "", bytes(6))
        assert "with giaddr 127.0.0.1" in describe(Message(op=1, xid=1, kind=1, options={93: b"\0\7"}), talk)


class TestTalking:
    @pytest.fixture
    def here(self, monkeypatch):
        monkeypatch.setattr(dhcp_talk, "card", lambda name: CARD)
        monkeypatch.setattr(dhcp_talk, "can_raw", lambda: True)

    def talk(self, net=None, **options):
        async def work():
            with talking(planned(arch="plain", **options), net or net_of()) as found:
                return found

        return asyncio.run(work())

    def test_by_the_taps_that_the_process_was_given(self, here):
        net = net_of()
        net.taps = Air()
        assert isinstance(self.talk(net), LinkTalk)
        assert net.taps.listening == [], "not closed: they are others' as well"

    def test_by_taps_of_its_own(self, here, monkeypatch):
        air = Air()
        monkeypatch.setattr(dhcp_talk, "open_dhcp_taps", lambda ifindex: air)
        assert isinstance(self.talk(), LinkTalk)
        assert air.listening == ["closed"]

    def test_a_ring_that_cannot_be_had(self, here, monkeypatch):
        def full(ifindex):
            raise LinkError("the receive ring could not be set up; is memory short?", 12)

        monkeypatch.setattr(dhcp_talk, "open_dhcp_taps", full)
        with pytest.raises(NotChecked, match="is memory short"):
            self.talk()

    @pytest.mark.parametrize("options", [{"vid": "10"}, {"mac": "02:00:00:00:00:09"}], ids=["vlan", "mac"])
    def test_frames_are_needed(self, here, monkeypatch, options):
        monkeypatch.setattr(dhcp_talk, "can_raw", lambda: False)
        with pytest.raises(NotChecked, match="need raw frames: .*setcap cap_net_raw"):
            self.talk(**options)

    def test_an_address_is_needed(self, here, monkeypatch):
        monkeypatch.setattr(dhcp_talk, "can_raw", lambda: False)
        monkeypatch.setattr(dhcp_talk, "card", lambda name: Interface(name="eth0", index=3, mac=CARD.mac))
        with pytest.raises(NotChecked, match="eth0 has no IPv4 address"):
            self.talk()

    @pytest.fixture
    def port(self, monkeypatch):
        """A port of this host in place of 67 and 68, which not everybody may have."""
        with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as sock:
            sock.bind(("127.0.0.1", 0))
            number = sock.getsockname()[1]
        monkeypatch.setattr(dhcp_talk, "SERVER_PORT", number)
        monkeypatch.setattr(dhcp_talk, "CLIENT_PORT", number)
        return number

    def test_by_port_68(self, here, monkeypatch, port):
        monkeypatch.setattr(dhcp_talk, "can_raw", lambda: False)
        monkeypatch.setattr(
            dhcp_talk, "card", lambda name: Interface(name="lo", index=1, mac=CARD.mac, addresses=("127.0.0.1/8",))
        )
        assert isinstance(self.talk(interface="lo"), PortTalk)

    def test_port_68_that_is_taken(self, here, monkeypatch, port):
        monkeypatch.setattr(dhcp_talk, "can_raw", lambda: False)
        monkeypatch.setattr(
            dhcp_talk, "card", lambda name: Interface(name="lo", index=1, mac=CARD.mac, addresses=("127.0.0.1/8",))
        )
        with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as sock:
            sock.bind(("", port))
            with pytest.raises(
                NotChecked, match=rf"udp/{port} is needed to ask from, and .*\(pid {os.getpid()}\) holds it"
            ):
                self.talk(interface="lo")

    def test_as_a_relay_on_loopback(self, port):
        """Asks a server at 127.0.0.2 from 127.0.0.1, both at the same port."""

        async def work(sock):
            plan = planned(arch="plain", address="127.0.0.2", giaddr="127.0.0.1")
            with talking(plan, net_of()) as talk:
                question = machine(plan.variants[0], talk.mac, talk.giaddr)
                with talk.conversation(question.xid) as conversation:
                    talk.send(conversation, question)
                    heard, asker = await asyncio.to_thread(sock.recvfrom, 1000)
                    assert dhcp.decode(heard) == question
                    sock.sendto(dhcp.encode(Message(op=2, xid=question.xid, kind=2, giaddr="127.0.0.1")), asker)
                    return await conversation.next(10)

        with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as sock:
            sock.bind(("127.0.0.2", port))
            sock.settimeout(10)
            found = asyncio.run(work(sock))
        assert (found.source, found.destination) == ("127.0.0.2", "127.0.0.1")

    def test_a_relay_whose_address_is_not_here(self):
        with pytest.raises(NotChecked, match="192.0.2.77 is no address of this host"):
            self.talk(address="127.0.0.2", giaddr="192.0.2.77")


def test_a_port_that_the_kernel_refuses_and_nobody_holds():
    with pytest.raises(NotChecked, match="Permission denied; ports below 1024 need CAP_NET_BIND_SERVICE"), named(1):
        raise Obstructed(Obstacle.LOCAL, why="cannot send from eth0, 1: Permission denied")
    with pytest.raises(Obstructed, match="no such device"), named(1):
        raise Obstructed(Obstacle.LOCAL, why="cannot send from eth0, 1: no such device")
    with pytest.raises(Obstructed, match="reset"), named(1):
        raise Obstructed(Obstacle.RESET)


def test_first4():
    assert first4(CARD) == "10.0.0.7"
    assert first4(Interface(name="x", index=1, mac=CARD.mac, addresses=("fe80::1/64",))) == ""
