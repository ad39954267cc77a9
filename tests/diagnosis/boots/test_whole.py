"""Whole boots: what concerns a client is cut into boots, each boot into steps."""

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from bellrock.diagnosis.boot import STEPS
from bellrock.diagnosis.boots import boots
from bellrock.diagnosis.packets import Echo
from bellrock.wire import dhcp6
from bellrock.wire import dhcp_options as option
from bellrock.wire.dhcp6 import Kind
from bellrock.wire.ip import address_bytes
from bellrock.wire.stp import Bpdu, PortRole
from tests.diagnosis.wires import (
    NODE,
    NODE2,
    NODE2_IP,
    NODE_IP,
    RACK,
    RACK_IP,
    ack,
    answered,
    arp_answers,
    arp_asks,
    asked,
    conversation,
    discover,
    get,
    leased,
    offer,
    packet,
    pxe,
    request,
    response,
    rrq,
    six,
    transfer,
    wire,
)  # fmt: skip

PLAIN = {option.WANTED: bytes((1, 3, 6))}


def ladder(boot):
    """Steps of which something was seen."""
    return [(one.step, one.stage, one.outcome) for one in boot.steps if one.outcome not in ("not-seen", "not-needed")]


def installs(at):
    return (
        discover(at, xid=9, options=PLAIN),
        offer(at + 0.01, xid=9),
        request(at + 0.02, xid=9, options=PLAIN),
        ack(at + 0.03, xid=9),
    )


def test_a_boot_by_tftp_is_a_ladder_from_firmware_to_installer():
    (boot,) = boots(
        wire(
            leased(1.0),
            rrq("bootx64.efi", 1.3),
            transfer(at=1.3),
            transfer("grub.cfg", 3),
            transfer("vmlinuz", 4),
            installs(20),
        )
    )
    assert (boot.mac, boot.address, boot.arch, boot.firmware, boot.stopped_at) == (NODE, NODE_IP, 7, "UEFI x64", "")
    assert ladder(boot) == [
        ("link", "", "worked"), ("dhcp", "firmware", "worked"), ("tftp", "firmware", "worked"), ("tftp", "bootloader", "worked"),
        ("dhcp", "installer", "worked"),
    ]  # fmt: skip
    assert [one.time for one in boot.steps] == sorted(one.time for one in boot.steps)
    assert f"{NODE_IP} from {RACK_IP}" in boot.steps[3].what


def solicits(at):
    """EDK II's next entry of the boot order: PXE over IPv6."""
    return six(Kind.SOLICIT, at, (dhcp6.CLIENT_ARCH, b"\0\7"))


def test_firmware_that_goes_down_its_boot_order_is_one_boot():
    """As EDK II does once it has fetched what it cannot start: PXE over IPv4, over IPv6, HTTP."""
    in_vain = solicits(1.5), solicits(2.5), solicits(5)
    http = discover(30, xid=7, options=pxe(16)), offer(30.1, xid=7), discover(34, xid=7, options=pxe(16))
    (boot,) = boots(wire(leased(1.0), transfer(at=1.3), *in_vain, *http))
    assert ladder(boot) == [
        ("link", "", "worked"), ("dhcp", "firmware", "worked"), ("tftp", "firmware", "worked"), ("dhcp", "firmware", "unanswered"),
        ("dhcp", "firmware", "failed"),
    ]  # fmt: skip
    assert (boot.arch, boot.stopped_at) == (7, "")


def test_what_failed_by_one_entry_is_where_it_stopped_unless_another_gets_further():
    refused = leased(1.0), transfer(at=1.3, ended="refused", octets=0, error="gone")
    (boot,) = boots(wire(refused, leased(1.5, xid=7, asks=pxe(16))))
    assert boot.stopped_at == "tftp"
    by_http = get("/next.efi", 2, agent="UefiHttpBoot/1.0"), response(200, 2.1), conversation(at=2)
    (boot,) = boots(wire(refused, leased(1.5, xid=7, asks=pxe(16)), by_http))
    assert boot.stopped_at == ""


def test_the_same_entry_again_is_another_boot():
    first, second = boots(wire(leased(1.0), transfer(at=1.3), solicits(1.5), leased(9, xid=7), until=12))
    assert ladder(first)[-1] == ("reboot", "", "worked")
    assert ladder(second) == [("link", "", "worked"), ("dhcp", "firmware", "worked")]


def test_firmware_after_the_installer_begins_another_boot():
    first, second = boots(wire(leased(1.0), transfer(at=1.3), installs(20), leased(40.0, xid=11), until=41))
    assert ladder(first)[-1] == ("reboot", "", "worked")
    assert ladder(second) == [("link", "", "worked"), ("dhcp", "firmware", "worked")]
    assert (first.stopped_at, second.stopped_at) == ("", "")


def test_retries_are_one_step_and_the_boot_stops_there():
    (boot,) = boots(wire(discover(1), discover(5), discover(13)))
    assert ladder(boot) == [("link", "", "worked"), ("dhcp", "firmware", "unanswered")]
    assert boot.stopped_at == "dhcp"


def test_a_long_silence_begins_another_boot_and_retries_do_not():
    assert len(boots(wire(discover(1, xid=1), discover(100, xid=2), until=120))) == 2
    assert len(boots(wire(discover(1, xid=1), discover(33, xid=2), until=120))) == 1


def test_ipxe_alone_and_machines_of_which_nothing_is_told():
    (boot,) = boots(wire(discover(1, options=pxe(7, "iPXE"))))
    assert (boot.firmware, boot.arch) == ("iPXE", 7)
    (boot,) = boots(wire(discover(1, options=PLAIN)))
    assert (boot.firmware, boot.arch) == ("", None)


def test_a_file_that_was_told_and_never_asked_for():
    sees = arp_asks(1.2), arp_answers(1.21)
    (boot,) = boots(wire(leased(1.0), sees))
    assert boot.stopped_at == "tftp"
    url = {"file": b"http://10.0.0.2/boot.efi"}
    (boot,) = boots(
        wire(discover(1, options=pxe(16)), offer(1.01, **url), request(1.02, options=pxe(16)), ack(1.03, **url), sees)
    )
    assert (boot.stopped_at, boot.firmware) == ("http-boot", "UEFI x64 HTTP")
    (boot,) = boots(wire(leased(1.0, file=b""), sees))
    assert boot.stopped_at == "dhcp"


def test_dhcpv6_tells_a_file_as_well():
    association = dhcp6.IA_NA, bytes(12) + dhcp6.packed([(dhcp6.IA_ADDRESS, address_bytes("fd00::57") + bytes(8))])
    arch, url = (dhcp6.CLIENT_ARCH, b"\0\x10"), (dhcp6.BOOT_URL, b"http://[fd00::2]/boot.efi")
    asks = six(Kind.SOLICIT, 1, arch), six(Kind.REQUEST, 1.02, arch)
    answers = [
        six(kind, at, association, url, answers=True) for kind, at in ((Kind.ADVERTISE, 1.01), (Kind.REPLY, 1.03))
    ]
    ping = packet(Echo(False, 1, 1), 2, "fd00::2", "fd00::57", macs=(RACK, NODE)), asked("a", 3, "fd00::57", "fd00::2")
    (boot,) = boots(wire(asks, answers, ping))
    assert (boot.address, boot.arch, boot.firmware) == ("fd00::57", 16, "UEFI x64 HTTP")
    assert ladder(boot)[:2] == [("link", "", "worked"), ("dhcp", "firmware", "worked")]


def test_the_address_is_the_last_that_was_given_else_the_one_it_used():
    (boot,) = boots(wire(leased(1.0), leased(3.0, xid=4, address=NODE2_IP)))
    assert boot.address == NODE2_IP
    (boot,) = boots(wire(discover(1), request(1.02), conversation(at=2), arp_asks(1.9)))
    assert boot.address == NODE_IP
    (boot,) = boots(wire(transfer(client="10.1.0.7", client_mac="")))
    assert (boot.mac, boot.address) == ("", "10.1.0.7")
    (boot,) = boots(wire(discover(1), ack(1.1, address="0.0.0.0")))
    assert boot.address == ""


def test_what_a_switch_said_before_the_first_frame_is_of_the_first_boot():
    held = Bpdu(
        version=2, root="8000.a", bridge="8000.b", port=1, message_age=0, max_age=20, hello=2, forward_delay=15, role=PortRole.DESIGNATED,
        learning=False, forwarding=False,
    )  # fmt: skip
    (boot,) = boots(wire(packet(held, 0.5, macs=("00:16:3e:00:00:ff", "01:80:c2:00:00:00")), discover(1), discover(5)))
    assert ladder(boot) == [("spanning-tree", "", "failed"), ("link", "", "worked"), ("dhcp", "firmware", "unanswered")]
    assert boot.stopped_at == "spanning-tree"


THINGS = st.lists(
    st.one_of(
        st.builds(lambda at, xid: discover(at, xid=xid), st.floats(0, 50), st.integers(1, 3)),
        st.builds(lambda at, xid: discover(at, xid=xid, options=PLAIN), st.floats(0, 50), st.integers(1, 3)),
        st.builds(lambda at, xid: leased(at, xid=xid), st.floats(0, 50), st.integers(1, 3)),
        st.builds(lambda at, xid: leased(at, NODE2, NODE2_IP, xid=xid), st.floats(0, 50), st.integers(4, 6)),
        st.builds(arp_asks, st.floats(0, 50)), st.builds(arp_answers, st.floats(0, 50)), st.builds(lambda at: asked("a.example", at), st.floats(0, 50)),
        st.builds(lambda at: answered("a.example", at), st.floats(0, 50)),
        st.builds(lambda at, end: transfer(at=at, ended=end), st.floats(0, 50), st.sampled_from(["whole", "refused", "silent", "open", "aborted"])),
        st.builds(lambda at, end: conversation(at=at, flow="http-boot", ended=end), st.floats(0, 50), st.sampled_from(["open", "closed", "reset"])),
    ),
    max_size=14,
)  # fmt: skip


def flat(things):
    return [one for thing in things for one in (thing if isinstance(thing, tuple) else (thing,))]


@given(THINGS)
def test_whatever_a_wire_shows_ladders_are_by_time_and_name_packets_that_there_are(things):
    given_ = wire(*things)
    numbers = {one.number for one in given_.packets} | {5, 1, 20}
    for boot in boots(given_):
        assert [one.time for one in boot.steps] == sorted(one.time for one in boot.steps)
        assert {one.step for one in boot.steps} == set(STEPS)
        assert boot.stopped_at in ("", *STEPS)
        for one in boot.steps:
            assert set(one.packets) <= numbers
            assert one.seconds >= 0
            assert bool(one.packets) or one.step == "reboot" or one.outcome in ("not-seen", "not-needed")


@given(THINGS)
def test_a_second_point_on_the_way_changes_no_ladder(things):
    once = flat(things)
    again = [
        replace(one, point="b", **({"at": one.at + 1} if hasattr(one, "at") else {"first": one.first + 1}))
        for one in once
    ]
    alone, both = boots(wire(*once)), boots(wire(*once, *again))
    assert [(one.mac, ladder(one), one.stopped_at) for one in alone] == [
        (one.mac, ladder(one), one.stopped_at) for one in both
    ]
