"""What an agent is asked for, and its answers in their places."""

import pytest

from bellrock.cli import probetries
from bellrock.cli.endpoints import EndpointError
from bellrock.cli.output import Failure
from bellrock.cli.probetries import by_agent, tries_of
from bellrock.model import Probed, Verdict


@pytest.fixture(autouse=True)
def _names(monkeypatch):
    async def resolve(name, within):
        if name == "bad":
            raise EndpointError("name bad does not resolve: no")
        return "192.0.2.1", "2001:db8::1"

    monkeypatch.setattr(probetries, "resolve", resolve)


def tried(texts, source="rack-1", flow="ssh", name=""):
    return tries_of(flow, texts, source, {"a": "b"}, name, 2.0)


def test_every_text_has_its_tries_and_a_mistake_stops_nobody():
    one, wrong, named, unknown, link = tried(["10.0.0.2:22", "10.0.0.999", "two", "bad", "fe80::1"], "rack-1/eth0")
    assert [(each.address, each.port, each.interface, each.within, each.options) for each in one] == [
        ("10.0.0.2", 22, "eth0", 2.0, {"a": "b"})
    ]
    assert (wrong.verdict, wrong.target) == (Verdict.NOT_CHECKED, "10.0.0.999")
    assert [(each.address, each.name) for each in named] == [("192.0.2.1", "two"), ("2001:db8::1", "two")]
    assert unknown.detail == "name bad does not resolve: no"
    assert [each.address for each in link] == ["fe80::1%eth0"]


@pytest.mark.parametrize(
    ("texts", "flow", "words"),
    [
        (["10.0.0.999"], "ssh", "--to: '10.0.0.999' is no address"),
        (["bad"], "ssh", "--to: name bad does not resolve"),
        ([], "ssh", "what is ssh to be tried at"),
        ([], "dhcp", "dhcp is asked of a link; give one of the agent's, as in --from rack-1/eth0"),
    ],
    ids=["address", "name", "nothing", "link"],
)
def test_what_was_asked_wrongly(texts, flow, words):
    with pytest.raises(Failure) as caught:
        tried(texts, flow=flow)
    assert words in caught.value.format_message()


def test_a_link_is_asked_without_an_address():
    ((only,),) = tried([], "rack-1/eth0", "dhcp")
    assert (only.address, only.interface) == ("", "eth0")


def test_answers_stand_in_their_places(monkeypatch):
    tries = tried(["10.0.0.2:22", "10.0.0.999", "two"])

    def probe_from(name, asked, region_url, state_dir):
        assert (name, [one.address for one in asked]) == ("rack-1", ["10.0.0.2", "192.0.2.1", "2001:db8::1"])
        said = [Probed(flow="ssh", target=one.address, verdict=Verdict.WORKS, detail="fine") for one in asked]
        return [(said[0],), (said[1],), ()]

    monkeypatch.setattr(probetries, "probe_from", probe_from)
    first, wrong, (works, silent) = by_agent("rack-1/eth0", tries, "", None)
    assert [one.target for one in first] == ["10.0.0.2"]
    assert [one.verdict for one in wrong] == [Verdict.NOT_CHECKED]
    assert works.target == "192.0.2.1"
    assert (silent.verdict, silent.detail) == (Verdict.NOT_CHECKED, "rack-1 did not say what became of it")


def test_neither_an_interface_here_nor_an_agent(monkeypatch):
    def probe_from(*_):
        raise Failure("no agent rack-9", 1)

    monkeypatch.setattr(probetries, "probe_from", probe_from)
    with pytest.raises(
        Failure, match=r"--from rack-9: no interface of this machine \(.*\), and as an agent: no agent rack-9"
    ) as caught:
        by_agent("rack-9", tried(["10.0.0.2"], "rack-9"), "", None)
    assert caught.value.exit_code == 1
