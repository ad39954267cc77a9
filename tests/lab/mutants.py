"""Mistakes that a reader or a walk could have, to see that the differential test would notice each."""

import contextlib
from collections.abc import Callable, Iterator
from unittest.mock import patch

from bellrock.firewall.verify import route, steps, unroll
from bellrock.firewall.verify.boxes import Boxes, Intervals
from bellrock.firewall.verify.read import matches, statements, subjects, values
from bellrock.firewall.verify.ruleset import Assign, Choose, VerdictKind
from bellrock.firewall.verify.steps import Taken


def _inverted(op: str, right: Intervals, width: int) -> Intervals:
    return right if op == "!=" else masks_satisfying(op, right, width)


masks_satisfying = matches.masks.satisfying
_prefix = values._prefix
_interface = values.interface
_at = route._at
_marked = statements._marked


def _no_mask(field, value, *more):
    return [
        Assign(step.field, step.value) if isinstance(step, Assign) else step for step in _marked(field, value, *more)
    ]


MUTANTS: dict[str, Callable[[], contextlib.AbstractContextManager[object]]] = {
    "a negation is read as an equality": lambda: patch.object(matches.masks, "satisfying", _inverted),
    "a prefix is read one bit too short": lambda: patch.object(
        values, "_prefix", lambda kind, address, length: _prefix(kind, address, max(length - 1, 0))
    ),
    "a wildcard of an interface is read as its name": lambda: patch.object(
        values, "interface", lambda text: _interface(text.removesuffix("*"))
    ),
    "frames that are not IP have a protocol": lambda: patch.object(subjects, "_IP", Boxes.everything()),
    "the mask of a mark is forgotten": lambda: patch.object(statements, "_marked", _no_mask),
    "notrack does nothing": lambda: patch.dict(statements._READERS, {"notrack": lambda name, body, at: []}),
    "return ends the base chain": lambda: patch.dict(steps._TAKEN, {VerdictKind.RETURN: Taken.ACCEPT}),
    "accept ends the packet's way": lambda: patch.dict(unroll._KINDS, {Taken.ACCEPT: unroll.Kind.DROP}),
    "priorities are ignored": lambda: patch.object(
        route, "_at", lambda ruleset, way, hook: list(reversed(_at(ruleset, way, hook)))
    ),
    "the kernel leaves the TTL as it is": lambda: patch.object(unroll, "_BEHIND_ROUTING", frozenset()),
    "a key that a map has not goes on": lambda: patch.object(statements, "operands", lambda name, body, at: []),
    "behind a verdict map all go on": lambda: patch.dict(statements._READERS, {"vmap": _all_go_on}),
    "goto comes back": lambda: patch.dict(statements._READERS, {"goto": lambda name, body, at: _jump(body, at)}),
}
RARE = (
    "behind a verdict map all go on",
    "frames that are not IP have a protocol",
    "the mask of a mark is forgotten",
    "the kernel leaves the TTL as it is",
)
"""Those that chance takes tens of thousands of packets to find; they have a test of their own."""


def _all_go_on(name, body, at):
    found = statements._choose(name, body, at)
    return found[: next(number for number, step in enumerate(found, 1) if isinstance(step, Choose))]


def _jump(body, at):
    return statements._decide("jump", body, at)


@contextlib.contextmanager
def mutant(name: str) -> Iterator[None]:
    """The verifier with one mistake."""
    with MUTANTS[name]():
        yield
