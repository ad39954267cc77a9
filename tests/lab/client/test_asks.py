"""What a machine says of itself by DHCP, and which offers it takes."""

import pytest

from bellrock.lab.client import asks
from bellrock.wire import dhcp_options as option
from bellrock.wire.dhcp import Kind, Message

MAC = bytes.fromhex("020000000001")


def offer(**fields):
    return Message(op=2, xid=1, kind=Kind.OFFER, **({"yiaddr": "10.0.0.9"} | fields))


@pytest.mark.parametrize(
    ("stage", "arch", "named"),
    [
        ("firmware", 7, "PXEClient:Arch:00007:UNDI:003016"),
        ("firmware", 0, "PXEClient:Arch:00000:UNDI:003016"),
        ("firmware", 16, "HTTPClient:Arch:00016:UNDI:003001"),
        ("ipxe", 16, "PXEClient:Arch:00016:UNDI:003016"),
    ],
)
def test_who_boots_names_its_architecture(stage, arch, named):
    said = asks.identity(stage, arch, MAC)
    assert said[option.VENDOR_CLASS].decode() == named
    assert said[option.CLIENT_ARCH] == arch.to_bytes(2, "big")
    assert len(said[option.CLIENT_UUID]) == 17
    assert (said.get(option.USER_CLASS) == b"iPXE") == (stage == "ipxe")


def test_an_installer_is_a_linux_that_does_not_boot():
    said = asks.identity("installer", 7, MAC)
    assert said[option.VENDOR_CLASS].startswith(b"dhcpcd")
    assert option.CLIENT_ARCH not in said
    assert said[option.CLIENT_ID] == b"\x01" + MAC


@pytest.mark.parametrize(
    ("message", "stage", "arch", "why"),
    [
        (offer(file=b"bootx64.efi"), "firmware", 7, ""),
        (offer(options={option.BOOT_FILE: b"bootx64.efi\0"}), "firmware", 7, ""),
        (offer(), "firmware", 7, "it names no boot file"),
        (offer(), "ipxe", 7, "it names no boot file"),
        (offer(), "installer", 7, ""),
        (offer(yiaddr="0.0.0.0", file=b"x"), "installer", 7, "it has no address"),
        (offer(file=b"bootx64.efi"), "firmware", 16, "it has no class HTTPClient"),
        (offer(file=b"bootx64.efi", options={option.VENDOR_CLASS: b"HTTPClient"}), "firmware", 16, "it names no URL"),
        (offer(file=b"http://a/b", options={option.VENDOR_CLASS: b"HTTPClient"}), "firmware", 16, ""),
    ],
)
def test_which_offers_are_taken(message, stage, arch, why):
    assert asks.refusal(message, stage, arch) == why


def test_the_boot_server_is_siaddr_then_option_66_then_who_offers():
    server = {option.SERVER_ID: b"\x0a\0\0\1"}
    assert asks.next_server(offer(siaddr="10.0.0.2", options=server)) == "10.0.0.2"
    assert asks.next_server(offer(options=server | {option.TFTP_SERVER: b"10.0.0.3"})) == "10.0.0.3"
    assert asks.next_server(offer(options=server)) == "10.0.0.1"


def test_a_proxy_offers_no_address():
    said = {option.VENDOR_CLASS: b"PXEClient"}
    assert asks.is_proxy(offer(yiaddr="0.0.0.0", options=said))
    assert not asks.is_proxy(offer(options=said))
    assert not asks.is_proxy(offer(yiaddr="0.0.0.0"))
