"""The command line: parse, call, print. Only click is imported when it starts."""

import sys

INTERRUPTED = 130
"""128 + SIGINT, as shells count; `output.EXIT_INTERRUPTED`, which to import would take the time that is at stake."""


def main() -> None:
    """Entry point of `bellrock`: a Ctrl-C while its parts are still being imported ends it without a traceback."""
    try:
        from bellrock.cli.root import main as run

        run()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


__all__ = ["main"]
