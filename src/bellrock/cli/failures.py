"""Errors of the rooms below, as one line and an exit code."""

from bellrock.cli.output import EXIT_UNREADABLE, EXIT_USAGE, Failure


def as_failure(error: BaseException) -> Failure | None:
    """The failure to show for an expected error; None for one that is a defect and keeps its traceback."""
    from bellrock.agent.identity import IdentityError
    from bellrock.agent.spool import SpoolError
    from bellrock.link.device import LinkError
    from bellrock.region.errors import RegionError
    from bellrock.wire.keys import SecretError

    error = innermost(error)
    if isinstance(error, Failure):
        return error
    if isinstance(error, SecretError):
        return Failure(str(error), EXIT_USAGE)
    if isinstance(error, IdentityError | SpoolError | LinkError | RegionError):
        return Failure(str(error), EXIT_UNREADABLE)
    return None


def innermost(error: BaseException) -> BaseException:
    """The first error of a group, which the others followed."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
