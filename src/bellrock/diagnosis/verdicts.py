"""What was tried, held against what was wanted: the verdict on each check, also by what the others of its run have shown."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from ipaddress import ip_address, ip_network
from typing import Final

from msgspec import structs

from bellrock.diagnosis.obstacles import NO_WAY
from bellrock.flows import Wanted
from bellrock.model import Probed, Traced, Verdict

Pair = tuple[Wanted, Probed]

_SERVES: Final = (Verdict.WORKS, Verdict.DEGRADED, Verdict.AUTHENTICATION_NEEDED)
_ANSWERS: Final = (*_SERVES, Verdict.TLS_FAULT, Verdict.WRONG_SERVICE, Verdict.EXPOSED)
SILENT: Final = (Verdict.FILTERED, Verdict.UNREACHABLE)
NOT_OUT: Final = ("no route", "refusing route", "no neighbour", "own firewall")
"""Obstacles (`link.obstacle`) at this machine itself: nothing left it."""
_ASTRAY: Final = ("no host", "time exceeded", "too big")
"""Nothing got as far as the target, and not because somebody keeps it out."""
_OF_SUBNET: Final = "unreachable"
"""Routers that have no route say so; routes are for subnets."""


def judge(pairs: Sequence[Pair], subnets: Iterable[str] = ()) -> tuple[Probed, ...]:
    """What to think of each result of one run at one place, in order.

    What must be blocked works where nothing answers, is `exposed` where something does, and `not-checked` where nothing left
    this machine, or nothing of that host answers whatever is asked. Where one of several ports is enough, those that are
    shut beside one that answers are as they should be. Routers limit how often they say that there is no way: what one
    said of a host, or of a host of the same one of `subnets` (prefixes), speaks for the silence of the others.
    """
    enough = {_service(want) for want, found in pairs if want.alternative and found.verdict in _SERVES}
    heard = {host for _, found in pairs if came(found) and (host := host_of(found.target))}
    tried = {
        host_of(found.target) for want, found in pairs if _must_pass(want) and found.verdict is not Verdict.NOT_CHECKED
    }
    mute = tried - heard if heard else None
    words = _Words([found for _, found in pairs], heard, subnets)
    return tuple(
        _judged(want, words.instead_of(found), enough=_service(want) in enough, mute=_is_mute(found, mute, tried))
        for want, found in pairs
    )


def came(found: Probed) -> bool:
    """Whether anything came back that the target itself said, or somebody in its name."""
    return found.verdict in (*_ANSWERS, Verdict.REFUSED) or found.obstacle == "stalled"


@lru_cache(maxsize=65_536)
def host_of(target: str) -> str:
    """The address of `ADDRESS:PORT`; empty for what is no address."""
    host = target.rpartition(":")[0] if target.count(":") == 1 or "]:" in target else target
    try:
        return str(ip_address(host.strip("[]")))
    except ValueError:
        return ""


def _must_pass(want: Wanted) -> bool:
    return want.expectation == "pass" and not want.interface


def _is_mute(found: Probed, mute: set[str] | None, tried: set[str]) -> bool:
    """Whether nothing at all answers there; `mute` is None where nothing answers anywhere."""
    return bool(tried) if mute is None else host_of(found.target) in mute


class _Words:
    """What is known of hosts because it was said about another packet to them."""

    def __init__(self, found: Iterable[Probed], heard: set[str], subnets: Iterable[str]) -> None:
        told = [one for one in found if one.obstacle in NO_WAY]
        self._of_host = {host: one for one in told if (host := host_of(one.target)) and host not in heard}
        self._subnets = [ip_network(text, strict=False) for text in subnets]
        alive = {self._subnet(host) for host in heard}
        self._of_subnet = {
            subnet: one for one in told if one.obstacle == _OF_SUBNET and (subnet := self._subnet(host_of(one.target))) and subnet not in alive
        }  # fmt: skip

    def instead_of(self, found: Probed) -> Probed:
        """A silence by what is known of its host, or of its subnet."""
        host = host_of(found.target)
        if found.obstacle != "silence" or not host:
            return found
        word = self._of_host.get(host) or self._of_subnet.get(self._subnet(host))
        if word is None:
            return found
        proof = tuple(_noticed(step, word.target) for step in word.evidence if step.direction == "received")
        return structs.replace(
            found, verdict=Verdict.UNREACHABLE, detail=f"{word.detail}; said of {word.target}, while here {found.detail}",
            obstacle=word.obstacle, by=word.by, evidence=(*found.evidence, *proof[-1:]), facts=found.facts | {"seen": found.verdict.value},
        )  # fmt: skip

    def _subnet(self, host: str) -> str:
        """The smallest that it is in."""
        if not host:
            return ""
        address = ip_address(host)
        around = [one for one in self._subnets if address in one]
        return str(max(around, key=lambda one: one.prefixlen)) if around else ""


def _noticed(step: Traced, target: str) -> Traced:
    return structs.replace(step, direction="noticed", what=f"when {target} was tried: {step.what}")


def _judged(want: Wanted, found: Probed, *, enough: bool, mute: bool) -> Probed:
    if found.verdict is Verdict.NOT_CHECKED:
        return found
    if want.expectation == "blocked":
        return _of_blocked(want, found, mute=mute)
    if enough and found.verdict in (Verdict.REFUSED, *SILENT):
        return _works(found, f"another port of it answers, which is enough; here: {found.detail}")
    return found


def _of_blocked(want: Wanted, found: Probed, *, mute: bool) -> Probed:
    # Of a link, others than the one that must not be there may well answer.
    answers = (found.verdict in _ANSWERS or found.obstacle == "stalled") and (
        bool(want.address or want.name) or found.verdict is not Verdict.WRONG_SERVICE
    )
    if answers:
        return structs.replace(found, verdict=Verdict.EXPOSED, detail=f"it answers here, and must not: {found.detail}")
    if found.obstacle in NOT_OUT:
        return _unknown(found, "nothing left this machine, which says nothing about who is let in there")
    if found.obstacle in _ASTRAY:
        return _unknown(found, "nothing got as far as the target, which says nothing about who is let in there")
    if mute and found.verdict in SILENT and found.obstacle != "administratively prohibited":
        return _unknown(found, "nothing else answers from here either, so that this silence proves nothing")
    return _works(found, f"nothing answers, as it should be: {found.detail}")


def _unknown(found: Probed, why: str) -> Probed:
    return structs.replace(
        found, verdict=Verdict.NOT_CHECKED, detail=f"{why}: {found.detail}", facts=found.facts | {"seen": found.verdict.value}
    )  # fmt: skip


def _works(found: Probed, detail: str) -> Probed:
    return structs.replace(
        found, verdict=Verdict.WORKS, detail=detail, facts=found.facts | {"seen": found.verdict.value}
    )


def _service(want: Wanted) -> tuple[str, str, str, str]:
    return want.flow, want.exchange, want.address, want.name
