"""How a client boots: the words of `[client.NAME]` in a world, and the argument of the program."""

from typing import Literal

from msgspec import Struct

Stage = Literal["firmware", "ipxe", "installer"]


class Settings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What kind of machine it is, how patient, and what its installer is told to use.

    Times are quick, so that a scenario takes seconds. Firmware's own are `patience = 4`, `tries = 4`, `collect = 2` (PXE 2.1 §2.4.1).
    """

    interface: str = "eth0"
    arch: int = 7
    """Client system architecture (RFC 4578 §2.1 and IANA's registry): 0 BIOS, 7 UEFI x64, 11 UEFI ARM64, 16 UEFI x64 HTTP."""
    stages: tuple[Stage, ...] = ("firmware", "ipxe", "installer")
    reboot: bool = False
    """In the end it begins anew: the firmware's DHCP, and then it boots from its disk."""
    patience: float = 0.7
    """Seconds that it waits for the first answer to anything; each further try waits for twice as long, up to 4 times."""
    tries: int = 3
    collect: float = 0.15
    """Seconds after the first offer in which it takes others into account."""
    proxy_dhcp: bool = False
    """It looks for a proxyDHCP server (RFC 4578; PXE 2.1 §2.2.3), and asks it on port 4011 where the offers name no boot file."""
    blksize: int = 1468
    """That it asks for by RFC 2348; 0: it asks for none."""
    windowsize: int = 0
    """By RFC 7440; 0: it asks for none."""
    tsize: bool = True
    family: Literal[4, 6] = 4
    """6: DHCPv6, and the boot file by option 59 (RFC 5970)."""
    mac: str = ""
    """Another than its interface has, written into its packets and onto the interface."""
    address: str = ""
    """With prefix length: it takes this one, whatever DHCP says (a machine that somebody configured by hand)."""
    names: tuple[str, ...] = ()
    """That its installer looks up."""
    ntp: tuple[str, ...] = ()
    """Where DHCP names none."""
    metadata: str = ""
    """URL that the installer fetches its data from, and tells that it is done."""
    mirror: str = ""
    """URL of the archive: the `Release` and a package index below it are fetched."""
    image: str = ""
    """URL of something large."""
    proxy: str = ""
    """URL of the proxy for mirror and image."""
    proxy_login: str = ""
    """`name:password` for it."""
    syslog: str = ""
    """Address that it logs to by UDP."""
    post: str = ""
    """URL that it sends a large body to."""
    trust: str = ""
    """File of the authorities that it trusts with https."""
    clock: float = 0.0
    """Seconds that its clock is ahead."""
    gratuitous: bool = True
    """Its installer announces its address by ARP when it takes it (RFC 5227 §2.3); firmware does not."""
    probe: bool = False
    """Its installer asks by ARP whether the address is free (RFC 5227 §2.1), and declines it where it is not."""
    link_wait: float = 0.0
    """Seconds between carrier and the first frame, as firmware that initialises itself."""
    flap: tuple[Stage, ...] = ()
    """Stages that begin by taking the link down and up again, as a driver does that resets the card."""
    fetch: tuple[str, ...] = ()
    """Further URLs that the installer fetches, one after the other."""
    linger: float = 0.0
    """Seconds that it stays connected to its metadata server at the end, without a word, before it says that it is done."""
