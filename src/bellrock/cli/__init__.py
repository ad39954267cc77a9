"""The command line: parse, call, print. Only click is imported when it starts."""

import os
import sys

TYPE_CHECKING = False  # typing, as all that is imported here, would be imported where a Ctrl-C is not yet caught
if TYPE_CHECKING:
    from sys import UnraisableHookArgs

INTERRUPTED = 130
"""128 + SIGINT, as shells count; `output.EXIT_INTERRUPTED`, which to import would take the time that is at stake."""


def main() -> None:
    """Entry point of `bellrock`: a Ctrl-C while its parts are still being imported ends it without a traceback."""
    sys.unraisablehook = _unraisable
    try:
        from bellrock.cli.root import main as run

        run()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


def _unraisable(what: "UnraisableHookArgs") -> None:
    """A Ctrl-C that falls into a callback of the interpreter, where Python would print it and go on, ends the program as well."""
    if what.exc_type is not KeyboardInterrupt:
        sys.__unraisablehook__(what)
        return
    import signal

    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.kill(os.getpid(), signal.SIGINT)


__all__ = ["main"]
