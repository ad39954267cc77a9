"""Where a boot stopped, and the steps of which nothing was seen."""

from collections.abc import Iterable, Sequence
from typing import Final

from bellrock.diagnosis.boot import STEPS, Outcome, Step
from bellrock.diagnosis.boots.part import GAVE_UP, Part
from bellrock.diagnosis.packets import NS
from bellrock.flows.site import Site
from bellrock.flows.values import Role

_WRONG: Final = ("failed", "unanswered")
_GOOD: Final = ("worked", "slow")
_ASIDE: Final = ("link", "spanning-tree", "lacp", "arp", "syslog", "ntp", "reboot")
"""Steps that may work while the boot goes no further."""
_HARMLESS: Final = ("link", "syslog", "ntp", "reboot")
"""Steps without which a boot goes on."""
_EARLY: Final = ("firmware", "ipxe", "bootloader")
"""Stages that ask for no neighbour but those they boot from."""
_FILES: Final = ("tftp", "http-boot")
_ADDRESS: Final = ("dhcp", "proxydhcp")
_BEFORE: Final = ("link", "spanning-tree", "lacp")
_ROLES: Final = {"ntp": Role.NTP, "proxy": Role.PROXY, "mirror": Role.MIRROR, "dns": Role.DNS}


def stopped_at(part: Part, steps: Sequence[Step], *, wants_file: bool, by_http: bool) -> str:
    """The first step that went wrong after the last one that shows progress; else the file that should have been fetched.

    `wants_file`: firmware was told of one; `by_http`: by a URL.
    """
    good = [
        place
        for place, one in enumerate(steps)
        if one.outcome in _GOOD and one.step not in _ASIDE and not begins_anew(one, steps[:place])
    ]
    wrong = [one for one in steps[good[-1] + 1 if good else 0 :] if one.outcome in _WRONG and _matters(one, steps)]
    # Who is refused has reached a server: a neighbour that is silent does not stop it.
    refused = any(one.outcome == "failed" and one.step not in _ASIDE for one in wrong)
    first = next((one.step for one in wrong if not (refused and one.step == "arp")), "")
    return first or _missing(part, steps, wants_file=wants_file, by_http=by_http)


def begins_anew(one: Step, before: Sequence[Step]) -> bool:
    """Firmware asks for an address for the next entry of its boot order: what it fetched for the one before has not got it further."""
    return one.step in _ADDRESS and one.stage == "firmware" and any(each.step in _FILES for each in before)


def _matters(wrong: Step, steps: Sequence[Step]) -> bool:
    if wrong.step == "arp":
        return wrong.stage in _EARLY
    if wrong.step == "dhcp":
        # Who has an address over IPv4 may ask in vain over IPv6.
        return not any(one.step == "dhcp" and one.stage == wrong.stage and one.outcome in _GOOD for one in steps)
    return wrong.step not in _HARMLESS


def _missing(part: Part, steps: Sequence[Step], *, wants_file: bool, by_http: bool) -> str:
    """Firmware that was told of a file, and never asked for it where that would have been seen."""
    asked = any(one.step in _FILES for one in steps)
    leased = [one for one in steps if one.step == "dhcp" and one.outcome in _GOOD]
    if asked or not wants_file or not leased or not part.sees:
        return ""
    since = leased[-1].time + leased[-1].seconds
    lasted = (min(part.end, part.until) - part.begin) / NS - since
    other = any(one.step not in ("dhcp", "proxydhcp", "link") for one in steps)
    # A capture of DHCP alone shows nothing of what comes after it.
    if lasted < GAVE_UP or not other:
        return ""
    return "http-boot" if by_http else "tftp"


def unseen(steps: Iterable[Step], site: Site | None) -> tuple[list[Step], list[Step]]:
    """What is not in the capture: the steps before DHCP, and those after it."""
    seen = list(steps)
    told = {one.step for one in seen}
    last = max((one.time for one in seen), default=0.0)
    missing = [step for step in STEPS if step not in told]
    before = [_unseen(step, told, site, 0.0) for step in missing if step in _BEFORE]
    return before, [_unseen(step, told, site, last) for step in missing if step not in _BEFORE]


def _unseen(step: str, told: set[str], site: Site | None, time: float) -> Step:
    outcome: Outcome = "not-seen"
    what = "nothing of it is in the capture"
    if step in _FILES and told & {*_FILES}:
        outcome, what = "not-needed", f"it boots by {'TFTP' if step == 'http-boot' else 'HTTP'}"
    elif step == "proxydhcp" and told & {*_FILES}:
        outcome, what = "not-needed", "DHCP itself tells the boot file"
    elif step == "mirror" and "proxy" in told:
        outcome, what = "not-needed", "it is asked through the proxy"
    elif site is not None and step in _ROLES and _ROLES[step] not in site.roles:
        outcome, what = "not-needed", "the site has none"
    return Step(step=step, outcome=outcome, what=what, time=time)
