"""Listening and soliciting by hand, between two interfaces that are cabled to each other."""

import json
import os
import time

import pytest
from msgspec import structs

from bellrock.agent.network import UdpNetwork
from bellrock.beacon import Arrival, Refusal
from bellrock.cli import ear as module
from bellrock.cli.ear import as_document, as_sentence, open_ear
from bellrock.cli.output import Failure
from bellrock.link.device import LinkError
from bellrock.wire.keys import Keyring, derive, parse_secret
from tests.link.namespaces import network_namespace, until

RING = Keyring((derive(parse_secret("00112233445566778899aabbccddeeff")),))
OTHER = Keyring((derive(parse_secret("ffeeddccbbaa99887766554433221100")),))


@pytest.fixture
def net():
    with network_namespace() as inside:
        inside.veth()
        yield inside


def first(ear, seconds=5.0):
    """The first thing heard."""
    return next(ear.listen(seconds), None)


def as_json(item):
    return json.loads(json.dumps(as_document(item)))


@pytest.mark.lab
@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("vid", [None, 20])
def test_what_one_sends_the_other_hears(net, version, vid):
    with open_ear(RING, "blk-b") as there, open_ear(RING, "blk-a") as here:
        sent = here.solicit("blk-a", vid, version)
        heard = first(there)
        assert isinstance(heard, Arrival)
        assert heard.beacon.id == sent
        told = as_json(heard)
        assert (told["interface"], told["vid"], told["type"], told["multicast"]) == ("blk-b", vid, "solicitation", True)
        assert told["beacon"]["version"] == version
        sentence = as_sentence(heard)
        assert f"blk-b{'' if vid is None else '.20'}  solicitation v{version} from " in sentence
        assert sentence.endswith(f"/blk-a ({heard.source_ip})")
        assert list(here.listen(0.1)) == []  # not its own


@pytest.mark.lab
def test_with_an_address_it_is_sent_by_ipv4_too(net):
    net.ip("addr add 10.0.0.1/24 dev blk-a")
    net.ip("addr add fe80::1/64 dev blk-a nodad")
    with open_ear(RING, "blk-b") as there, open_ear(RING, "blk-a") as here:
        ids = here.solicit("blk-a", None, 2).split(" and ")
        heard = [item for item, _ in zip(there.listen(5.0), ids, strict=False)]
    assert [item.beacon.id for item in heard] == ids
    assert [item.source_ip for item in heard] == ["10.0.0.1", "fe80::1"]


@pytest.mark.lab
def test_another_secret_is_a_refusal_with_its_reason(net):
    with open_ear(OTHER, None) as there, open_ear(RING, "blk-a") as here:
        assert there.where == "2 interfaces"
        here.solicit("blk-a", None, 2)
        heard = first(there)
    assert isinstance(heard, Refusal)
    told = as_json(heard)
    assert (told["interface"], told["refused"]) == ("blk-b", "wrong-secret")
    assert ": wrong-secret: " in as_sentence(heard)


@pytest.mark.lab
def test_only_what_acknowledges_is_an_answer(net):
    with open_ear(RING, "blk-b") as there, open_ear(OTHER, "blk-b") as deaf, open_ear(RING, "blk-a") as here:
        here.solicit("blk-a", None, 2)
        heard, refused = first(there), first(deaf)
    assert not here.is_answer(heard)
    assert not here.is_answer(refused)
    beacon = heard.beacon
    for changes in (
        {"extension": structs.replace(beacon.extension, acks=("other", beacon.id))},
        {"extension": None, "acks": beacon.id},
    ):
        answer = structs.replace(heard, beacon=structs.replace(beacon, **changes))
        assert here.is_answer(answer)
        assert not there.is_answer(answer)
        assert "acknowledges" in as_sentence(answer)


@pytest.mark.lab
def test_silence_ends_when_it_should(net):
    with open_ear(RING, "blk-a") as ear:
        begin = time.monotonic()
        assert list(ear.listen(0.2)) == []
        assert time.monotonic() - begin >= 0.2


@pytest.mark.lab
def test_where_nothing_can_be_sent_the_reason_is_said(net):
    net.ip("link set blk-b down")
    net.ip("link add blk-c type veth peer name blk-d")
    with open_ear(RING, None) as ear:
        with pytest.raises(Failure, match="blk-a has no carrier"):
            ear.solicit("blk-a", None, 2)
        with pytest.raises(Failure, match="blk-b is down, so nothing can be sent; `ip link set blk-b up`") as caught:
            ear.solicit("blk-b", None, 2)
    assert caught.value.exit_code == 3


@pytest.mark.lab
def test_an_interface_that_goes_meanwhile_is_said(net):
    with open_ear(RING, "blk-a") as ear:
        net.ip("link del blk-a")
        with pytest.raises(Failure, match="nothing could be sent on blk-a: E"):
            ear.solicit("blk-a", None, 2)


@pytest.mark.lab
def test_an_interface_that_is_not_there_is_named_with_those_that_are(net):
    with (
        pytest.raises(Failure, match="no Ethernet interface 'nope' here; there are blk-a, blk-b"),
        open_ear(RING, "nope"),
    ):
        pass


@pytest.mark.lab
def test_without_raw_frames_it_says_so(net, monkeypatch):
    net.ip("addr add 10.0.0.1/24 dev blk-a")
    monkeypatch.setattr(module, "open_network", lambda *, udp_only: UdpNetwork())
    with open_ear(RING, "blk-a") as ear:
        assert "by UDP sockets only" in ear.where
        with pytest.raises(Failure, match="--vid needs raw frames, .* setcap cap_net_raw"):
            ear.solicit("blk-a", 20, 2)

        def sent():
            try:
                return ear.solicit("blk-a", None, 2)
            except Failure:  # until IPv6 has found that nobody else has its address
                return None

        until(sent, "a beacon sent by UDP")


def test_a_kernel_that_forbids_all_of_it_is_one_line(monkeypatch):
    def refuse():
        raise LinkError("netlink cannot be opened: the kernel forbids it")

    monkeypatch.setattr(module, "LinkMonitor", refuse)
    with pytest.raises(Failure, match="the kernel forbids it") as caught, open_ear(RING, None):
        pass
    assert caught.value.exit_code == 3


@pytest.mark.lab
def test_nothing_stays_open(net):
    before = len(os.listdir("/proc/self/fd"))
    with open_ear(RING, None):
        assert len(os.listdir("/proc/self/fd")) > before
    with pytest.raises(Failure), open_ear(RING, "nope"):
        pass
    assert len(os.listdir("/proc/self/fd")) == before
