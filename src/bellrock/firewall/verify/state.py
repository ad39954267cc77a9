"""What a packet has become on its way, while sets of packets stay written as the packets came in."""

from typing import Final

from msgspec import Struct, structs

from bellrock.firewall.verify.boxes import Box, Boxes, Intervals
from bellrock.firewall.verify.fields import FIELDS
from bellrock.firewall.verify.ruleset import Translate
from bellrock.firewall.verify.seen import Seen

CT_INVALID: Final = 0
CT_ESTABLISHED: Final = 1
CT_RELATED: Final = 2
CT_NEW: Final = 3
CT_UNTRACKED: Final = 4

ABSENT: Final = -1
"""The field is not there: a rule that asks for it does not match, not even where it asks for all but one value."""
UNKNOWN: Final = -2
"""The field was changed to something that the ruleset does not say (the address of an interface, one of several)."""

CT_FIELDS: Final = frozenset({"ct_mark", "ct_direction", "ct_status_dnat"})
"""Absent without a connection."""
_TRACKED: Final = Intervals.of(CT_ESTABLISHED, CT_RELATED, CT_NEW)

Value = int | Seen
"""Of a field that was changed: a number, one of the two above, or one that hangs on what the packet came in with."""
Bound = tuple[tuple[str, Value], ...]
"""Fields with the value that they have now, sorted."""


class State(Struct, frozen=True):
    """Packets as they came in (`boxes`), the fields that are changed since then, and what was done to their connection."""

    boxes: Boxes
    bound: Bound = ()
    helpers: frozenset[str] = frozenset()
    """Types of the conntrack helpers assigned."""
    translations: tuple[Translate, ...] = ()

    def value(self, field: str) -> Value | None:
        """What `field` is bound to; None where it is as it came in."""
        return dict(self.bound).get(field)

    def binding(self, **values: Value | None) -> "State":
        """With fields bound; None frees one."""
        bound = {**dict(self.bound), **values}
        return structs.replace(self, bound=tuple(sorted((name, to) for name, to in bound.items() if to is not None)))

    def only(self, boxes: Boxes) -> "State":
        """The same for fewer packets."""
        return self if boxes is self.boxes else structs.replace(self, boxes=boxes)

    def like(self, other: "State") -> bool:
        """Whether both differ in their packets alone."""
        return (self.bound, self.helpers, self.translations) == (other.bound, other.helpers, other.translations)


def incoming(state: State, wanted: Boxes) -> tuple[Boxes, str]:
    """The packets, as they came in, that are in `wanted` now; and the field on whose unknown value that hinges ("" if none)."""
    bound = dict(state.bound)
    if not any(name in bound or name in CT_FIELDS for box in wanted for name in box.fields):
        return wanted, ""
    unknown = ""
    found: list[Box] = []
    for box in wanted:
        came = _came(box, bound)
        if came is not None:
            found.append(came[0])
            unknown = unknown or came[1]
    return Boxes(found), unknown


def _came(box: Box, bound: dict[str, Value]) -> tuple[Box, str] | None:
    fields = {name: values for name, values in box.fields.items() if name not in bound}
    if "ct_state" not in bound and not CT_FIELDS.isdisjoint(box.fields):
        fields["ct_state"] = box.get("ct_state") & _TRACKED
    unknown = ""
    for name, values in box.fields.items():
        now = bound.get(name)
        if isinstance(now, Seen):
            origin = now.origin(values, FIELDS[name])
            if origin is None:
                unknown = unknown or name
            else:
                fields[now.field] = fields.get(now.field, Intervals.full(FIELDS[now.field])) & origin
        elif now == UNKNOWN:
            unknown = unknown or name
        elif now is not None and (now == ABSENT or now not in values):
            return None
    return (Box(fields), unknown) if all(fields.values()) else None


def merged(states: list[State]) -> list[State]:
    """States that differ in their packets alone, as one; those without packets left out."""
    kept: list[State] = []
    for state in states:
        if not state.boxes:
            continue
        at = next((at for at, other in enumerate(kept) if other.like(state)), None)
        if at is None:
            kept.append(state)
        else:
            kept[at] = kept[at].only((kept[at].boxes | state.boxes).joined())
    return kept
