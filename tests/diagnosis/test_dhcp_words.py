from bellrock.diagnosis import dhcp_words as words
from bellrock.diagnosis.dhcp_story import Told, exchanges
from tests.diagnosis.healthy_boots import GIADDR
from tests.diagnosis.wires import (
    ANY,
    NODE_IP,
    RACK,
    RACK_IP,
    ROUTER,
    discover,
    lease,
    leased,
    listed,
    offer,
    packet,
    pxe,
    request,
    wire,
)  # fmt: skip


def told(one, **more):
    it = wire(one, **more)
    return it, Told(it.packets[0], it.packets[0].said)


def test_a_message_in_a_sentence():
    assert (
        words.sentence(*told(offer(2)))
        == f"Packet 1 (2.000 s): OFFER of {NODE_IP} from {RACK_IP} ({RACK}) to 255.255.255.255."
    )
    on = discover(1, giaddr=GIADDR, source=GIADDR, destination=RACK_IP, macs=(ROUTER, RACK), vids=(10,))
    assert (
        words.sentence(*told(on))
        == f"Packet 1 (1.000 s): DISCOVER from {GIADDR} ({ROUTER}) to {RACK_IP}, relay {GIADDR} on VLAN 10."
    )
    assert (
        words.sentence(*told(request(0, macs=("", ""))))
        == f"Packet 1 (0.000 s): REQUEST for {NODE_IP} from 0.0.0.0 to 255.255.255.255."
    )
    bootp = packet(discover().said.__class__(op=1, xid=1, chaddr=b"\0" * 6), 0, ANY, ANY)
    assert words.sentence(*told(bootp)).startswith("Packet 1 (0.000 s): BOOTP from")


def test_many_are_told_by_the_first():
    it = wire([discover(at) for at in range(10)])
    said = words.sentences(it, (Told(one, one.said) for one in it.packets))
    assert (len(said), said[-1]) == (words.MAX_TOLD + 1, "4 more like these.")
    twice = wire(discover(0), discover(0.001, point="switch/p"))
    assert len(words.sentences(twice, (Told(one, one.said) for one in twice.packets))) == 1


def test_who_answers():
    assert words.told_by(told(offer())[1]) == f"{RACK_IP} ({RACK})"
    assert words.told_by(told(offer(giaddr=GIADDR))[1]) == RACK_IP


def test_boot_options_side_by_side():
    options = lease(o66=b"tftp.example", o67=b"other.efi", o150=listed("10.0.0.8"), o60=b"PXEClient")
    assert words.boot_options(told(offer(giaddr=GIADDR, options=options))[1]) == (
        "siaddr 10.0.0.2, option 66 (TFTP server) tftp.example, option 150 10.0.0.8, file bootx64.efi, option 67 (boot file) other.efi, "
        "option 60 (class) PXEClient, option 54 (server) 10.0.0.2, option 3 (router) 10.0.0.1, giaddr 10.0.20.1"
    )
    assert words.boot_options(told(offer(file=b"", siaddr=ANY, options={}))[1]) == "siaddr none, file none"


def test_the_command_that_asks_again():
    asked = [exchanges(wire(one))[0] for one in (leased(), discover(options={}), discover(options=pxe(99), vids=(20,)))]
    assert [words.probe(one) for one in asked] == [
        "bellrock probe dhcp --from eth0 -o arch=uefi-x64", "bellrock probe dhcp --from eth0",
        "bellrock probe dhcp --from eth0 -o arch=arch-99 -o vid=20",
    ]  # fmt: skip
    assert words.probe(exchanges(wire(discover(point="")))[0]).startswith("bellrock probe dhcp --from INTERFACE")
