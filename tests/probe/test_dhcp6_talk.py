"""Frames and datagrams of DHCPv6: what is sent, which answers count, and who looks for our address is told."""

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
from bellrock.model import Interface
from bellrock.probe import dhcp6_talk
from bellrock.probe.dhcp6_adverts import solicit as question_of
from bellrock.probe.dhcp6_talk import FrameTalk, PortTalk, Talk, talking
from bellrock.probe.values import NotChecked, Unexpected
from bellrock.wire import dhcp6, ip, solicit, udp
from bellrock.wire.dhcp6 import Relayed
from bellrock.wire.ethernet import EthernetFrame, Tag
from tests.probe.dhcp6_advertised import message, planned
from tests.probe.dhcp_offered import MAC, net_of

OURS = "fe80::5054:ff:fe12:3456"
CARD = Interface(name="eth0", index=3, mac="52:54:00:12:34:56", addresses=("10.0.0.7/24", f"{OURS}/64", "fd00::7/64"))
THEIRS = "52:54:00:00:00:01"


def said(conversation):
    return asyncio.run(conversation.next(0))


class Air:
    def __init__(self):
        self.sent, self.listening = [], []

    def send(self, ifindex, frame):
        self.sent.append(frame)

    @contextmanager
    def listen(self, ifindex, vid, keep, *, everything=False):
        self.listening.append((ifindex, vid, everything))
        yield

    def close(self):
        self.listening.append("closed")


def frame(packet, ethertype=0x86DD):
    return Heard(EthernetFrame(CARD.mac, THEIRS, (), ethertype, packet), clock.read().wall_ns, True)


def answered(to=OURS, transaction=7, payload=None):
    octets = dhcp6.encode(message(transaction=transaction)) if payload is None else payload
    return frame(ip.build("fe80::1", to, 64, 17, udp.build("fe80::1", to, udp.Segment(547, 546, octets))))


class TestFrames:
    def talk(self, **options):
        self.air = Air()
        plan = planned(**options)
        talk = FrameTalk(self.air, CARD, plan)
        return talk, question_of(plan.variants[0], talk.mac)

    def test_to_all_servers_from_the_address_that_the_card_makes(self):
        talk, question = self.talk(vid="10")
        with talk.conversation(question.transaction):
            talk.send(question)
        (sent,) = self.air.sent
        packet = ip.parse6(sent.payload)
        segment = udp.parse(packet)
        assert (sent.destination, sent.source, sent.tags) == ("33:33:00:01:00:02", CARD.mac, (Tag(0x8100, 10),))
        assert (packet.source, packet.destination, packet.hop_limit) == (OURS, "ff02::1:2", 1)
        assert (segment.source_port, segment.destination_port) == (546, 547)
        assert dhcp6.decode(segment.payload) == question

    def test_as_another_machine_the_frame_is_still_ours(self):
        talk, question = self.talk(mac="02:00:00:00:00:09")
        with talk.conversation(question.transaction):
            talk.send(question)
        assert self.air.sent[0].source == CARD.mac
        assert ip.parse6(self.air.sent[0].payload).source == "fe80::ff:fe00:9"

    def test_an_answer(self):
        talk, _ = self.talk()
        with talk.conversation(7) as conversation:
            talk.heard(answered())
            assert said(conversation) is None, "nothing was asked"
            conversation.asked = clock.monotonic()
            talk.heard(answered())
            found = said(conversation)
        assert (found.source, found.mac) == ("fe80::1", THEIRS)

    @pytest.mark.parametrize(
        "heard",
        [
            answered(to="fe80::9"),
            answered(transaction=8),
            answered(payload=b"no"),
            frame(b"\x60", 0x0800),
            frame(b"\x60"),
        ],
        ids=["for another", "another transaction", "garbage", "IPv4", "cut"],
    )
    def test_what_is_none(self, heard):
        talk, _ = self.talk()
        with talk.conversation(7) as conversation:
            conversation.asked = clock.monotonic()
            talk.heard(heard)
            assert said(conversation) is None

    def solicitation(self, target, source="fe80::1"):
        body = bytes((135, 0, 0, 0)) + bytes(4) + ip.address_bytes(target)
        checksum = -solicit._sum(source, "ff02::1:ff12:3456", body) % 0xFFFF
        return frame(ip.build(source, "ff02::1:ff12:3456", 255, 58, body[:2] + checksum.to_bytes(2, "big") + body[4:]))

    def test_who_looks_for_us_is_told(self):
        talk, _ = self.talk(vid="10")
        talk.heard(self.solicitation(OURS))
        (sent,) = self.air.sent
        assert (sent.destination, sent.tags) == (THEIRS, (Tag(0x8100, 10),))
        assert bytes(sent.payload) == solicit.advertisement(OURS, CARD.mac, "fe80::1")

    @pytest.mark.parametrize(
        ("target", "source"),
        [("fe80::9", "fe80::1"), (OURS, "::")],
        ids=["another's address", "duplicate address detection"],
    )
    def test_nobody_else_is_answered_for(self, target, source):
        talk, _ = self.talk()
        talk.heard(self.solicitation(target, source))
        assert self.air.sent == []


class TestPort:
    def relay(self):
        return PortTalk(planned("fd00::1", link="fd20::1"), MAC, "fd00::7")

    def datagram(self, payload, address="fd00::1"):
        return Datagram(payload, address, 547, clock.monotonic())

    def test_a_relays_question(self):
        talk, plan = self.relay(), planned("fd00::1")
        sent = []
        talk.port = type("Port", (), {"send": lambda _, *what: sent.append(what)})()
        question = question_of(plan.variants[0], MAC)
        with talk.conversation(question.transaction):
            talk.send(question)
        ((payload, address, port),) = sent
        assert (address, port) == ("fd00::1", 547)
        wrapped = dhcp6.decode(payload)
        assert isinstance(wrapped, Relayed)
        assert (wrapped.link, wrapped.peer) == ("fd20::1", "fd00::7")

    def test_answers_and_what_is_none(self):
        talk = self.relay()
        with talk.conversation(7) as conversation:
            conversation.asked = clock.monotonic()
            talk.datagram(self.datagram(b"no", "fd00::9"))
            talk.datagram(self.datagram(dhcp6.encode(message())))
            assert said(conversation).source == "fd00::1"
            assert said(conversation) is None
            talk.datagram(self.datagram(b"no"))
            with pytest.raises(Unexpected, match="what answers at fd00::1 udp/547 is no DHCPv6 server"):
                said(conversation)

    def test_an_error_is_for_all(self):
        talk = self.relay()
        with talk.conversation(7) as conversation:
            talk.refused(b"", Obstructed(Obstacle.PORT, "fd00::1", "ICMPv6"))
            with pytest.raises(Obstructed, match="ICMPv6"):
                said(conversation)


def test_each_way_has_its_own():
    with pytest.raises(NotImplementedError):
        Talk(MAC, "", "eth0").put(message())


class TestTalking:
    @pytest.fixture
    def port(self, monkeypatch):
        with closing(socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)) as sock:
            sock.bind(("::1", 0))
            number = sock.getsockname()[1]
        monkeypatch.setattr(dhcp6_talk, "SERVER_PORT", number)
        monkeypatch.setattr(dhcp6_talk, "CLIENT_PORT", number)
        return number

    @pytest.fixture
    def here(self, monkeypatch, port):
        """A card whose name the kernel knows."""
        monkeypatch.setattr(
            dhcp6_talk, "card", lambda name: Interface(name="lo", index=1, mac=CARD.mac, addresses=CARD.addresses)
        )
        monkeypatch.setattr(dhcp6_talk, "can_raw", lambda: True)
        self.air = Air()
        monkeypatch.setattr(dhcp6_talk, "open_dhcp_taps", lambda ifindex: self.air)

    def talk(self, net=None, plan=None, **options):
        async def work():
            with talking(plan or planned(**options), net or net_of("dhcpv6")) as found:
                return found

        return asyncio.run(work())

    def test_by_port_from_the_link_local_address(self, here):
        talk = self.talk()
        assert isinstance(talk, PortTalk)
        assert (talk.address, talk.mac) == ("fd00::7", MAC)

    def test_by_frames_where_the_port_is_taken(self, here, port):
        net = net_of("dhcpv6")
        with closing(socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)) as sock:
            sock.bind(("::", port))
            assert isinstance(self.talk(net), FrameTalk)
        assert "cannot send from" in net.record.steps[0].what
        assert self.air.listening == [(1, None, True), "closed"]

    @pytest.mark.parametrize("options", [{"vid": "10"}, {"mac": "02:00:00:00:00:09"}], ids=["vlan", "mac"])
    def test_by_frames_as_another(self, here, options):
        assert isinstance(self.talk(**options), FrameTalk)

    def test_by_taps_that_the_process_was_given(self, here):
        net = net_of("dhcpv6")
        net.taps = Air()
        assert isinstance(self.talk(net, vid="10"), FrameTalk)
        assert "closed" not in net.taps.listening

    def test_frames_are_needed(self, here, monkeypatch):
        monkeypatch.setattr(dhcp6_talk, "can_raw", lambda: False)
        with pytest.raises(NotChecked, match="needs raw frames .*setcap cap_net_raw"):
            self.talk(vid="10")

    def test_a_ring_that_cannot_be_had(self, here, monkeypatch):
        def full(ifindex):
            raise LinkError("is memory short?", 12)

        monkeypatch.setattr(dhcp6_talk, "open_dhcp_taps", full)
        with pytest.raises(NotChecked, match="is memory short"):
            self.talk(vid="10")

    def test_as_a_relay_on_loopback(self, port):
        talk = self.talk(plan=planned("::1"))
        assert isinstance(talk, PortTalk)
        assert talk.address == "::1"
        assert talk.mac[0] == 2
        with closing(socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)) as sock:
            sock.bind(("::1", port))
            with pytest.raises(
                NotChecked, match=rf"udp/{port} is needed to ask from, and .*\(pid {os.getpid()}\) holds it"
            ):
                self.talk(plan=planned("::1"))

    def test_what_is_in_the_way_of_a_question_is_not_hidden(self, here):
        async def work():
            with talking(planned(), net_of("dhcpv6")):
                raise Obstructed(Obstacle.PROHIBITED, "fd00::9", "ICMPv6")

        with pytest.raises(Obstructed, match="ICMPv6"):
            asyncio.run(work())


def test_a_relay_with_a_card_asks_with_its_address(monkeypatch):
    monkeypatch.setattr(dhcp6_talk, "card", lambda name: CARD)
    assert dhcp6_talk._mac("eth0", planned("fd00::1")) == MAC
