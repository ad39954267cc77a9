"""Errors of tasks that run together."""


def innermost(error: BaseException) -> BaseException:
    """The first error of a group, which the others followed."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
