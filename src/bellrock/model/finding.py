"""What is wrong, with its cause and its proof."""

from enum import StrEnum

from msgspec import Struct


class Severity(StrEnum):
    """How much it matters, most first."""

    ERROR = "error"
    """A machine will not install, or not be reached."""
    WARNING = "warning"
    """It works now, and will not for long, or not for all."""
    NOTICE = "notice"
    """Worth knowing."""


class Finding(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One cause of trouble. None is without proof."""

    id: str
    """The rule that found it, `no-carrier`: stable, and the name of its page in the documentation."""
    severity: Severity
    what: str
    """One sentence that names the place: "node-7/eth1 hears no region"."""
    host: str = ""
    interface: str = ""
    vid: int | None = None
    cause: str = ""
    """One sentence, where more is known than `what` says."""
    proof: tuple[str, ...]
    """What was observed, one sentence each."""
    fix: tuple[str, ...] = ()
    """What to do; commands where there are any."""
