"""Answers that are known before they are made: who has one is told so at once (304), and one that costs much is sent as it was made before.

The tag of an answer is made of what it says (see `conditional`), so that it is the same at every process of a region and after a restart. What is
kept here is from which moment of the region an answer is: while the routes below could say nothing else, its tag holds, and nothing is rendered to
find that out. Bodies are kept where nothing in them moves by itself.
"""

from collections import OrderedDict
from typing import Any, Final

from msgspec import Struct

from bellrock.region.service.moments import Moment

MOST: Final = 16 << 20
"""Octets of answers that are kept, with what names them."""
LARGEST: Final = 1 << 20
"""Octets of an answer that is kept; of a larger one its tag is."""
OVERHEAD: Final = 1000
"""Octets that an answer takes beside its body and its name."""
PLACE, ANSWER = "bellrock.place", "bellrock.answer"
"""Keys in a request's scope."""
Key = tuple[str, bytes, str]
"""Path, query, and the right of who asks."""


class Answer(Struct, frozen=True):
    """`headers`: those of a 200. `body`: None where ages in it move, or it is too large."""

    tag: bytes
    headers: list[tuple[bytes, bytes]]
    body: bytes | None


class Place(Struct, frozen=True):
    """Where the answer to a request is kept, and of which moment it is."""

    operation: str
    moment: Moment
    key: Key


class Kept:
    """The answers of each operation at its newest moment: those that were asked for last."""

    def __init__(self, most: int = MOST) -> None:
        """`most`: octets."""
        self._most = most
        self._answers: OrderedDict[Key, tuple[str, Answer]] = OrderedDict()
        """With its operation."""
        self._of: dict[str, tuple[Moment, set[Key]]] = {}
        self.octets = 0
        """How many it takes now."""

    def find(self, place: Place) -> Answer | None:
        """What was answered at this moment."""
        moment, keys = self._of.get(place.operation, ((), ()))
        if moment != place.moment or place.key not in keys:
            return None
        self._answers.move_to_end(place.key)
        return self._answers[place.key][1]

    def keep(self, place: Place, answer: Answer) -> None:
        """Remember an answer; those of earlier moments of its operation are forgotten."""
        moment, keys = self._of.get(place.operation, ((), set()))
        for key in [place.key] if moment == place.moment else [*keys, place.key]:
            self._drop(key)
        self._of[place.operation] = place.moment, keys
        keys.add(place.key)
        self._answers[place.key] = place.operation, answer
        self.octets += _size(place.key, answer)
        while self.octets > self._most:
            self._drop(next(iter(self._answers)))

    def _drop(self, key: Key) -> None:
        if (held := self._answers.pop(key, None)) is not None:
            self._of[held[0]][1].discard(key)
            self.octets -= _size(key, held[1])


def _size(key: Key, answer: Answer) -> int:
    return OVERHEAD + len(key[0]) + len(key[1]) + len(answer.body or b"")


def note(scope: Any, kept: Kept, place: Place) -> Answer | None:  # noqa: ANN401 -- ASGI's scope
    """Have the answer to this request kept; what is there already."""
    # Not in the scope's state, of which it is a server's matter how many requests share it.
    scope[PLACE] = kept, place
    return kept.find(place)


def use(scope: Any, answer: Answer) -> None:  # noqa: ANN401 -- ASGI's scope
    """Have this answered."""
    scope[ANSWER] = answer


def answer_in(scope: Any) -> Answer | None:  # noqa: ANN401 -- ASGI's scope
    """What is to be answered, where that is known before it is made."""
    found: Answer | None = scope.get(ANSWER)
    return found


def keep_in(scope: Any, tag: bytes, headers: list[tuple[bytes, bytes]], body: bytes) -> None:  # noqa: ANN401
    """Keep an answer where that was wished for."""
    found: tuple[Kept, Place] | None = scope.get(PLACE)
    if found is not None:
        moving = tag.startswith(b"W/") or len(body) > LARGEST
        found[0].keep(found[1], Answer(tag, headers, None if moving else body))
