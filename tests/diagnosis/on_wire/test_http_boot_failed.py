import pytest

from bellrock.diagnosis.on_wire import http_boot_failed as rule
from bellrock.model import Confidence
from tests.diagnosis.healthy_boots import by_http, ipxe, silent
from tests.diagnosis.wires import (
    NODE,
    NODE_IP,
    RACK_IP,
    arp_answers,
    arp_asks,
    case,
    get,
    lease,
    leased,
    pxe,
    response,
    transfer,
)

TOLD = leased(asks=pxe(16), file=b"", options=lease(o60=b"HTTPClient", o67=b"https://rack.example/bootx64.efi"))

SEEN = arp_answers(0.04)
"""Sent to the machine alone, so that what is sent to it is seen."""


def only(*things):
    (found,) = rule.find(case(*things))
    return found


def test_the_server_refuses():
    found = only(by_http(status=503, head={"reason": "Service Unavailable", "server": "nginx", "via": "1.1 squid"}))
    assert found.what == f"{RACK_IP} refuses http://{RACK_IP}/bootx64.efi to {NODE}: 503 Service Unavailable"
    assert "by nginx, on the way through 1.1 squid" in found.cause
    assert (found.address, found.flow, found.confidence) == (RACK_IP, "http-boot", Confidence.CERTAIN)


def test_ipxe_is_refused():
    *before, _reply, _talk = ipxe()
    assert "403" in only(before, response(403, 3.6)).what


def test_the_machine_never_asks():
    found = only(TOLD, SEEN)
    assert not list(rule.find(case(TOLD)))  # at a port where its own packets are not seen
    assert found.what == f"{NODE} was told to boot https://rack.example/bootx64.efi, and never asks for it"
    assert found.confidence is Confidence.POSSIBLE


def test_a_name_and_nobody_to_ask_for_it():
    url = lease(o6=None, o60=b"HTTPClient", o67=b"http://rack.example/bootx64.efi")
    found = only(leased(asks=pxe(16), file=b"", options=url), SEEN)
    assert (found.confidence, "no DNS server" in found.cause) == (Confidence.CERTAIN, True)


@pytest.mark.parametrize(
    ("things", "until"),
    [
        (by_http(status=404), 60), ((by_http(status=500), get("/x", 4, agent="UefiHttpBoot/1.0"), response(200, 4.1)), 60),
        ((TOLD, SEEN, arp_asks(1, NODE_IP)), 60), ((TOLD, SEEN), 2), (leased(), 60), (by_http(status=407), 60),
        ((leased(asks=pxe(7, "iPXE")), get("/a", 1, agent="curl"), response(500, 1.1)), 60),
    ],
    ids=["of another rule", "given in the end", "it speaks", "too early", "by TFTP", "wants a password", "not who boots"],
)  # fmt: skip
def test_what_is_none(things, until):
    assert not list(rule.find(case(things, until=until)))


def test_it_is_told_once_and_healthy_wires():
    assert len(list(rule.find(case(by_http(status=503), by_http(10, status=503, xid=10))))) == 1
    assert silent(rule) == {}


SQUASH = (get("/images/root.squashfs", 5, agent="curl/8.5.0"), response(500, 5.1))


@pytest.mark.parametrize(
    "things",
    [SQUASH, (get("/grub/custom", 4, agent="GRUB 2.06"), response(403, 4.1)), (get("/boot-initrd", 4), response(503, 4.1))],
    ids=["curl", "GRUB", "nameless"],
)  # fmt: skip
def test_what_is_fetched_after_the_boot_loader(things):
    found = only(leased(), transfer(), things)
    assert (found.client, found.address, found.flow) == (NODE, RACK_IP, "http-boot")


@pytest.mark.parametrize(
    "things",
    [
        (leased(), SQUASH, get("/x", 6, agent="curl/8.5.0"), response(200, 6.1)),
        (leased(), SQUASH, transfer("root.squashfs", 7)),
        (leased(), get("/images/root.squashfs", 5, agent="curl/8.5.0"), response(416, 5.1)),
        (leased(), get("/report", 5, agent="curl/8.5.0"), response(500, 5.1)),
        (leased(asks={}), SQUASH),
    ],
    ids=["it goes on", "by TFTP then", "whole already", "no image", "who does not boot"],
)  # fmt: skip
def test_what_is_no_end_of_a_boot(things):
    assert not list(rule.find(case(things)))
