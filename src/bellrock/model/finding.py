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


class Confidence(StrEnum):
    """How sure the cause is, surest first. What was observed is certain in any case: this is about what it means."""

    CERTAIN = "certain"
    """What was observed has no other explanation."""
    LIKELY = "likely"
    """Another explanation is possible, and rarer."""
    POSSIBLE = "possible"
    """One of several explanations; the fix begins with finding out."""


class Finding(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One cause of trouble. None is without proof.

    Where it is: host, interface, VLAN, flow, client and address, as far as each is known and means something. They and the rule
    are its identity: the same cause seen again is the same finding, whatever its sentences say.
    """

    id: str
    """The rule that found it, `no-carrier`: stable, and the name of its page (`bellrock explain ID`)."""
    severity: Severity
    what: str
    """One sentence that names the place: "node-7/eth1 hears no region"."""
    host: str = ""
    interface: str = ""
    vid: int | None = None
    flow: str = ""
    """Of the catalogue."""
    client: str = ""
    """MAC address (or name) of the machine that suffers from it, where it is one."""
    address: str = ""
    """Who does it, or whom it is about: a server's or router's address, with its port where that tells it apart."""
    cause: str = ""
    """One sentence, where more is known than `what` says."""
    proof: tuple[str, ...]
    """What was observed, one sentence each."""
    evidence: tuple[str, ...] = ()
    """Where each can be looked up: `packet 14`, `beacon 01JD…`, `verdict rack-1 dns 10.0.0.2:53`, `rule inet filter input 7`."""
    confidence: Confidence = Confidence.CERTAIN
    fix: tuple[str, ...] = ()
    """What to do; commands where there are any."""
    recheck: str = ""
    """The command that shows whether it is mended."""
    symptoms: tuple[str, ...] = ()
    """The `what` of findings that merely follow from this one, and are not told by themselves."""
