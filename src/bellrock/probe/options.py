"""What is set for a probe, read from text: each kind of value has one way to be written, and one sentence when it is not.

given = read(ask, OPTIONS)
plan = Plan(sizes=given.whole("blksize", 1468, least=8, most=65464), names=given.several("names"))
"""

import ipaddress
import math
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Final, TypeVar

from bellrock.probe.values import Ask, Option, PlanError

MAX_VALUE: Final = 8192
"""Characters of one value."""
MAX_SEVERAL: Final = 256
"""Values in one list."""
_YES: Final = {"yes": True, "no": False}
_T = TypeVar("_T")


class Options:
    """The options of one ask. A name that its probe does not declare is a mistake in the probe: KeyError."""

    def __init__(self, flow: str, given: Mapping[str, str], known: Sequence[Option]) -> None:
        self._flow = flow
        self._given = given
        self._known = {option.name: option for option in known}

    def __contains__(self, name: object) -> bool:
        """Whether it is set."""
        return name in self._given

    def text(self, name: str, default: str = "") -> str:
        """As it stands."""
        return self._given.get(self._known[name].name, default)

    def whole(self, name: str, default: int, *, least: int = 0, most: int) -> int:
        """A whole number, decimal."""
        text = self.text(name)
        if name not in self:
            return default
        # Not int(): that takes `1_000`, ` 5` and other digits than ours as well.
        number = int(text) if text.isascii() and text.isdigit() and len(text) <= 19 else -1
        if not least <= number <= most:
            raise self._wrong(name, f"a whole number from {least} to {most}")
        return number

    def number(self, name: str, default: float, *, least: float = 0.0, most: float) -> float:
        """A number, such as seconds: `2`, `0.5`."""
        text = self.text(name)
        if name not in self:
            return default
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if not least <= number <= most:
            raise self._wrong(name, f"a number from {least:g} to {most:g}")
        return number

    def flag(self, name: str, *, default: bool = False) -> bool:
        """`yes` or `no`."""
        return self._of(name, _YES, default)

    def choice(self, name: str, choices: Sequence[str], default: str) -> str:
        """One of some words."""
        return self._of(name, {word: word for word in choices}, default)

    def several(self, name: str, default: Sequence[str] = ()) -> tuple[str, ...]:
        """Words with commas between."""
        if name not in self:
            return tuple(default)
        words = tuple(word.strip() for word in self.text(name).split(","))
        if not all(words) or len(words) > MAX_SEVERAL:
            raise self._wrong(name, f"1 to {MAX_SEVERAL} values with a comma between")
        return words

    def address(self, name: str, default: str = "") -> str:
        """An IP address, as the kernel writes it."""
        return self._address(name, self.text(name)) if name in self else default

    def addresses(self, name: str, default: Sequence[str] = ()) -> tuple[str, ...]:
        """IP addresses with commas between."""
        return tuple(self._address(name, word) for word in self.several(name, default))

    def octets(self, name: str, size: int) -> bytes:
        """Octets in hexadecimal digits, with colons or without; empty where it is not set."""
        if name not in self:
            return b""
        try:
            found = bytes.fromhex(self.text(name).replace(":", ""))
        except ValueError:
            found = b""
        if len(found) != size:
            raise self._wrong(name, f"{size} octets in hexadecimal digits")
        return found

    def _of(self, name: str, choices: Mapping[str, _T], default: _T) -> _T:
        text = self.text(name)
        if name not in self:
            return default
        if text not in choices:
            raise self._wrong(name, " or ".join(choices))
        return choices[text]

    def _address(self, name: str, text: str) -> str:
        try:
            return str(ipaddress.ip_address(text))
        except ValueError:
            raise self._wrong(name, "IP addresses") from None

    def _wrong(self, name: str, wanted: str) -> PlanError:
        # A secret is not repeated, not even where it is wrong.
        shown = "what is given" if self._known[name].secret else repr(self.text(name)[:64])
        return PlanError(f"{self._flow}: option {name} takes {wanted}, and not {shown}")


def read(ask: Ask, known: Sequence[Option]) -> Options:
    """The options of an ask, all of them known and of a sane size.

    Raises:
        PlanError: one is not, with the nearest name that is.
    """
    names = [option.name for option in known]
    for name, value in ask.options.items():
        if name not in names:
            near = get_close_matches(name, names, n=1)
            has = f"did you mean {near[0]}?" if near else f"it has {', '.join(names) or 'none'}"
            raise PlanError(f"{ask.flow} has no option {name!r}; {has}")
        if len(value) > MAX_VALUE:
            raise PlanError(f"{ask.flow}: option {name} is longer than {MAX_VALUE} characters")
        if not value.isprintable():
            raise PlanError(f"{ask.flow}: option {name} holds characters that cannot be printed")
    return Options(ask.flow, ask.options, known)
