"""Step `dhcp` over IPv6."""

from bellrock.diagnosis.boots.dhcp6 import series6, steps
from bellrock.wire import dhcp6
from bellrock.wire.dhcp6 import Kind
from bellrock.wire.ip import address_bytes
from tests.diagnosis.boots.test_part import part
from tests.diagnosis.wires import NODE, RACK_LL, arp_answers, ns, packet, six, wire

ARCH = (dhcp6.CLIENT_ARCH, b"\0\7")
IPXE = (dhcp6.USER_CLASS, b"\0\4iPXE")
URL = (dhcp6.BOOT_URL, b"tftp://[fd00::2]/boot.efi")
SAID = "arch 7 (UEFI x64)"


def lease(address="fd00::57"):
    return dhcp6.IA_NA, bytes(12) + dhcp6.packed([(dhcp6.IA_ADDRESS, address_bytes(address) + bytes(8))])


def refused(code):
    return dhcp6.IA_NA, bytes(12) + dhcp6.packed([(dhcp6.STATUS, code.to_bytes(2, "big"))])


def answers(kind, at, *options, **more):
    return six(kind, at, *options, answers=True, **more)


def leased(at, *options, asks=(ARCH,), transaction=0x77):
    one = {"transaction": transaction}
    return (
        six(Kind.SOLICIT, at, *asks, **one), answers(Kind.ADVERTISE, at + 0.01, lease(), *options, **one),
        six(Kind.REQUEST, at + 0.02, *asks, **one), answers(Kind.REPLY, at + 0.03, lease(), *options, **one),
    )  # fmt: skip


def series(*things):
    return series6(wire(*things).packets)


def told(*things):
    return [
        (one.stage, one.outcome, one.what.removeprefix("DHCPv6: ")) for one in steps(part(*things), series(*things))
    ]


def test_an_address_and_a_boot_file():
    assert told(leased(1, URL)) == [
        ("firmware", "worked", f"fd00::57 from {RACK_LL}, boot file tftp://[fd00::2]/boot.efi, {SAID}")
    ]
    assert told(leased(1)) == [
        ("firmware", "failed", f"fd00::57 from {RACK_LL}, and nobody told it a boot file, {SAID}")
    ]
    assert told(leased(1, asks=())) == [("", "worked", f"fd00::57 from {RACK_LL}")]
    only_settings = six(Kind.SOLICIT, 1), answers(Kind.REPLY, 1.01)
    assert told(*only_settings) == [("", "worked", f"settings from {RACK_LL}")]


def test_each_program_has_its_own():
    found = told(leased(1, URL), leased(20, URL, asks=(ARCH, IPXE), transaction=2), leased(40, asks=(), transaction=3))
    assert [one[0] for one in found] == ["firmware", "ipxe", "installer"]


def test_silence():
    assert told(six(Kind.SOLICIT, 1, ARCH), six(Kind.SOLICIT, 2, ARCH)) == [
        ("firmware", "unanswered", f"no answer, after 2 solicits, {SAID}")
    ]
    assert told(six(Kind.SOLICIT, 1, ARCH)) == [("firmware", "not-seen", f"no answer was to be seen here, {SAID}")]
    unknown = (dhcp6.CLIENT_ARCH, b"\0\x63")
    assert told(six(Kind.SOLICIT, 1, unknown))[0][2].endswith("arch 99 (architecture 99)")
    assert told(six(Kind.SOLICIT, 1, (dhcp6.CLIENT_ARCH, b"\0"))) == [("", "not-seen", "no answer was to be seen here")]


def test_retries_that_worked_are_slow():
    assert told(six(Kind.SOLICIT, 0.5, ARCH), leased(1, URL))[0][1] == "slow"
    solicit, offer, asks, reply = leased(1, URL)
    late = packet(reply.said, 9, RACK_LL, reply.destination, macs=("x", NODE), ports=(547, 546))
    assert told(solicit, offer, asks, late)[0][1] == "slow"


def test_refusals():
    assert told(six(Kind.SOLICIT, 1), answers(Kind.ADVERTISE, 1.01, refused(2))) == [
        ("", "failed", f"{RACK_LL} refused it (NoAddrsAvail)")
    ]
    assert told(six(Kind.SOLICIT, 1), answers(Kind.REPLY, 1.01, (dhcp6.STATUS, b"\0\1")))[0][1:] == (
        "failed",
        f"{RACK_LL} refused it (UnspecFail)",
    )
    damaged = dhcp6.IA_NA, bytes(12) + b"\0"
    assert told(six(Kind.SOLICIT, 1), answers(Kind.REPLY, 1.01, damaged))[0][1] == "worked"


def test_an_offer_that_comes_to_nothing():
    begun = six(Kind.SOLICIT, 1), answers(Kind.ADVERTISE, 1.01, lease())
    assert told(*begun) == [("", "not-seen", f"{RACK_LL} offers fd00::57; the client does not take it")]
    assert told(*begun, six(Kind.REQUEST, 2), six(Kind.REQUEST, 3)) == [
        ("", "unanswered", f"{RACK_LL} offers fd00::57; asked for it 2 times, no answer")
    ]
    bare = six(Kind.SOLICIT, 1), answers(Kind.ADVERTISE, 1.01)
    assert told(*bare)[0][2] == f"{RACK_LL} offers no address; the client does not take it"


def test_what_cannot_be_placed_is_left_out():
    assert told(arp_answers(0.5), answers(Kind.REPLY, 1), six(Kind.RELEASE, 2), leased(3, URL))[0][1] == "worked"


def test_series_end_with_an_answer_another_machine_type_or_a_long_silence():
    assert len(series(leased(1, URL), leased(20, URL, transaction=2))) == 2
    assert len(series(six(Kind.SOLICIT, 1, ARCH), six(Kind.SOLICIT, 2))) == 2
    assert len(series(six(Kind.SOLICIT, 1), six(Kind.SOLICIT, 70))) == 2
    assert len(series(six(Kind.REQUEST, 1), answers(Kind.REPLY, 1.1), six(Kind.REQUEST, 5))) == 2
    (one,) = series(leased(1, URL))
    assert (one.begin, one.last, one.over, one.arch) == (ns(1), ns(1.03), True, 7)


def test_a_relayed_message_is_the_same_one_at_another_point():
    asks = six(Kind.SOLICIT, 1, ARCH)
    relayed = dhcp6.Relayed(kind=12, link="fd00::1", options=((dhcp6.RELAY_MESSAGE, dhcp6.encode(asks.said)),))
    (one,) = series(asks, packet(relayed, 1.001, "fd00::1", "fd00::2", point="rack-1/eth1"))
    assert len(one.of(Kind.SOLICIT)) == 1
