"""Names as an installer looks them up."""

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from bellrock.lab.client import names
from bellrock.lab.client.names import host_of, look_up
from bellrock.lab.client.settings import Settings
from bellrock.lab.client.story import BootFailed, Story
from tests.probe.peers import udp_server


def story():
    return Story(Settings(patience=0.1, tries=2), write=lambda _: None)


def answering(address="", rcode=dns.rcode.NOERROR):
    def answer(payload, say):
        question = dns.message.from_wire(payload)
        reply = dns.message.make_response(question)
        reply.set_rcode(rcode)
        if address:
            reply.answer.append(dns.rrset.from_text(question.question[0].name, 60, "IN", "A", address))
        say(reply.to_wire())

    return answer


def looked_up(monkeypatch, answer, resolvers=("127.0.0.1",)):
    with udp_server(answer) as port:
        monkeypatch.setattr(names, "PORT", port)
        return look_up("region.lab.example", resolvers, story())


def test_an_address_is_itself():
    assert look_up("fd00::1", (), story()) == "fd00::1"


def test_a_name_that_is_known(monkeypatch):
    assert looked_up(monkeypatch, answering("10.0.0.3")) == "10.0.0.3"


@pytest.mark.parametrize(
    ("answer", "resolvers", "why"),
    [
        (answering(rcode=dns.rcode.NXDOMAIN), ("127.0.0.1",), "region.lab.example: NXDOMAIN by 127.0.0.1"),
        (answering(rcode=dns.rcode.REFUSED), ("127.0.0.1",), "REFUSED"),
        (lambda *_: None, ("127.0.0.1",), "was not found: 127.0.0.1: Timeout"),
        (answering("10.0.0.3"), (), "no resolver is known"),
    ],
    ids=["unknown", "refused", "silent", "nobody"],
)
def test_a_name_that_is_not(monkeypatch, answer, resolvers, why):
    with pytest.raises(BootFailed, match=why) as stopped:
        looked_up(monkeypatch, answer, resolvers)
    assert stopped.value.step == "dns"


def test_ports_of_urls():
    assert host_of("http://a/") == ("a", 80)
    assert host_of("https://a/") == ("a", 443)
    assert host_of("http://[fd00::1]:8/") == ("fd00::1", 8)
