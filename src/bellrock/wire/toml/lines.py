"""On which line of a TOML text each key stands, which tomllib does not tell.

The text is known to be valid (tomllib has read it), so this scanner follows the grammar (TOML 1.0) without checking it.
"""

import re
from bisect import bisect_left

Path = tuple[str | int, ...]
"""Keys and array positions from the top: `("host", "rack-1", "interface", "eth0", "mtu")`, `("link", 0, "between")`."""

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_STRING = re.compile(
    r'"""(?:[^\\]|\\.)*?"{3,5}|\'\'\'.*?\'{3,5}|"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'',
    re.DOTALL,
)
_SCALAR = re.compile(r"[^,\]}\n#]*")


def key_lines(text: str) -> dict[Path, int]:
    """Line numbers, from 1, of all keys, table headers and array items in a valid TOML text."""
    return _Scanner(text).document()


def line_of(lines: dict[Path, int], path: Path) -> int:
    """The line of `path`, or of the nearest thing around it that has one."""
    while path and path not in lines:
        path = path[:-1]
    return lines.get(path, 1)


class _Scanner:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._ends = [match.start() for match in re.finditer("\n", text)]
        self._lines: dict[Path, int] = {}
        self._counts: dict[Path, int] = {}

    def document(self) -> dict[Path, int]:
        table: Path = ()
        while self._skip(_BLANK) < len(self._text):
            if self._text.startswith("[", self._at):
                table = self._header()
            else:
                self._pair(table)
        return self._lines

    def _header(self) -> Path:
        of_array = self._text.startswith("[[", self._at)
        self._at += 2 if of_array else 1
        path = self._resolve(self._key())
        if of_array:
            position = self._counts.get(path, 0)
            self._counts[path] = position + 1
            path = (*path, position)
        self._mark(path)
        self._at = self._text.index("]", self._at) + (2 if of_array else 1)
        return path

    def _resolve(self, keys: Path) -> Path:
        """A header's keys, with the position of the newest item after each array of tables on the way."""
        path: Path = ()
        for key in keys:
            if path in self._counts:
                path = (*path, self._counts[path] - 1)
            path = (*path, key)
        return path

    def _pair(self, table: Path) -> None:
        start = self._at
        path = (*table, *self._key())
        after, self._at = self._at, start
        self._mark(path)
        self._at = self._text.index("=", after) + 1
        self._value(path)

    def _key(self) -> Path:
        parts: list[str | int] = []
        while True:
            self._skip(_SPACE)
            if (quoted := _STRING.match(self._text, self._at)) is not None:
                parts.append(quoted[0][1:-1])
                self._at = quoted.end()
            else:
                start = self._at
                parts.append(self._text[start : self._skip(_BARE_KEY)])
            self._skip(_SPACE)
            if not self._text.startswith(".", self._at):
                return tuple(parts)
            self._at += 1

    def _value(self, path: Path) -> None:
        self._skip(_SPACE)
        if self._text.startswith("[", self._at):
            self._array(path)
        elif self._text.startswith("{", self._at):
            self._inline_table(path)
        else:
            string = _STRING.match(self._text, self._at)
            self._at = string.end() if string else self._skip(_SCALAR)

    def _array(self, path: Path) -> None:
        self._at += 1
        position = 0
        while not self._closes("]"):
            self._mark((*path, position))
            self._value((*path, position))
            position += 1

    def _inline_table(self, path: Path) -> None:
        self._at += 1
        while not self._closes("}"):
            self._pair(path)

    def _closes(self, bracket: str) -> bool:
        self._skip(_BLANK)
        if self._text.startswith(",", self._at):
            self._at += 1
            self._skip(_BLANK)
        if self._text.startswith(bracket, self._at):
            self._at += 1
            return True
        return False

    def _mark(self, path: Path) -> None:
        line = bisect_left(self._ends, self._at) + 1
        for end in range(1, len(path) + 1):
            self._lines.setdefault(path[:end], line)

    def _skip(self, pattern: re.Pattern[str]) -> int:
        match = pattern.match(self._text, self._at)
        self._at = match.end() if match else self._at
        return self._at
