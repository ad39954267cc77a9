"""Numbers of options: a range that NaN and infinity are outside of."""

import math
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from typing_extensions import override
else:  # typing has it from Python 3.12 on; importing typing_extensions costs every start 10 ms

    def override(method):  # noqa: ANN001, ANN201, D103
        return method


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
