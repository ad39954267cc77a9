"""Real firmware boots from real servers: its ladder is told right, nothing healthy is called wrong, and what users suffer is named."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from bellrock.diagnosis.packets import Request
from bellrock.wire import dhcp, dhcp6
from tests.lab.firmware import FILES, KINDS, MAC, RACK, STRANGER, Room

pytestmark = pytest.mark.lab
SIDE_BY_SIDE = 2
DROP = "add table bridge t; add chain bridge t c { type filter hook output priority 0; }; add rule bridge t c udp sport 1024-65535 drop"


def discovers(count):
    """So many times it was asked for an address."""
    return lambda wire: sum(isinstance(one.said, dhcp.Message) and one.said.op == 1 for one in wire.packets) >= count


def fetched(path):
    """The last that iPXE is to fetch was asked for and answered."""
    return lambda wire: any(isinstance(one.said, Request) and one.said.target == path for one in wire.packets[:-1])


def leased(wire):
    """It has an address."""
    return any(isinstance(one.said, dhcp.Message) and one.said.kind == dhcp.Kind.ACK for one in wire.packets)


def next_entry(wire):
    """Once a file came or was refused, firmware asks for an address again: the next entry of its boot order."""
    since = max((one.until for one in wire.transfers if one.ended in ("whole", "refused")), default=wire.last)
    return any(isinstance(one.said, dhcp.Message | dhcp6.Message) and one.at > since for one in wire.packets)


def asked_again(wire):
    """The same file was asked for a second time, and the answers of the server to that were sent again."""
    return sum(one.asked for one in wire.transfers) > 1


def boot(kind, shown, *options, interface="tap0", before=None):
    """What `bellrock diagnose --json` says of a boot with these options of the DHCP server."""

    def run():
        with Room() as room:
            room.serve(*options)
            if before:
                before(room)
            return room.captured(kind, shown, interface)

    return run


def stranger(room):
    room.dnsmasq(room.stranger, "eth0", "--dhcp-boot=pxelinux.0", host=100)


def blocked(room):
    room.rack.run("nft", DROP)


BOOTS = {
    "bios": boot("bios", fetched("/next.ipxe"), *FILES),
    "uefi": boot("uefi", fetched("/next.ipxe"), *FILES),
    "uefi-http": boot("uefi-http", fetched("/next.ipxe"), *FILES),
    "missing": boot("uefi", next_entry, *KINDS, "--dhcp-boot=tag:uefi,nothere.efi"),
    "script": boot("uefi", next_entry, *KINDS, "--dhcp-boot=tag:uefi,boot.ipxe"),
    "http-for-tftp": boot("uefi-http", discovers(2), *KINDS, "--dhcp-boot=snponly.efi"),
    "blocked": boot("uefi", asked_again, *FILES, interface="br0", before=blocked),
    "silent": boot("bios", discovers(3)),
    "two-servers": boot("bios", leased, *FILES, before=stranger),
}


@pytest.fixture(scope="module")
def told(request):
    """Boots that were asked for, as they end; two at a time."""
    items = [item for item in request.session.items if getattr(item, "module", None) is request.module]
    asked = dict.fromkeys(item.callspec.params["name"] for item in items)
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        yield {name: pool.submit(BOOTS[name]) for name in asked}
        pool.shutdown(cancel_futures=True)


def ladder(client):
    """Steps that show how far it came, and how each went."""
    aside = ("link", "arp")
    return [
        (one["step"], one["stage"], one["outcome"])
        for one in client["steps"]
        if one["packets"] and one["step"] not in aside
    ]


IPXE = [("dhcp", "ipxe", "worked"), ("http-boot", "ipxe", "worked")]
HEALTHY = {
    "bios": ("iPXE", 0, [("dhcp", "ipxe", "worked"), ("tftp", "ipxe", "worked"), ("http-boot", "ipxe", "worked")]),
    "uefi": ("UEFI x64", 7, [("dhcp", "firmware", "worked"), ("tftp", "firmware", "worked"), *IPXE]),
    "uefi-http": ("UEFI x64 HTTP", 16, [("dhcp", "firmware", "worked"), ("http-boot", "firmware", "worked"), *IPXE]),
}


@pytest.mark.parametrize("name", HEALTHY)
def test_a_healthy_boot_is_its_ladder_and_nothing_is_found(told, name):
    found = told[name].result()
    (client,) = found["clients"]
    firmware, arch, steps = HEALTHY[name]
    assert (client["mac"], client["firmware"], client["arch"]) == (MAC, firmware, arch)
    assert (ladder(client), client["stopped_at"], found["findings"]) == (steps, "", [])


FAULTS = {
    "missing": ("boot-file-missing", "tftp", MAC, RACK),
    "script": ("boot-file-wrong-architecture", "tftp", MAC, RACK),
    "http-for-tftp": ("http-boot-answered-for-tftp", "dhcp", MAC, RACK),
    "blocked": ("tftp-data-blocked", "tftp", MAC, RACK),
    "silent": ("dhcp-unanswered", "dhcp", MAC, ""),
    "two-servers": ("dhcp-two-servers", "tftp", MAC, STRANGER),
}


@pytest.mark.parametrize("name", FAULTS)
def test_what_is_wrong_is_named_and_nothing_else(told, name):
    found = told[name].result()
    (client,) = found["clients"]
    (cause,) = found["findings"]
    rule, stop, *where = FAULTS[name]
    assert (cause["id"], cause["where"]["client"], cause["where"]["address"]) == (rule, *where), found
    # Of two servers the machine takes which it likes: it boots one time, and not the next.
    assert client["stopped_at"] == stop or (name == "two-servers" and not client["stopped_at"])
    assert client.get("cause", "") in ("", cause["what"])
