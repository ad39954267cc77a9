"""Two clocks, two types: a value of one is never added to or compared with a value of the other."""

from typing import NewType

Monotonic = NewType("Monotonic", float)
"""Seconds on this machine's monotonic clock; means nothing on another machine or after a reboot."""

Wall = NewType("Wall", float)
"""Seconds since the Unix epoch as some machine's wall clock tells them; may be wrong, may step."""
