"""What a management controller let be seen of its IPMI, and what that amounts to."""

from typing import Any, Final

from msgspec import Struct

from bellrock.model import Verdict
from bellrock.probe.values import Found
from bellrock.wire import ipmi
from bellrock.wire.ipmi import Capabilities, Status, Suite
from bellrock.wire.rmcp import Pong


class Seen(Struct, kw_only=True):
    """What came to light so far."""

    pong: Pong | None = None
    capabilities: Capabilities | None = None
    suites: tuple[Suite, ...] | None = None
    """None: the controller does not say."""
    opened: dict[int, int] = {}
    """Suite → status of the attempt to open a session with it."""
    given_up: bool = False
    garbage: str = ""
    """What was said that is no RMCP or IPMI."""


def judged(seen: Seen) -> Found:
    """The verdict, where commands are answered."""
    found = facts(seen)
    if why := _weakness(seen):
        return Found(verdict=Verdict.DEGRADED, detail=why, facts=found)
    number = next(number for number, status in seen.opened.items() if number and not status)
    return Found(
        verdict=Verdict.WORKS,
        detail=f"IPMI 2.0; a session opens with cipher suite {number} and was given up",
        facts=found,
    )


def _weakness(seen: Seen) -> str:
    """The gravest first; empty: none."""
    assert seen.capabilities is not None  # noqa: S101 -- judged is called with them
    if not seen.capabilities.ipmi20:
        return "it speaks IPMI 1.5 only: power drivers that want RMCP+ (lanplus, LAN_2_0) cannot use it"
    if seen.opened.get(0) == Status.OK:
        return "it opens sessions with cipher suite 0: whoever reaches it needs no password (CVE-2013-4782); disable cipher suite 0 in it"
    if not seen.opened:
        return "it tells what it lets in, and does not answer when a session is to be opened"
    if all(seen.opened.values()):
        # Of the usual suites the last is the one that every controller has to know (IPMI 2.0 §13.28).
        number, status = next(item for item in reversed(seen.opened.items()) if item[0])
        return f"no session opens with cipher suite {number}: {status_words(status)}{_ADVICE.get(status, '')}"
    if "none" in seen.capabilities.types:
        # IPMI 2.0 §22.13: the types are those that are enabled for the privilege that was asked about, an administrator's.
        return "it opens sessions of IPMI 1.5 for administrators without authentication (type none): disable that type in it"
    if seen.capabilities.anonymous:
        return "it lets in a user without name and password: give the anonymous user of IPMI a password, or disable it"
    return ""


_ADVICE: Final[dict[int, str]] = {
    Status.INSUFFICIENT_RESOURCES: "; others hold all of its sessions, or a reset of the controller is due",
    Status.INSUFFICIENT_RESOURCES_FOR_ROLE: "; others hold all of its sessions, or a reset of the controller is due",
}


def status_words(status: int) -> str:
    """A status code of RMCP+ in words."""
    known = status in set(Status)
    return f"{Status(status).name.lower().replace('_', ' ')} (0x{status:02x})" if known else f"status 0x{status:02x}"


def mute(seen: Seen, pong: Pong) -> Found:
    """The verdict, where pings are answered and commands are not."""
    if pong.ipmi:
        why = "it answers RMCP presence pings, but no IPMI command: its IPMI hangs, or IPMI over LAN is disabled"
        return Found(verdict=Verdict.DEGRADED, detail=why, facts=facts(seen))
    why = "it answers RMCP presence pings, and says itself that it does not speak IPMI"
    return Found(verdict=Verdict.WRONG_SERVICE, detail=why, facts=facts(seen))


def facts(seen: Seen) -> dict[str, Any]:
    """What was measured."""
    found: dict[str, Any] = {"presence_pong": seen.pong is not None}
    if seen.capabilities is not None:
        may = seen.capabilities
        found |= {
            "ipmi": [version for version, spoken in (("1.5", may.ipmi15), ("2.0", may.ipmi20)) if spoken],
            "authentication_types": list(may.types), "anonymous_login": may.anonymous, "null_user_names": may.null_names,
            "per_message_authentication": may.per_message, "two_key_login": may.two_keys, "channel": may.channel,
        }  # fmt: skip
        if may.oem:
            found["enterprise"] = may.oem
    if seen.suites is not None:
        found["cipher_suites"] = [_suite_facts(suite) for suite in seen.suites]
    if seen.opened:
        found["sessions"] = {
            str(number): "opened" if not status else status_words(status) for number, status in seen.opened.items()
        }
    return found


def _suite_facts(suite: Suite) -> dict[str, Any]:
    names = {
        "authentication": ipmi.AUTHENTICATION.get(suite.authentication, str(suite.authentication)),
        "integrity": ipmi.INTEGRITY.get(suite.integrity, str(suite.integrity)),
        "confidentiality": ipmi.CONFIDENTIALITY.get(suite.confidentiality, str(suite.confidentiality)),
    }
    return {"id": suite.id} | names | ({"enterprise": suite.oem} if suite.oem else {})
