"""The pages of findings, as they are packed with the rules."""

from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final

from bellrock.cli.output import EXIT_NO, Failure

SUFFIX: Final = ".md"
SECTIONS: Final = ("Symptom", "Why", "How it is proved", "Fix", "Not to be confused with", "In the lab")
"""Headings of a page, in order; `Not to be confused with` may be left out."""

MAX_SHOWN: Final = 64
"""Characters of what was typed that are shown."""


def ids() -> tuple[str, ...]:
    """Of all findings that have a page, in order."""
    return tuple(
        sorted(name.removesuffix(SUFFIX) for one in _folder().iterdir() if (name := one.name).endswith(SUFFIX))
    )


def page(identity: str) -> str:
    """The page of a finding, in Markdown.

    Raises:
        Failure: there is none of this id; what is near it.
    """
    from bellrock.flows.nearest import nearest

    known = ids()
    if identity not in known:
        shown = repr(identity if len(identity) <= MAX_SHOWN else f"{identity[:MAX_SHOWN]}…")
        raise Failure(f"no finding has the id {shown}; {nearest(identity, known, '--list shows all')}", EXIT_NO)
    return (_folder() / f"{identity}{SUFFIX}").read_text(encoding="utf-8")


def title(text: str) -> str:
    """The line below a page's heading: what the finding says, in one sentence."""
    lines = [line.strip() for line in text.splitlines()[1:]]
    return next((line for line in lines if line), "")


def _folder() -> Traversable:
    return files("bellrock.diagnosis") / "explained"
