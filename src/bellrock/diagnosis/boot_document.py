"""What `bellrock diagnose --json` prints: boots and findings as one document with a published schema."""

from collections.abc import Sequence

from msgspec import Struct

from bellrock.diagnosis.boot import Boot, Outcome, Step
from bellrock.diagnosis.boot_causes import cause
from bellrock.diagnosis.findings_document import FindingDocument, all_told, key
from bellrock.diagnosis.packets import Wire
from bellrock.model import Finding


class StepDocument(Struct, frozen=True, kw_only=True):
    """One step of a boot, or one of several attempts at it."""

    step: str
    """`link`, `spanning-tree`, `lacp`, `dhcp`, `proxydhcp`, `arp`, `tftp`, `http-boot`, `dns`, `ntp`, `metadata`, `proxy`, `mirror`, `syslog`, `reboot`."""
    stage: str
    """Who took it: `firmware`, `bootloader`, `ipxe`, `installer`; empty where that cannot be told."""
    outcome: Outcome
    """`not-seen`: nothing of it is in the capture; `unanswered`: asked, and nobody answered."""
    what: str
    packets: tuple[int, ...]
    """Numbers of the packets that show it, as Wireshark counts; at most 16."""
    time: float
    """Seconds from the beginning of the capture."""
    seconds: float
    """That it took."""


class ClientDocument(Struct, frozen=True, kw_only=True):
    """One boot of one machine; a machine that booted twice is there twice."""

    mac: str
    """Empty where a router is between the machine and every point, so that only its address is known."""
    address: str
    arch: int | None
    """Client system architecture (RFC 4578)."""
    firmware: str
    steps: tuple[StepDocument, ...]
    """By time."""
    stopped_at: str
    """The step that was the last one and went wrong, or that should have come next; empty: nothing stopped it."""
    cause: str
    """Why, as the finding says it; empty: it did not stop, or no finding explains it."""
    finding: str
    """The key of that finding."""
    points: tuple[str, ...]


class PointDocument(Struct, frozen=True, kw_only=True):
    """Where packets were captured."""

    name: str
    packets: int
    seconds: float
    """From its first packet to its last."""
    dropped: int | None
    """Packets that the capturing machine lost; null: the file does not tell."""
    shift: float
    """Seconds that were added to its times."""


class DiagnosisDocument(Struct, frozen=True, kw_only=True):
    """What a capture shows of boots, and what is wrong."""

    clients: tuple[ClientDocument, ...]
    findings: tuple[FindingDocument, ...]
    """The gravest first."""
    packets: int
    points: tuple[PointDocument, ...]
    troubles: tuple[str, ...]
    """What could not be seen, and why."""
    left_out: dict[str, int]
    """Kind of packet → how many more there were than were looked at."""


def document(wire: Wire, boots: Sequence[Boot], findings: Sequence[Finding]) -> DiagnosisDocument:
    """All of it."""
    points = tuple(
        PointDocument(
            name=one.name, packets=one.packets, seconds=round((one.last - one.first) / 1e9, 6), dropped=one.dropped,
            shift=round(one.shift / 1e9, 9),
        )
        for one in wire.points
    )  # fmt: skip
    return DiagnosisDocument(
        clients=tuple(_client(one, findings) for one in boots), findings=all_told(findings), packets=wire.seen, points=points,
        troubles=wire.troubles, left_out=wire.left_out,
    )  # fmt: skip


def _client(boot: Boot, findings: Sequence[Finding]) -> ClientDocument:
    why = cause(boot, findings)
    return ClientDocument(
        mac=boot.mac, address=boot.address, arch=boot.arch, firmware=boot.firmware, steps=tuple(map(_step, boot.steps)),
        stopped_at=boot.stopped_at, cause=why.what if why else "", finding=key(why) if why else "", points=boot.points,
    )  # fmt: skip


def _step(step: Step) -> StepDocument:
    return StepDocument(
        step=step.step, stage=step.stage, outcome=step.outcome, what=step.what, packets=step.packets, time=step.time, seconds=step.seconds
    )  # fmt: skip
