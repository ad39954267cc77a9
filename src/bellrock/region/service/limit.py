"""How often something may go wrong."""

from bellrock.model import Monotonic


class Bucket:
    """A token bucket: `burst` failures at once, then one per `interval` seconds."""

    def __init__(self, burst: int, interval: float) -> None:
        self._burst = burst
        self._interval = interval
        self._level = float(burst)
        self._at = Monotonic(0.0)

    def wait(self, now: Monotonic) -> float:
        """Seconds until one more is allowed; 0 if it is now."""
        self._level = min(self._burst, self._level + (now - self._at) / self._interval)
        self._at = now
        return max(0.0, (1.0 - self._level) * self._interval)

    def take(self, now: Monotonic) -> None:
        """One happened."""
        self.wait(now)
        self._level = max(0.0, self._level - 1.0)
