"""How far a machine's boot came: a ladder of steps, each with what was seen of it."""

from typing import Literal

from msgspec import Struct

STEPS = (
    "link", "spanning-tree", "lacp", "dhcp", "proxydhcp", "arp", "tftp", "http-boot", "dns", "ntp", "metadata", "proxy", "mirror",
    "syslog", "reboot",
)  # fmt: skip
"""Ids of steps, in the order of a boot."""
Outcome = Literal["worked", "slow", "failed", "unanswered", "not-seen", "not-needed"]
"""Not seen: nothing of it is in the capture, which may be because of where that was made; unanswered: asked, and nobody answered."""


class Step(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One step, or one of several attempts at it."""

    step: str
    """One of STEPS."""
    stage: str = ""
    """Who took it: `firmware`, `bootloader`, `ipxe`, `installer`; empty where that cannot be told."""
    outcome: Outcome
    what: str = ""
    """One sentence: "10.0.0.57 from 10.0.0.2 after 2 discovers, arch 7 (UEFI x64)"."""
    packets: tuple[int, ...] = ()
    """Numbers of the packets that show it; at most 16."""
    time: float = 0.0
    """Seconds from the beginning of the capture to its first packet."""
    seconds: float = 0.0
    """That it took."""


class Boot(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One boot of one machine."""

    mac: str
    """Of the client."""
    address: str = ""
    """The last that it was given."""
    arch: int | None = None
    """Client system architecture (RFC 4578 §2.1, IANA), as its first DISCOVER has it."""
    firmware: str = ""
    """In words: `BIOS`, `UEFI x64`, `UEFI x64 HTTP`, `iPXE` …"""
    steps: tuple[Step, ...] = ()
    """By time."""
    stopped_at: str = ""
    """The step that was the last one and failed, or the one that should have come next; empty: nothing stopped it."""
    points: tuple[str, ...] = ()
