"""Errors of the rooms below, as one line and an exit code."""

import click

from bellrock.cli.output import EXIT_UNREADABLE, EXIT_USAGE, Failure


def as_failure(error: BaseException) -> Failure | None:
    """The failure to show for an expected error; None for one that is a defect and keeps its traceback."""
    from bellrock.agent.identity import IdentityError
    from bellrock.agent.spool import SpoolError
    from bellrock.link.device import LinkError
    from bellrock.model.failing import innermost
    from bellrock.region.errors import RegionError
    from bellrock.wire.keys import SecretError

    error = innermost(error)
    if isinstance(error, Failure):
        return error
    if isinstance(error, SecretError):
        return Failure(str(error), EXIT_USAGE)
    if isinstance(error, RegionError) and error.port is not None:
        return Failure(_with_holder(str(error), error.port), EXIT_UNREADABLE)
    if isinstance(error, IdentityError | SpoolError | LinkError | RegionError):
        # Of a site file each mistake is a line.
        return Failure("; ".join(str(error).splitlines()), EXIT_UNREADABLE)
    if isinstance(error, OSError) and not isinstance(error, BrokenPipeError):
        where = f"{error.filename}: " if error.filename else ""
        return Failure(f"{where}{error.strerror or error}", EXIT_UNREADABLE)
    return None


def _with_holder(line: str, port: int) -> str:
    """A line about a port that somebody else holds, with who it is."""
    from bellrock.link.ports import holder_of

    holder = holder_of("tcp", port)
    context = click.get_current_context(silent=True)
    option = "--port" if context and context.info_name == "up" else "--listen"
    line = line.replace("choose another port", f"choose another port ({option})", 1)
    return line.replace("another process", holder.text(), 1) if holder else line
