"""What somebody may have meant who wrote a name that does not exist."""

from collections.abc import Iterable
from difflib import get_close_matches

MAX_ASKED = 64
"""Characters of a name that are compared: the comparison is quadratic, and no name of ours is as long."""


def nearest(asked: str, known: Iterable[str], otherwise: str = "") -> str:
    """`did you mean 'tftp'?`, or where nothing is near the list of what there is; `otherwise`: what is said in place of a list that is long."""
    names = [str(one) for one in known]
    close = get_close_matches(asked[:MAX_ASKED].lower(), names, n=1, cutoff=0.6)
    return f"did you mean {close[0]!r}?" if close else otherwise or f"expected one of {', '.join(names)}"
