"""How often passwords may be guessed, and by whom: back-off per user and place, so that nobody locks out anybody elsewhere."""

import ipaddress
from collections import OrderedDict
from typing import Final

from bellrock.model import Monotonic

FREE_HERE: Final = 5
"""Wrong passwords for one user from one place before the first wait: people mistype."""
FREE_AROUND: Final = 30
"""The same for any users from one neighbourhood, where many people may be."""
LONGEST: Final = 900.0
"""Seconds that a wait grows to; it doubles with each failure, from 1 s."""
FORGET: Final = 3600.0
"""Seconds after which a failure is forgotten, if no other followed."""
REMEMBERED: Final = 4096
"""Places and neighbourhoods of each kind that are remembered; those whose last failure is oldest go first."""
AT_ONCE: Final = 2
"""Passwords of one neighbourhood that are being checked or wait for it; a check costs 64 MiB and a tenth of a second or so (`make bench ONLY=login`)."""


class TooManyFailures(Exception):  # noqa: N818 -- says what it is
    """Too many were wrong lately; `wait` is the seconds until the next may be tried."""

    def __init__(self, wait: float, what: str = "wrong login tokens") -> None:
        super().__init__(f"too many {what}; try again in {max(1.0, wait):.0f} s")
        self.wait = wait


class Backoff:
    """Failures by key: some come without a wait between them, then each doubles it."""

    def __init__(self, free: int) -> None:
        """`free`: the failure after which the first wait, of a second, follows; at least 1."""
        self._free = free
        self._failures: OrderedDict[str, tuple[int, Monotonic]] = OrderedDict()

    def wait(self, key: str, now: Monotonic) -> float:
        """Seconds until the key may try again; 0 if it may now."""
        if key not in self._failures:
            return 0.0
        count, last = self._failures[key]
        return max(0.0, last + _pause(count - self._free) - now)

    def take(self, key: str, now: Monotonic) -> None:
        """An attempt; counted before its outcome is known, so that many at once gain nothing."""
        count, last = self._failures.pop(key, (0, now))
        self._failures[key] = ((0 if now - last > FORGET else count) + 1, now)
        if len(self._failures) > REMEMBERED:
            self._failures.popitem(last=False)

    def forgive(self, key: str, count: int | None = None) -> None:
        """Take back the last `count` attempts; all of them if None."""
        found, last = self._failures.get(key, (0, Monotonic(0.0)))
        left = 0 if count is None else found - count
        if left > 0:
            self._failures[key] = (left, last)
        else:
            self._failures.pop(key, None)

    def __len__(self) -> int:
        return len(self._failures)


class Guesses:
    """Decides whether a password is looked at. Only the place that guesses waits: others log in as ever."""

    def __init__(self) -> None:
        self._here = Backoff(FREE_HERE)
        self._around = Backoff(FREE_AROUND)
        self._under_way: dict[str, int] = {}

    def begin(self, user: str, address: str, now: Monotonic) -> None:
        """Someone at `address` offers a password for `user`; `end` must follow.

        Raises:
            TooManyFailures: too many of theirs were wrong, or are being checked right now.
        """
        here, around = _keys(user, address)
        wait = max(self._here.wait(here, now), self._around.wait(around, now))
        if wait > 0:
            raise TooManyFailures(wait, "wrong passwords from there")
        if self._under_way.get(around, 0) >= AT_ONCE:
            raise TooManyFailures(1.0, "passwords at once from there")
        self._here.take(here, now)
        self._around.take(around, now)
        self._under_way[around] = self._under_way.get(around, 0) + 1

    def end(self, user: str, address: str, *, right: bool) -> None:
        """The password was right, or not."""
        here, around = _keys(user, address)
        self._under_way[around] -= 1
        if not self._under_way[around]:
            del self._under_way[around]
        if right:
            self._here.forgive(here)
            self._around.forgive(around, 1)


def place(address: str) -> str:
    """Who counts as one guesser: an IPv4 address, an IPv6 /64 (what one host has at its disposal), or this machine."""
    return _network(address, 32, 64)


def neighbourhood(address: str) -> str:
    """What one guesser may well have all of: an IPv4 /24, an IPv6 /48."""
    return _network(address, 24, 48)


def _network(address: str, four: int, six: int) -> str:
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return "here"  # a Unix socket has no address
    if found.is_loopback:
        return "here"
    return str(ipaddress.ip_network((found, four if found.version == 4 else six), strict=False))


def _keys(user: str, address: str) -> tuple[str, str]:
    return f"{user} {place(address)}", neighbourhood(address)


def _pause(over: int) -> float:
    return 0.0 if over < 0 else float(min(LONGEST, 2.0 ** min(over, 10)))
