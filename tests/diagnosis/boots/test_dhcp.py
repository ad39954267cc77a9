"""Steps `dhcp` and `proxydhcp` over IPv4."""

import pytest
from msgspec.structs import replace

from bellrock.diagnosis.boots.dhcp import boot_file, firmware_of, steps
from bellrock.diagnosis.boots.series import by_client
from bellrock.diagnosis.dhcp_story import exchanges
from bellrock.wire import dhcp_options as option
from tests.diagnosis.boots.test_part import part
from tests.diagnosis.wires import (
    NODE,
    NODE_IP,
    POINT,
    RACK_IP,
    ROUTER_IP,
    STRANGER_IP,
    ack,
    arp_answers,
    arp_asks,
    asked,
    decline,
    discover,
    leased,
    listed,
    nak,
    offer,
    request,
    transfer,
    wire,
)  # fmt: skip

PLAIN = {option.WANTED: bytes((1, 3, 6))}
ARCH = "arch 7 (UEFI x64)"
FILE = f"{NODE_IP} from {RACK_IP}, boot file bootx64.efi at {RACK_IP}"
NO_FILE = {"file": b"", "siaddr": "0.0.0.0"}
PROXY = {
    "address": "0.0.0.0",
    "server": STRANGER_IP,
    "options": {option.SERVER_ID: listed(STRANGER_IP), option.VENDOR_CLASS: b"PXEClient"},
}


def series(*things):
    return by_client(exchanges(wire(*things))).get(NODE, ())


def told(*things, **more):
    return [(one.step, one.outcome, one.what) for one in steps(part(*things, **more), series(*things))]


def only(*things, **more):
    (one,) = told(*things, **more)
    return one[1:]


def test_an_address_and_a_boot_file():
    assert only(leased(1)) == ("worked", f"{FILE}, {ARCH}")
    url = {"file": b"http://10.0.0.2/boot.efi"}
    assert only(leased(1, **url))[1].startswith(f"{NODE_IP} from {RACK_IP}, boot file http://10.0.0.2/boot.efi, arch")
    assert only(leased(1, file=b"x", siaddr="0.0.0.0")) == ("worked", f"{NODE_IP} from {RACK_IP}, boot file x, {ARCH}")


def test_firmware_needs_a_boot_file_and_others_do_not():
    assert only(leased(1, **NO_FILE)) == ("failed", f"{NODE_IP} from {RACK_IP}, and nobody told it a boot file, {ARCH}")
    plain = discover(1, options=PLAIN), offer(1.01, **NO_FILE), request(1.02, options=PLAIN), ack(1.03, **NO_FILE)
    assert only(plain) == ("worked", f"{NODE_IP} from {RACK_IP}")
    menu = {**PROXY["options"], option.VENDOR: b"\6\1\x08", option.SERVER_ID: listed(RACK_IP)}
    assert only(leased(1, file=b"", options=menu)) == ("worked", f"{NODE_IP} from {RACK_IP}, {ARCH}")


def test_what_took_several_tries_is_slow():
    assert only(discover(1), discover(5), leased(13)) == ("slow", f"{FILE}, after 3 tries, {ARCH}")
    assert only(discover(1), offer(7), request(7.1), ack(7.2))[0] == "slow"
    assert only(leased(1)[:3], nak(1.03), leased(3, xid=5)) == ("slow", f"{FILE}, after 1 NAK, after 2 tries, {ARCH}")


def test_firmware_that_collects_offers_is_not_kept_waiting():
    """EDK II takes none before its first timeout of 4 s is over."""
    assert only(discover(1), offer(1.01), request(5.95), ack(5.96)) == ("worked", f"{FILE}, {ARCH}")
    assert only(discover(1), offer(1.01), request(2), ack(6.1))[0] == "slow"
    assert only(discover(1), ack(1.2)) == ("worked", f"{FILE}, {ARCH}")


def test_a_relay_is_named():
    assert only(leased(1), discover(1.001, giaddr="10.1.0.1", point="router-1/eth1")) == (
        "worked", f"{FILE}, through relay 10.1.0.1, {ARCH}"
    )  # fmt: skip


def test_refusals():
    assert only(leased(1)[:3], nak(1.03, text=b"wrong network")) == (
        "failed",
        f"{RACK_IP} refused it (NAK: wrong network), {ARCH}",
    )
    assert only(leased(1)[:3], nak(1.03)) == ("failed", f"{RACK_IP} refused it (NAK), {ARCH}")
    assert only(leased(1), decline(1.1)) == (
        "failed",
        f"the client declined {NODE_IP}: somebody else answers there, {ARCH}",
    )


def test_a_refusal_that_comes_after_the_address_is_none():
    first, second, third, fourth = leased(1)
    assert only(first, second, third, fourth, nak(1.04, server=STRANGER_IP))[0] == "worked"
    assert only(first, second, third, nak(1.025, server=STRANGER_IP), fourth)[0] == "failed"
    assert only(discover(1), nak(1.03), request(5), request(5.5))[0] == "failed"


def test_no_offer():
    assert only(discover(1), discover(5)) == ("unanswered", f"no offer, after 2 tries, {ARCH}")
    assert only(discover(1)) == ("not-seen", f"no offer was to be seen here, {ARCH}")
    assert only(discover(1, broadcast=True)) == ("unanswered", f"no offer, {ARCH}")
    assert only(discover(58, broadcast=True))[0] == "not-seen"
    assert only(discover(1), arp_answers(2), arp_answers(3, ROUTER_IP))[0] == "unanswered"


def test_an_offer_that_is_not_taken():
    assert only(discover(1), offer(1.01)) == (
        "failed",
        f"{RACK_IP} offers {NODE_IP}, and the client does not take it, {ARCH}",
    )
    assert only(discover(58), offer(58.01))[0] == "not-seen"
    assert only(discover(50), offer(50.01), discover(54), offer(54.01))[0] == "failed"
    alone = wire(discover(30), offer(1, xid=99))
    ((_, outcome, what), _) = [
        (one.step, one.outcome, one.what) for one in steps(part(discover(30)), series(*alone.packets))
    ]
    assert (outcome, what) == ("not-seen", f"{RACK_IP} offers {NODE_IP}, and the client does not take it")


def test_a_request_without_answer():
    both = discover(1), request(1.02), request(5)
    assert only(both) == ("unanswered", f"asked {RACK_IP} for {NODE_IP} 2 times, no answer, {ARCH}")
    assert only(both[:2]) == (
        "not-seen",
        f"asked {RACK_IP} for {NODE_IP} 1 time, no answer was to be seen here, {ARCH}",
    )
    again = request(1, server="", options=PLAIN | {option.REQUESTED_ADDRESS: listed(NODE_IP)})
    assert only(again) == ("not-seen", f"asked any server for {NODE_IP} 1 time, no answer was to be seen here")


@pytest.mark.parametrize("shows", [arp_asks(2), asked("x", 2), transfer(at=2)], ids=["arp", "dns", "tftp"])
def test_a_client_that_uses_the_address_has_got_it(shows):
    assert only(discover(1), request(1.02), shows) == (
        "worked", f"the client uses {NODE_IP} of {RACK_IP}; the answer does not pass here, {ARCH}"
    )  # fmt: skip


def test_what_was_there_before_shows_nothing():
    assert only(asked("x", 0.5), discover(1), request(1.02))[0] == "not-seen"
    assert only(discover(1), request(1.02, address="0.0.0.0"))[0] == "not-seen"


def test_renewals_are_no_step_unless_nobody_answers():
    asks = request(30, server="", xid=5, options=PLAIN, ciaddr=NODE_IP, source=NODE_IP, destination=RACK_IP)
    assert told(leased(1, xid=1), asks, ack(30.01, xid=5)) == told(leased(1, xid=1))
    # The point sees what comes to the client: silence is no answer.
    assert told(leased(1, xid=1), transfer(at=2), asks)[1] == (
        "dhcp",
        "unanswered",
        f"asked any server for {NODE_IP} 1 time, no answer",
    )


def test_a_proxy_that_tells_the_file_at_once():
    proxy = offer(1.01, **PROXY, file=b"pxelinux.0")
    assert told(leased(1, **NO_FILE), proxy) == [
        ("dhcp", "worked", f"{NODE_IP} from {RACK_IP}, boot file pxelinux.0 at {STRANGER_IP}, {ARCH}"),
        ("proxydhcp", "worked", f"pxelinux.0 from {STRANGER_IP}"),
    ]  # fmt: skip


def test_a_proxy_that_is_never_asked():
    proxy = offer(1.01, **PROXY, file=b"", siaddr="0.0.0.0")
    assert told(leased(1, **NO_FILE), proxy)[1] == (
        "proxydhcp", "not-seen", f"{STRANGER_IP} would tell the boot file at port 4011; nobody was seen to ask there"
    )  # fmt: skip


def test_a_proxy_that_is_asked():
    to_proxy = {"destination": STRANGER_IP, "source": NODE_IP, "ports": (68, 4011), "macs": (NODE, "52:54:00:1d:ea:d1")}
    answer = {"source": STRANGER_IP, "destination": NODE_IP, "ports": (4011, 68)}
    proxy = offer(1.01, **PROXY, file=b"", siaddr="0.0.0.0")
    begun = leased(1, **NO_FILE), proxy
    assert told(begun, request(2, server="", **to_proxy), request(3, server="", **to_proxy))[1] == (
        "proxydhcp", "unanswered", f"asked {STRANGER_IP}, port 4011, 2 times, no answer"
    )  # fmt: skip
    file = ack(2.1, **PROXY, file=b"boot.efi", **answer)
    assert told(begun, request(2, server="", **to_proxy), file)[1] == (
        "proxydhcp",
        "worked",
        f"boot.efi from {STRANGER_IP}, port 4011",
    )
    assert told(begun, request(2, server="", **to_proxy), request(2.05, server="", **to_proxy), file)[1][1] == "slow"
    empty = ack(2.1, address="0.0.0.0", server=STRANGER_IP, file=b"", siaddr="0.0.0.0", options={}, **answer)
    assert told(begun, request(2, server="", **to_proxy), empty)[1] == (
        "proxydhcp", "failed", f"an answer without a boot file from {STRANGER_IP}, port 4011"
    )  # fmt: skip


def test_the_boot_file_that_was_told():
    (one,) = series(leased(1))
    assert boot_file(one) == ("bootx64.efi", RACK_IP)
    (one,) = series(leased(1, **NO_FILE))
    assert boot_file(one) == ("", "")


def test_architectures():
    assert (firmware_of(0), firmware_of(7), firmware_of(99)) == ("BIOS", "UEFI x64", "architecture 99")


def test_one_exchange_at_two_points_is_one():
    both = leased(1), tuple(replace(one, point="node-1/eth0", at=one.at + 1_000_000) for one in leased(1))
    assert only(both) == ("worked", f"{FILE}, {ARCH}")
    assert only(discover(1), discover(1.001, point="b"))[0] == "not-seen"
    assert POINT != "b"
