"""The command line: parse, call, print. Only click is imported when it starts."""

from bellrock.cli.root import main

__all__ = ["main"]
