"""What every harness holds its parser to."""

from collections.abc import Callable
from typing import TypeVar

from bellrock.capture.reading.values import CaptureError
from bellrock.firewall.verify.ruleset import RulesetError
from bellrock.flows import SiteError
from bellrock.model import Neighbour
from bellrock.wire.errors import Reason, WireError

T = TypeVar("T")


class BrokenError(AssertionError):
    """A parser broke its contract."""


def demand(holds: bool, what: str) -> None:
    """Stop the fuzzer where something does not hold."""
    if not holds:
        raise BrokenError(what)


def value_or_refusal(parse: Callable[[], T]) -> T | None:
    """What `parse` gives; None where it refuses with an error that can be counted and read."""
    try:
        return parse()
    except WireError as error:
        judge(error)
    except SiteError as error:
        judge_lines(str(error))
    except (RulesetError, CaptureError) as error:
        demand(str(error).isprintable(), f"not a line for people: {error!r}")
    return None


def judge_lines(text: str) -> None:
    """Mistakes in a file are told in few printable lines that name it."""
    lines = text.split("\n")
    demand(all(line.startswith("s.toml:") and line.isprintable() for line in lines), f"not a line for people: {text!r}")
    demand(len(lines) <= 21, "more lines than a person reads")


def judge(error: WireError) -> None:
    """A refusal has a reason, one printable line of detail, and a skew only where that is the reason."""
    demand(isinstance(error.reason, Reason), "a refusal without a reason")
    demand(len(error.detail) > 8, "a refusal without a detail")
    demand((error.skew is not None) == (error.reason is Reason.SKEW), "a skew where there is none")


def judge_neighbour(neighbour: Neighbour) -> None:
    """Nothing that strangers sent moves a cursor."""
    texts = (neighbour.chassis_id, neighbour.port_id, neighbour.system_name, neighbour.port_description)
    demand(all(text.isprintable() for text in texts), "text that is not printable")
    demand(bool(neighbour.chassis_id and neighbour.port_id), "a neighbour without ids")
    demand(neighbour.pvid is None or 0 < neighbour.pvid < 4095, "a VID that is none")
