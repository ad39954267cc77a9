"""The one bounds-checked reader of formats that are read piece by piece."""

from bellrock.wire.errors import Reason, WireError


class Cursor:
    """Reads `data` from the front; `what` names the format in errors.

    Every method that reads raises WireError(TRUNCATED) instead of returning less than was asked for.
    """

    __slots__ = ("_at", "_data", "_what")

    def __init__(self, data: bytes | memoryview, what: str) -> None:
        self._data = bytes(data)
        self._what = what
        self._at = 0

    @property
    def left(self) -> int:
        """Octets not yet read."""
        return len(self._data) - self._at

    def take(self, count: int) -> bytes:
        """The next `count` octets."""
        if count > self.left:
            raise WireError(
                Reason.TRUNCATED, f"{self._what}: {count} octets wanted at offset {self._at}, {self.left} are left"
            )
        start = self._at
        self._at += count
        return self._data[start : self._at]

    def peek(self) -> int:
        """The next octet, which stays where it is."""
        self.take(1)
        self._at -= 1
        return self._data[self._at]

    def u8(self) -> int:
        """The next octet."""
        return self.take(1)[0]

    def u16(self) -> int:
        """The next two octets, big-endian."""
        return int.from_bytes(self.take(2), "big")

    def u32(self) -> int:
        """The next four octets, big-endian."""
        return int.from_bytes(self.take(4), "big")

    def rest(self) -> bytes:
        """All that is left."""
        return self.take(self.left)
