"""The Trickle algorithm (RFC 6206): when to solicit, so that a segment of any size carries a constant number of solicitations."""

from collections.abc import Callable


class Trickle:
    """One port's Trickle timer.

    `at` is the next moment at which `expire` wants to be called: the transmission point t, then the end of the interval.
    Times are seconds on one monotonic clock.
    """

    __slots__ = ("_counter", "_draw", "_end", "_fired", "_imax", "_imin", "_interval", "_k", "_t")

    def __init__(self, imin: float, imax: float, k: int, draw: Callable[[], float], now: float) -> None:
        self._imin = imin
        self._imax = imax
        self._k = k
        self._draw = draw
        self._fired = False
        self.restart(now)

    def restart(self, now: float) -> None:
        """Begin anew at `now`, which may lie ahead."""
        # RFC 6206 §4.2 rule 1: "it sets I to a value in the range of [Imin, Imax]"
        self._begin(self._imin, now)

    @property
    def at(self) -> float:
        """When `expire` is wanted next."""
        return self._end if self._fired else self._t

    @property
    def interval(self) -> float:
        """The current interval I, seconds."""
        return self._interval

    def consistent(self) -> None:
        """A consistent transmission was heard."""
        # §4.2 rule 3: "Whenever Trickle hears a transmission that is consistent, it increments the counter c."
        self._counter += 1

    def inconsistent(self, now: float) -> None:
        """An inconsistent transmission was heard, or something happened that others should learn soon."""
        # §4.2 rule 6: "If Trickle hears a transmission that is inconsistent and I is greater than Imin, it resets the
        # Trickle timer. [...] If I is equal to Imin [...], Trickle does nothing."
        if self._interval > self._imin:
            self._begin(self._imin, now)

    def expire(self, now: float) -> bool:
        """Do what is due at `at`; True if a transmission is due."""
        if not self._fired:
            self._fired = True
            # §4.2 rule 4: "At time t, Trickle transmits if and only if the counter c is less than the redundancy constant k."
            return self._counter < self._k
        # §4.2 rule 5: "When the interval I expires, Trickle doubles the interval length."
        self._begin(min(self._interval * 2, self._imax), now)
        return False

    def _begin(self, interval: float, now: float) -> None:
        # §4.2 rule 2: "Trickle resets c to 0 and sets t to a random point in the interval, taken from the range [I/2, I)"
        self._interval = interval
        self._counter = 0
        self._fired = False
        self._t = now + interval * (0.5 + 0.5 * self._draw())
        self._end = now + interval
