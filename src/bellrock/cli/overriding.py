"""`override` (PEP 698) for what a command's start imports: typing has it from Python 3.12 on, and importing typing_extensions costs every start 10 ms."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import override as override
else:

    def override(method):  # noqa: ANN001, ANN201 -- type checkers see the other one
        """The method as it is: that it overrides one is said to type checkers."""
        return method
