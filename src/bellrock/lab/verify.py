"""Compares what Bellrock finds in a lab with what is wired there."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Final

from msgspec import Struct

from bellrock.lab.running import Lab
from bellrock.lab.schema import LabError, LabFile
from bellrock.lab.settle import Bellrock, settle, start
from bellrock.lab.truth import Truth, truth
from bellrock.model import Port, Topology
from bellrock.topology.diff import MOST_PORTS, Difference, DifferenceKind, diff
from bellrock.topology.document import from_document

PATIENCE: Final = 20.0
"""Seconds that a settled lab has for evidence that comes late (a Trickle interval of an agent) to mend a difference."""


class Verdict(Struct, frozen=True, kw_only=True):
    """What verification says."""

    found: Topology
    truth: Truth
    differences: tuple[Difference, ...]
    """Between what was found and what can be known."""
    unknowable: tuple[Difference, ...]
    """Between what can be known and what is wired: what no beacon could show."""


def verify(lab: Lab, say: Callable[[str], None], tool: tuple[str, ...] | None = None) -> Verdict:
    """Run Bellrock in a lab, and compare.

    Raises:
        LabError: a program ended, or the lab does not settle.
    """
    running = start(lab, say, tool)
    settle(running, say)
    with suppress(LabError):  # the differences that remain are the answer, not an error
        lab.wait_until(lambda: not judge(running).differences, PATIENCE, "what was found to be what is wired")
    return judge(running)


def judge(running: Bellrock) -> Verdict:
    """Compare what the region says now.

    Raises:
        LabError: it does not answer.
    """
    return compare(from_document(running.topology()), running.wired)


def compare(found: Topology, wired: LabFile) -> Verdict:
    """Compare a topology with a lab's wiring."""
    known = truth(wired)
    return Verdict(
        found=found,
        truth=known,
        differences=(*diff(found, known.knowable), *_unlearned(found, known.knowable)),
        unknowable=diff(known.knowable, known.wired),
    )


def _unlearned(found: Topology, known: Topology) -> Iterator[Difference]:
    """VLANs found without a VID though an agent's port sees the tag, which `diff` lets pass."""
    vids = {member.port: vlan.vid for fabric in known.fabrics for vlan in fabric.vlans for member in vlan.members}
    for vlan in (vlan for fabric in found.fabrics for vlan in fabric.vlans if vlan.vid is None):
        ports = [_named(found, member.port) for member in vlan.members]
        wired = next((vid for port in ports if (vid := vids.get(port)) is not None), None)
        if wired is not None:
            names = tuple(_text(port) for port in ports[:MOST_PORTS])
            said = f"{', '.join(names)}: found without a VID, wired to VLAN {wired}, and a trunk port sees its tag."
            yield Difference(kind=DifferenceKind.WRONG_VID, ports=names, sentence=said)


def _named(topology: Topology, port: Port) -> Port:
    return Port(topology.names.get(port.host, port.host), port.interface, port.vid)


def _text(port: Port) -> str:
    return f"{port.host}/{port.interface}" + ("" if port.vid is None else f".{port.vid}")
