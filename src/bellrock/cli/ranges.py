"""Numbers of options: a range that NaN and infinity are outside of, and numbers with a unit."""

import math
import re
from typing import TYPE_CHECKING, Any, Final

import click

from bellrock.cli.overriding import override

if TYPE_CHECKING:
    from collections.abc import Callable


class FiniteRange(click.FloatRange):
    """A `click.FloatRange` that takes real numbers alone: click takes NaN, which is below and above nothing, for a number of any range."""

    @override
    def convert(
        self,
        value: Any,  # noqa: ANN401 -- as click has it
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> float:
        """The number that was given."""
        number = float(super().convert(value, param, ctx))
        if not math.isfinite(number):
            self.fail(f"'{value}' is not a number that anything can be measured by.", param, ctx)
        return number


class WholeRange(click.IntRange):
    """A `click.IntRange` that says of what is none that it is no whole number, as the configuration file does."""

    @override
    def convert(
        self,
        value: Any,  # noqa: ANN401 -- as click has it
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> int:
        """The number that was given."""
        try:
            int(value)
        except ValueError:
            self.fail(f"{str(value)!r} is not a whole number.", param, ctx)
        return int(super().convert(value, param, ctx))


OCTETS: Final = {"": 1, "kB": 1000, "KiB": 1 << 10, "MB": 10**6, "MiB": 1 << 20, "GB": 10**9, "GiB": 1 << 30}


def amount(
    units: dict[str, int], least: float, most: float
) -> "Callable[[click.Context, click.Parameter, str | None], float | None]":
    """A callback that makes a number of a number with a unit, from `least` to `most`."""

    def convert(_context: click.Context, _parameter: click.Parameter, value: str | None) -> float | None:
        if value is None:
            return None
        found = re.fullmatch(r"([0-9]{1,12}(?:\.[0-9]{1,6})?) ?([A-Za-z]*)", value)
        if not found or found[2] not in units:
            raise click.BadParameter(f"{value!r} is not a number with one of {', '.join(filter(None, units))}.")
        number = float(found[1]) * units[found[2]]
        if not least <= number <= most:
            few = number < least
            edge = f"at least {_told(units, least)}" if few else f"at most {_told(units, most)}"
            raise click.BadParameter(f"{value} is too {'little' if few else 'much'}; {edge} is expected.")
        return number

    return convert


def _told(units: dict[str, int], number: float) -> str:
    """`16MiB`: in the largest unit of which it is a whole number."""
    size, name = max((size, name) for name, size in units.items() if number % size == 0)
    return f"{number / size:.0f}{name}"
