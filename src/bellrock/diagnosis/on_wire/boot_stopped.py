"""boot-stopped: a boot ended at a step, and no other rule says why."""

from collections.abc import Iterable, Iterator
from typing import Final

from bellrock.diagnosis.boot import Boot, Step
from bellrock.diagnosis.case import Case
from bellrock.diagnosis.dhcp_story import heard_alone
from bellrock.diagnosis.packets import Wire
from bellrock.diagnosis.readings import again, packet_links
from bellrock.model import Confidence, Finding, Severity

ID = "boot-stopped"
TITLE = "A boot stopped, and no known fault explains it"
EXPLAINS: frozenset[str] = frozenset()
STEPS: Final = ("dhcp", "proxydhcp", "arp", "tftp", "http-boot", "metadata", "proxy", "mirror")
"""Steps without which a boot does not go on. Names are looked up at a venture, and clocks and logs are not waited for."""
_ADDRESS: Final = ("dhcp", "proxydhcp")
_BOOTING: Final = ("firmware", "ipxe", "bootloader")


def find(case: Case) -> Iterator[Finding]:
    """One for each machine whose last boot ended at a step that went wrong; `unexplained` keeps those of which nothing else is told."""
    if case.wire is None:
        return
    last = {boot.mac or boot.address: boot for boot in case.boots}
    for boot in last.values():
        step = _stopped(case.wire, boot)
        if step is not None:
            yield _finding(case.wire, boot, step)


def unexplained(found: Iterable[Finding]) -> Iterator[Finding]:
    """Findings without those of this rule about machines that another error or warning names, or that may be about any machine."""
    every = [*found]
    others = [one for one in every if one.id != ID and one.severity is not Severity.NOTICE]
    everybody = any(not one.client and one.severity is Severity.ERROR for one in others)
    for one in every:
        if one.id != ID or not (everybody or any(other.client in (one.client, one.address) for other in others)):
            yield one


def _stopped(wire: Wire, boot: Boot) -> Step | None:
    """The step at which it ended, where the ladder shows that it went wrong there, and an answer would have been seen."""
    last = next((one for one in reversed(boot.steps) if one.step == boot.stopped_at and _wrong(wire, boot, one)), None)
    return last if boot.stopped_at in STEPS else None


def _wrong(wire: Wire, boot: Boot, step: Step) -> bool:
    if step.step in _ADDRESS and step.stage not in _BOOTING:
        # Systems ask for addresses of all kinds wherever they are, and live without some.
        return False
    return step.outcome == "failed" or (
        step.outcome == "unanswered" and (step.step in _ADDRESS or boot.mac in heard_alone(wire))
    )


def _boots(boot: Boot) -> bool:
    return boot.arch is not None or any(one.stage in _BOOTING for one in boot.steps)


def _finding(wire: Wire, boot: Boot, step: Step) -> Finding:
    who = boot.mac or boot.address
    point = next(iter(boot.points), "")
    how = "nobody answered" if step.outcome == "unanswered" else "it failed"
    return Finding(
        id=ID, severity=Severity.WARNING if _boots(boot) else Severity.NOTICE, client=who, address=boot.address,
        what=f"The boot of {who} stopped at {step.step}: {step.what or how}",
        cause="No known fault fits what the capture shows; the ladder tells what came before it.",
        proof=(f"At {step.time:.3f} s{f', {step.stage}' if step.stage else ''}: {step.step}, {how}: {step.what or 'no more is known'}.",
               f"Nothing that shows progress follows within the {max(0, wire.last - wire.first) / 1e9:.1f} s of the capture."),
        evidence=packet_links(*step.packets), confidence=Confidence.POSSIBLE,
        fix=(f"Capture at the machine's own port and at the server at once, and read both: `bellrock diagnose FILE FILE` tells where {step.step} ended.",),
        recheck=again(point),
    )  # fmt: skip
