from bellrock.diagnosis import dhcp6_story as story
from bellrock.wire import dhcp6
from bellrock.wire.dhcp6 import Kind, Relayed
from tests.diagnosis.wires import NODE, NODE2, arp_asks, association, packet, six, wire

ARCH = (dhcp6.CLIENT_ARCH, b"\0\7")
URL = (dhcp6.BOOT_URL, b"tftp://[fd00::2]/bootx64.efi")


def only(*things, **more):
    (found,) = story.sixes(wire(*things, **more))
    return found


def test_what_was_asked_and_what_came_back():
    it = only(
        six(Kind.SOLICIT, 0, ARCH, vids=(20,)),
        six(Kind.ADVERTISE, 1, association(9), URL, answers=True),
        six(Kind.SOLICIT, 5, ARCH),
    )
    assert (it.client, len(it.solicits), len(it.answers), len(it.waiting)) == (NODE, 2, 1, 1)
    assert (it.boots, it.arch, it.url, it.vid) == (True, 7, "tftp://[fd00::2]/bootx64.efi", 20)
    assert [story.addresses(story.message(one)) for one in it.given] == [("fd00::9",)]


def test_who_boots_says_so():
    named = dhcp6.VENDOR_CLASS, dhcp6.vendor_class("HTTPClient:Arch:00016:UNDI:003001")
    assert only(six(Kind.SOLICIT, 0, named)).boots
    plain = only(six(Kind.SOLICIT), six(Kind.REPLY, 1, (dhcp6.IA_NA, b"cut"), answers=True))
    assert (plain.boots, plain.arch, plain.url, plain.vid, plain.given) == (False, None, "", None, ())


def test_other_messages_and_other_clients_are_kept_apart():
    things = six(Kind.RELEASE), arp_asks(1), six(Kind.SOLICIT, 2), six(Kind.SOLICIT, 3, client=NODE2)
    assert [one.client for one in story.sixes(wire(*things))] == [NODE, NODE2]


def test_what_a_relay_wraps_is_the_clients():
    asked = six(Kind.SOLICIT, 0, ARCH)
    wrapped = Relayed(kind=Kind.RELAY_FORWARD, options=((dhcp6.RELAY_MESSAGE, dhcp6.encode(asked.said)),))
    it = only(asked, packet(wrapped, 0.001, "fd00::1", "fd00::2", ports=(547, 547)))
    assert (len(it.solicits), story.attempts(it.solicits)) == (2, 1)
    assert story.message(arp_asks()).kind == 0


def test_how_long_is_long_enough():
    asked = [six(Kind.SOLICIT, at, ARCH) for at in (0, 1, 3)]
    it = wire(*asked, until=4)
    assert story.in_vain(only(*asked), it)
    assert not story.in_vain(only(*asked[:2]), it.__class__(points=wire(*asked[:2], until=3).points))
    assert story.in_vain(only(*asked[:2]), wire(*asked[:2], until=4))
    assert not story.in_vain(only(asked[0]), wire(asked[0], until=9))
    assert story.in_vain(only(asked[0]), wire(asked[0], until=10))
    assert not story.in_vain(only(*asked, six(Kind.ADVERTISE, 4, answers=True)), it)
