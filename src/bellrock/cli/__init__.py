"""The command line: parse, call, print. Only click is imported when it starts."""


def main() -> None:
    """Entry point of `bellrock`."""
    raise NotImplementedError
