"""Log lines of the long-running commands: one line, `key=value` where there is a key, on stderr."""

import logging
import sys
from typing import Final

from typing_extensions import override

from bellrock.cli.output import printable

TOLD: Final = ("bellrock.agent.diary", "bellrock.agent.membership")
"""Loggers whose news are told without -v."""


class _Formatter(logging.Formatter):
    @override
    def formatMessage(self, record: logging.LogRecord) -> str:
        # Names come from the network: none of them may move the cursor or begin a line of its own.
        return printable(super().formatMessage(record))


def configure(*, verbose: int) -> None:
    """Log to stderr: warnings, the peers' comings and goings, and which region was joined; with -v what else happens; with -vv everything but packets."""
    level = logging.DEBUG if verbose > 1 else logging.INFO
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Formatter("%(asctime)s %(levelname)-7s %(name)s %(message)s", "%Y-%m-%dT%H:%M:%S%z"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("bellrock").setLevel(level if verbose else logging.WARNING)
    for name in TOLD:
        logging.getLogger(name).setLevel(logging.NOTSET if verbose else logging.INFO)


def hush() -> None:
    """Keep the comings and goings to itself, for a command that has one thing to say."""
    for name in TOLD:
        logging.getLogger(name).setLevel(logging.WARNING)
