"""`--vids 1-100,200` → VIDs."""

from typing import Final

from bellrock.cli.output import Failure

MAX_TEXT: Final = 20_000
LAST: Final = 4094


def parse_vids(text: str, option: str = "--vids") -> tuple[int, ...]:
    """The VIDs, each once, in order.

    Raises:
        Failure: not VIDs and runs of them, or one that is not 1 to 4094 (IEEE 802.1Q §9.6), or a run that goes backwards.
    """
    if len(text) > MAX_TEXT:
        raise Failure(f"{option}: {len(text)} characters; expected VIDs such as 1-100,200")
    found: set[int] = set()
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        low = _vid(first, option)
        high = _vid(last, option) if dash else low
        if high < low:
            raise Failure(f"{option}: {part.strip()} goes backwards; expected {high}-{low}")
        found.update(range(low, high + 1))
    return tuple(sorted(found))


def _vid(text: str, option: str) -> int:
    digits = text.strip()
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 9):
        raise Failure(f"{option}: '{digits[:40]}' is no VID; expected VIDs such as 1-100,200")
    if not 1 <= int(digits) <= LAST:
        raise Failure(
            f"{option}: {int(digits)} is no VID of a VLAN; there are 1 to {LAST} (IEEE 802.1Q keeps 0 and 4095)"
        )
    return int(digits)
