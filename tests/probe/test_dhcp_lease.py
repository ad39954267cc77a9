"""A lease taken and given back, from scripted answers."""

import asyncio

import pytest

from bellrock.model import Verdict
from bellrock.probe import dhcp_lease
from bellrock.probe.dhcp import gather
from bellrock.probe.dhcp_lease import lease, release, request
from bellrock.probe.dhcp_plan import another
from bellrock.probe.dhcp_talk import LinkTalk
from bellrock.wire import dhcp_options as option
from bellrock.wire.dhcp import Kind
from bellrock.wire.ethernet import mac_text
from tests.probe.dhcp_offered import MAC, Script, four, net_of, offer, planned


def leased(answers, talk=None, **options):
    plan, talk = planned(arch="plain", window="0.02", lease="yes", **options), talk or Script(answers)
    talk.answers = answers
    return asyncio.run(lease(plan, talk, gather, net_of(within=0.8))), talk


def answering(kind, **fields):
    """Offers, then answers a request in this way."""

    def answers(message):
        return {Kind.DISCOVER: [offer()], Kind.REQUEST: [offer(kind=Kind.OFFER), offer(kind=kind, **fields)]}.get(
            message.kind, []
        )

    return answers


def test_taken_and_given_back():
    found, talk = leased(answering(Kind.ACK))
    assert found.verdict is Verdict.WORKS
    assert found.facts["lease_time_s"] == 3600
    discover, asked, given = talk.sent
    assert (discover.kind, asked.kind, given.kind) == (Kind.DISCOVER, Kind.REQUEST, Kind.RELEASE)
    assert discover.xid == asked.xid == given.xid
    assert (asked.options[option.REQUESTED_ADDRESS], asked.options[option.SERVER_ID], asked.ciaddr) == (
        four("10.0.0.100"),
        four("10.0.0.1"),
        "0.0.0.0",
    )
    assert (given.ciaddr, given.broadcast, set(given.options)) == ("10.0.0.100", False, {option.SERVER_ID})


def test_never_under_an_address_of_this_hosts():
    """What the interface itself has leased would be offered, and be free for others after the release."""
    found, talk = leased(answering(Kind.ACK))
    assert {message.chaddr for message in talk.sent} == {another(MAC, "lease")} != {MAC}
    assert found.facts["asked_as"] == mac_text(another(MAC, "lease"))
    _, again = leased(answering(Kind.ACK))
    assert again.sent[0].chaddr == talk.sent[0].chaddr, "each run with a new one would hold one more address"


def test_an_address_that_this_host_has_is_not_taken():
    found, talk = leased(lambda _: [offer("127.0.0.1")])
    assert found.verdict is Verdict.DEGRADED
    assert (
        "offers 127.0.0.1 to a machine that it does not know, and this host has that address: it was not taken"
        in found.detail
    )
    assert [message.kind for message in talk.sent] == [Kind.DISCOVER]


def test_refused():
    found, talk = leased(answering(Kind.NAK, more={option.TEXT: b"address not available"}))
    assert found.verdict is Verdict.DEGRADED
    assert "offers 10.0.0.100 and then refuses it (DHCPNAK): address not available" in found.detail
    assert talk.sent[-1].kind is Kind.REQUEST


def test_not_answered(monkeypatch):
    monkeypatch.setattr(dhcp_lease, "PATIENCE", 0.02)
    found, _ = leased(lambda message: [offer()] if message.kind is Kind.DISCOVER else [])
    assert found.verdict is Verdict.DEGRADED
    assert "does not answer the request for it" in found.detail


@pytest.mark.parametrize(
    "answers", [lambda _: [offer(server="10.0.0.9")], lambda _: [offer("0.0.0.0")], lambda _: [offer(without=(54,))]],
    ids=["a stranger", "no address", "no identifier"],
)  # fmt: skip
def test_nothing_is_taken_from_those_who_should_not_give(answers):
    found, talk = leased(answers, servers="10.0.0.1")
    assert found.verdict is Verdict.FILTERED
    assert {message.kind for message in talk.sent} == {Kind.DISCOVER}


def test_by_frames_the_release_goes_back_the_way_the_acknowledgement_came():
    class Frames(Script, LinkTalk):
        def send_to(self, conversation, message, source, destination, mac):
            self.way = (message.kind, source, destination, mac)
            return 300

    talk = Frames(None)
    found, _ = leased(answering(Kind.ACK, mac="52:54:00:00:00:99"), talk)
    assert found.verdict is Verdict.WORKS
    assert talk.way == (Kind.RELEASE, "10.0.0.100", "10.0.0.1", "52:54:00:00:00:99")


def test_messages():
    variant = planned(arch="bios").variants[0]
    assert request(variant, offer(), MAC).chaddr == MAC
    assert release(variant, offer(), MAC).chaddr == MAC
