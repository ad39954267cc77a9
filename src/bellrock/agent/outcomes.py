"""How an attempt to join ended: values with one sentence each, for whoever shows them."""

from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from typing import Final

from msgspec import Struct

from bellrock.agent.candidates import Candidate, candidates
from bellrock.agent.credentials import Credentials
from bellrock.agent.diary import port as port_name
from bellrock.agent.sight import Sight, Wrong
from bellrock.model import Interface

MANY: Final = 4
"""Of a kind that are named one by one."""
OFF: Final = 5.0
"""Seconds of skew from which on it is worth a word."""


class Joined(Struct, frozen=True):
    """The region has signed. `skew`: seconds by which its clock is ahead of this one."""

    region: str
    url: str
    credentials: Credentials
    secret: str
    """Public id of the secret by which it was proved."""
    skew: float

    @property
    def sentence(self) -> str:
        """For people."""
        until = datetime.fromtimestamp(self.credentials.expires, UTC).strftime("%Y-%m-%d %H:%M UTC")
        return (
            f"joined {self.region} at {self.url}; certificate until {until}, renewed by itself{skew_words(self.skew)}"
        )


class Waiting(Struct, frozen=True):
    """A person at the region decides. `code` is shown on both sides."""

    region: str
    url: str
    code: str
    skew: float
    agent: str = ""

    @property
    def sentence(self) -> str:
        """For people."""
        return (
            f"{self.region} at {self.url} asks a person: there, `bellrock agent approve {self.code}` lets this machine in"
            f"{skew_words(self.skew)}"
        )


class Closed(Struct, frozen=True):
    """The region lets nobody join, or not this agent."""

    region: str
    url: str
    why: str

    @property
    def sentence(self) -> str:
        """For people."""
        return f"{self.region} at {self.url} does not let this machine join: {self.why or 'it is closed'}"


class WrongSecret(Struct, frozen=True):
    """Others are there, and our secret is not theirs; or a region says so."""

    what: str

    @property
    def sentence(self) -> str:
        """For people."""
        return self.what


class NoRegion(Struct, frozen=True):
    """Nobody told of a region that could be joined: where it was tried, and what was heard there."""

    what: str

    @property
    def sentence(self) -> str:
        """For people."""
        return self.what


class Unreachable(Struct, frozen=True):
    """A region is known, and none of its addresses answers as one."""

    region: str
    why: str

    @property
    def sentence(self) -> str:
        """For people."""
        return f"{self.region} cannot be reached: {self.why}"


class SwappedCertificate(Struct, frozen=True):
    """Somebody else answers at the region's address."""

    region: str
    why: str

    @property
    def sentence(self) -> str:
        """For people."""
        return f"{self.region} is not what answers: {self.why}; nothing was told to it"


class Several(Struct, frozen=True):
    """More than one region was heard of, and nobody said which."""

    found: tuple[Candidate, ...]

    @property
    def sentence(self) -> str:
        """For people."""
        listed = "; ".join(candidate.label for candidate in self.found)
        return f"{len(self.found)} regions heard, give one with --region: {listed}"


Outcome = Joined | Waiting | Closed | WrongSecret | NoRegion | Unreachable | SwappedCertificate | Several


def skew_words(skew: float) -> str:
    """`; its clock is 3600.0 s ahead of this one …`, or nothing where the clocks agree."""
    if abs(skew) < OFF:
        return ""
    which = "ahead of" if skew > 0 else "behind"
    far = " (set this machine's clock: until then its beacons are refused)" if abs(skew) > 60 else ""
    return f"; its clock is {abs(skew):.1f} s {which} this one{far}"


def wrong_secret(sight: Sight) -> WrongSecret:
    """Somebody is heard, and our secret opens nothing of it."""
    sources = sorted({wrong.source_mac for wrong in sight.wrong})
    where = ", ".join(sorted({port_name(wrong.port) for wrong in sight.wrong}))
    who = "one machine beacons" if len(sources) == 1 else f"{len(sources)} machines beacon"
    named = ", ".join(sources[:MANY]) + (", …" if len(sources) > MANY else "")
    heard = f"{who} on {where} ({named})"
    return WrongSecret(f"{heard}; this secret opens nothing of it: wrong secret ({_not_skew(sight.wrong)})")


def no_region(sight: Sight, within: float, hint: str = "", wanted: str = "") -> NoRegion:
    """Nobody told of a region, or not of the one that is wanted: who did, what was tried, what else was heard."""
    others = candidates(sight)
    tried = f"tried {', '.join(sight.tried)}" if sight.tried else "there is no interface to try"
    heard = _heard(sight, {teller for one in others for teller in one.tellers})
    parts = [tried, *_silent(sight.interfaces.values()), *(heard or ([] if others else ["nobody was heard"]))]
    if hint:
        parts.append(hint)
    there = f" is called {wanted}; there is {'; '.join(one.label for one in others[:MANY])};" if others else ":"
    return NoRegion(f"no region heard within {within:g} s{there} {'; '.join(parts)}")


def _not_skew(wrong: tuple[Wrong, ...]) -> str:
    """Whether their clocks, as their frames say in clear, could be the reason instead. They are not: a signature has no date."""
    skews = [one.skew for one in wrong if one.skew is not None]
    if not skews:
        return "what they send carries no time"
    nearest = min(skews, key=abs)
    if abs(nearest) > 60:
        return f"their clock seems {nearest:+.1f} s off as well, which alone would not hide what they say"
    return f"not clock skew, which is {nearest:+.1f} s"


def _silent(interfaces: Iterable[Interface]) -> list[str]:
    """Interfaces on which nothing could be said, by reason."""
    reasons: dict[str, list[str]] = {}
    for interface in interfaces:
        if not interface.speaks:
            reasons.setdefault(_why_silent(interface), []).append(interface.name)
    return [f"not {', '.join(sorted(names))} ({why})" for why, names in sorted(reasons.items())]


def _why_silent(interface: Interface) -> str:
    if not interface.up:
        return "down"
    if interface.carrier is False:
        return "no carrier"
    return f"part of {interface.master}" if interface.master else "nothing can be sent there"


def _heard(sight: Sight, tellers: Collection[str]) -> list[str]:
    """Who was heard beside those that tell of a region: agents, MAAS racks, switches, and what was refused."""
    told = {
        f"{heard.beacon.extension.host} on {port_name(heard.port)}" for heard in sight.beacons if heard.beacon.extension
    }
    parts = [f"{who} tells of no region with TLS" for who in sorted(told.difference(tellers))[:MANY]]
    if sight.plain:
        where = ", ".join(sorted({port_name(heard.port) for heard in sight.plain}))
        parts.append(f"plain MAAS racks on {where}, which know no region of this kind")
    switches = {port_name(one.port): one.peer_name or one.source_mac for one in sight.neighbours}
    parts += [f"the switch {name} on {where} (LLDP or CDP)" for where, name in sorted(switches.items())[:MANY]]
    refused: dict[str, int] = {}
    for (_, _, reason), count in sight.refused.items():
        refused[reason] = refused.get(reason, 0) + count
    parts += [f"{count} frames refused ({reason})" for reason, count in sorted(refused.items())]
    return parts
