"""Log lines of the long-running commands on stderr: for people, `key=value` where there is a key; for programs, one JSON object each."""

import logging
import sys
from typing import Final

from typing_extensions import override

from bellrock.cli.output import printable

TOLD: Final = ("bellrock.agent.diary", "bellrock.agent.membership")
"""Loggers whose news are told without -v."""
FORMATS: Final = ("text", "json")
LEVELS: Final = ("debug", "info", "warning", "error")


class _Text(logging.Formatter):
    @override
    def formatMessage(self, record: logging.LogRecord) -> str:
        # Names come from the network: none of them may move the cursor or begin a line of its own.
        return printable(super().formatMessage(record))


class _Json(logging.Formatter):
    @override
    def format(self, record: logging.LogRecord) -> str:
        from bellrock.wire.logline import Line, document

        said = record.msg if isinstance(record.msg, Line) and not record.args else record.getMessage()
        trace = self.formatException(record.exc_info) if record.exc_info else ""
        return document(record.created, record.levelname, record.name, said, trace)


def configure(*, verbose: int, style: str = "text", level: str = "") -> None:
    """Log to stderr: warnings, the peers' comings and goings, and which region was joined; with -v what else happens; with -vv everything but packets.

    Args:
        style: one of FORMATS.
        level: one of LEVELS, which then counts in place of `verbose`; "" for none.
    """
    ours = logging.getLevelNamesMapping()[level.upper()] if level else _level(verbose)
    handler = logging.StreamHandler(sys.stderr)
    text = _Text("%(asctime)s %(levelname)-7s %(name)s %(message)s", "%Y-%m-%dT%H:%M:%S%z")
    handler.setFormatter(_Json() if style == "json" else text)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(logging.WARNING, ours))
    logging.getLogger("bellrock").setLevel(ours)
    for name in TOLD:
        logging.getLogger(name).setLevel(logging.NOTSET if verbose or level else logging.INFO)


def hush() -> None:
    """Keep the comings and goings to itself, for a command that has one thing to say."""
    for name in TOLD:
        logging.getLogger(name).setLevel(logging.WARNING)


def _level(verbose: int) -> int:
    return (logging.WARNING, logging.INFO, logging.DEBUG)[min(verbose, 2)]
