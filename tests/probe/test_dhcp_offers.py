"""What is wrong with offers, as a table; and what a machine makes of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.model import Monotonic
from bellrock.probe.dhcp_offers import Offer, booting, complaints, first_of_each, gateway, network, sentence, told
from bellrock.wire import dhcp_options as option
from bellrock.wire.dhcp import Message
from tests.probe.dhcp_offered import four, offer, planned, proxy


def faults(offers, arch="plain", **options):
    found = planned(arch=arch, **options)
    return complaints(found, found.variants[0], offers)


PXE = {"siaddr": "10.0.0.1", "file": b"pxelinux.0"}
HTTP = {option.BOOT_FILE: b"http://10.0.0.1/x.efi", option.VENDOR_CLASS: b"HTTPClient"}

FINE = [
    ("plain", [offer()], {}),
    ("bios", [offer(**PXE)], {}),
    ("bios", [offer(more={option.BOOT_FILE: b"pxelinux.0\0", option.TFTP_SERVER: b"10.0.0.1"})], {}),
    (
        "bios",
        [offer(more={option.BOOT_FILE: b"pxelinux.0", option.TFTP_SERVER: b"boot.example"}, siaddr="10.0.0.1")],
        {},
    ),
    ("bios", [offer(more={option.BOOT_FILE: b"tftp://10.0.0.1/pxelinux.0"})], {}),
    ("bios", [offer(), proxy(siaddr="10.0.0.2")], {}),
    ("bios", [offer(**PXE)], {"rack": "10.0.0.1,10.0.0.9"}),
    ("bios", [offer(more={option.BOOT_FILE: b"x", option.TFTP_SERVER: b"boot.example"})], {"rack": "10.0.0.9"}),
    ("bios", [offer(file=b"x", siaddr="10.9.0.1")], {}),
    (
        "bios",
        [offer(file=b"x", siaddr="10.9.0.1", without=(option.ROUTERS,), more={option.CLASSLESS_ROUTES: b"\0" * 5})],
        {},
    ),
    ("uefi-x64-http", [offer(more=HTTP)], {}),
    ("plain", [offer(), offer("10.0.0.101", "10.0.0.2")], {"servers": "10.0.0.1,10.0.0.2"}),
    ("plain", [offer(), offer("10.0.0.101", "10.0.0.2")], {}),
]


@pytest.mark.parametrize(("arch", "offers", "options"), FINE, ids=[str(number) for number in range(len(FINE))])
def test_nothing_is_wrong(arch, offers, options):
    assert faults(offers, arch, **options) == []


WRONG = [
    ("a rogue", "plain", [offer(), offer("10.0.0.101", "10.0.0.9", mac="")], {"servers": "10.0.0.1"},
     "10.0.0.9 offers 10.0.0.101, and is not one of the servers that should (10.0.0.1)"),
    ("two servers", "plain", [offer(), offer("10.0.0.101", "10.0.0.9", router="10.0.0.9")], {}, "2 servers offer addresses"),
    ("two servers, other DNS", "plain", [offer(), offer("10.0.0.101", "10.0.0.9", more={option.DNS_SERVERS: four("10.0.0.9")})], {}, "with different subnets, routers or DNS servers"),
    ("one address twice", "plain", [offer(), offer(server="10.0.0.9")], {}, "10.0.0.100 is offered by 10.0.0.1 (52:54:00:00:00:01) and by 10.0.0.9"),
    ("no server id", "plain", [offer(without=(option.SERVER_ID,))], {}, "has no server identifier (option 54)"),
    ("no lease time", "plain", [offer(without=(option.LEASE_TIME,))], {}, "has no lease time (option 51)"),
    ("no mask", "plain", [offer(without=(option.NETMASK,))], {}, "has no usable subnet mask (option 1)"),
    ("a mask with holes", "plain", [offer(mask="255.0.255.0")], {}, "has no usable subnet mask"),
    ("a router elsewhere", "plain", [offer(router="10.9.0.1")], {}, "offers 10.0.0.100/24 with the router 10.9.0.1, which is outside of it"),
    ("no boot file", "bios", [offer()], {}, "no offer names a boot file for bios (architecture 0)"),
    ("a file and no server", "bios", [offer(file=b"x")], {}, "names the boot file 'x' and no server to fetch it from"),
    ("two boot servers, case 20", "bios", [offer(more={option.TFTP_SERVER: b"10.0.0.9"}, **PXE)], {}, "names two boot servers, 10.0.0.1 by siaddr and 10.0.0.9"),
    ("two boot files", "bios", [offer(more={option.BOOT_FILE: b"other"}, **PXE)], {}, "names two boot files, 'pxelinux.0' in its header and 'other' by option 67"),
    ("not the rack, case 20", "bios", [offer(**PXE)], {"rack": "10.0.0.9"}, "fetched from 10.0.0.1, which is not the rack (10.0.0.9)"),
    ("out of reach, case 10", "bios", [offer(file=b"x", siaddr="10.9.0.1", without=(option.ROUTERS,))], {}, "the boot server 10.9.0.1 is outside 10.0.0.0/24"),
    ("a TFTP name for HTTP, case 18", "uefi-x64-http", [offer(**PXE)], {}, "was answered with a TFTP file name, 'pxelinux.0'; UEFI HTTP boot needs a URL"),
    ("no class", "uefi-x64-http", [offer(more={option.BOOT_FILE: b"http://10.0.0.1/x"})], {}, "without class HTTPClient (option 60)"),
    ("ftp", "uefi-x64-http", [offer(more=HTTP | {option.BOOT_FILE: b"ftp://10.0.0.1/x"})], {}, "which is neither http nor https"),
    ("a URL for PXE", "bios", [offer(more=HTTP)], {}, "its PXE firmware fetches by TFTP only"),
    ("giaddr lost", "plain", [offer()], {"address": "10.0.0.1"}, "answers without giaddr"),
    ("broadcast, case 9", "plain", [offer(giaddr="10.2.0.1")], {"address": "10.0.0.1"}, "carries giaddr 10.2.0.1, but went to 255.255.255.255"),
    ("to the client's port", "plain", [offer(giaddr="10.2.0.1", destination="10.2.0.1")], {"address": "10.0.0.1"}, "came to port 68; a relay waits on port 67"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("arch", "offers", "options", "words"), [row[1:] for row in WRONG], ids=[row[0].replace(" ", "-") for row in WRONG]
)
def test_what_is_wrong_is_told(arch, offers, options, words):
    found = faults(offers, arch, **options)
    assert any(words in fault for fault in found), found


def test_what_a_relay_gets_right():
    assert faults([offer(giaddr="10.2.0.1", destination="10.2.0.1", port=67)], address="10.0.0.1") == []


def test_a_proxy_comes_before_others_in_booting():
    plain, proxied = offer(**PXE), proxy(siaddr="10.0.0.2")
    assert booting([plain, proxied]) is proxied
    assert booting([plain]) is plain
    assert booting([offer()]) is None


def test_the_menu_of_pxe():
    """PXE 2.1 §2.4: boot servers (8) as type, count, addresses; menu (9) as type, length, text."""
    listed = proxy(more={option.VENDOR: bytes.fromhex("0807 8000 01 0a000007 0907 8000 04 426f6f74 ff")})
    assert listed.menu == ("10.0.0.7", b"\x80\0")
    assert proxy(more={option.VENDOR: bytes.fromhex("0907 8000 04 426f6f74 ff")}).menu == ("10.0.0.2", b"\x80\0")
    assert proxy().menu == ("", b"")
    assert listed.boots


def test_first_of_each():
    one, again, other, proxied = offer(), offer("10.0.0.9"), offer(server="10.0.0.2"), proxy(server="10.0.0.1")
    assert first_of_each([one, again, other, proxied, other]) == [one, other, proxied]


def test_without_a_server_identifier_the_sender_is_the_server():
    assert offer(without=(option.SERVER_ID,)).server == "10.0.0.1"


def test_a_url_that_is_none_leads_nowhere():
    assert offer(more={option.BOOT_FILE: b"http://[x/"}).boot_server == ""


def test_gateway_and_network():
    assert gateway(offer(without=(option.ROUTERS,))) == ""
    assert str(network(offer())) == "10.0.0.100/24"


@pytest.mark.parametrize("number", range(5))
@pytest.mark.parametrize("offers", [[offer()], [offer(**PXE)]], ids=["no boot", "bios alone"])
def test_nobody_named_the_machines_that_are_to_boot(offers, number):
    """A network where nothing boots, or PXE alone is served, has no fault."""
    found = planned()
    variant = found.variants[number]
    assert complaints(found, variant, offers) == []
    none = variant.http or not offers[0].boots
    assert (f"and no boot file for {variant.name}" in sentence(variant, offers)) is none


SENTENCES = [
    ("plain", [offer(), offer("10.0.0.101", "10.0.0.9")], "", "10.0.0.1 offers 10.0.0.100 and 10.0.0.9 offers 10.0.0.101"),
    ("plain", [offer()], "", "10.0.0.1 offers 10.0.0.100"),
    ("bios", [offer(**PXE)], "", "10.0.0.1 offers 10.0.0.100, and names tftp://10.0.0.1/pxelinux.0 for bios"),
    ("bios", [offer(giaddr="10.2.0.1", **PXE)], "", "10.0.0.1 offers 10.0.0.100 by way of relay 10.2.0.1, and names tftp://10.0.0.1/pxelinux.0 for bios"),
    ("uefi-x64-http", [offer(more=HTTP)], "", "10.0.0.1 offers 10.0.0.100, and names http://10.0.0.1/x.efi for uefi-x64-http"),
    ("bios", [offer(), proxy()], "", "10.0.0.1 offers 10.0.0.100, and names port 4011 to ask for bios (10.0.0.2, proxyDHCP)"),
    ("bios", [proxy()], "tftp://10.0.0.2/x", "no address is offered, and names tftp://10.0.0.2/x for bios (10.0.0.2, proxyDHCP)"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("arch", "offers", "named", "words"), SENTENCES, ids=[str(number) for number in range(len(SENTENCES))]
)
def test_sentence(arch, offers, named, words):
    assert sentence(planned(arch=arch).variants[0], offers, named) == words


def test_told():
    assert told(offer()) == "10.0.0.1 (52:54:00:00:00:01)"
    assert told(offer(mac="")) == "10.0.0.1"


def test_facts_are_side_by_side():
    facts = offer(giaddr="10.2.0.1", more={option.TFTP_SERVER: b"rack"}, **PXE).facts()
    assert facts["relay"] == "10.2.0.1"
    assert (facts["siaddr"], facts["tftp_server_name"], facts["file"], facts["bootfile_name"]) == (
        "10.0.0.1",
        "rack",
        "pxelinux.0",
        "",
    )
    assert facts["options"]["lease-time"] == 3600
    assert facts["after_ms"] == 10.0


addresses = st.integers(0, 2**32 - 1).map(lambda n: ".".join(map(str, n.to_bytes(4, "big"))))
known = st.sampled_from((1, 3, 6, 43, 51, 54, 60, 66, 67, 121))
values = st.binary(max_size=24) | st.sampled_from(
    (b"HTTPClient", b"PXEClient", b"http://[x/", b"tftp://10.0.0.1/x", b"10.0.0.1", four("10.0.0.1"))
)
offers = st.builds(
    lambda options, yiaddr, siaddr, giaddr, file: Offer(
        message=Message(op=2, xid=1, kind=2, yiaddr=yiaddr, siaddr=siaddr, giaddr=giaddr, file=file, options=options),
        source="10.0.0.1", at=Monotonic(1.0), after=0.0,
    ),
    st.dictionaries(known, values), addresses, addresses, addresses, values,
)  # fmt: skip


@given(
    st.lists(offers, min_size=1, max_size=4),
    st.sampled_from(("plain", "bios", "uefi-x64-http")),
    st.sampled_from(("", "10.0.0.1")),
)
def test_whatever_servers_offer_can_be_judged_and_told(found, arch, address):
    plan = planned(arch=arch, address=address)
    for fault in complaints(plan, plan.variants[0], found):
        assert fault.isprintable()
    assert sentence(plan.variants[0], found).isprintable()
    assert all(one.facts() and isinstance(one.menu, tuple) for one in found)
