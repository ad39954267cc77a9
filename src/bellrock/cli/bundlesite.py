"""Of an evidence bundle: the site file without its secrets. It is read as TOML and written anew, so that no comment comes along."""

import re
from pathlib import Path
from typing import Any, Final

from bellrock.cli.bundle import Bundle
from bellrock.cli.output import EXIT_UNREADABLE, Failure, file_name
from bellrock.cli.sitefile import read_raw

BLANK: Final = "(blanked)"
_SECRET: Final = re.compile(
    r"(?i)passw|passphrase|secret|token|community|credential|api[-_]?key|private|authorization|cookie"
    r"|(?:^|[^a-z])(?:pass|pwd|psk|pw|key|auth|pin)(?:$|[^a-z])"
)
"""What a key sounds like that keeps a secret: these anywhere in it, or one of the short ones as a word."""
_SCHEME: Final = re.compile(r"(?i)\b(basic|bearer|digest|negotiate)\s+\S+")
"""Of what HTTP's Authorization holds (RFC 9110 §11.4)."""
_NAMED: Final = re.compile(r"(?<![^\s=:?&;,/])([^\s=:?&;,/]++)(?:=|:\s*+(?!//))")
"""A name, and what stands before its value: in a query, a header, a kernel's command line."""
_VALUE_ENDS: Final = re.compile(r"[\s&;,]")


def site_parts(bundle: Bundle, path: Path) -> None:
    """Add a site file: what stands below a key that sounds secret is blanked, and who somebody is in an address.

    Raises:
        Failure: it cannot be read, or is no TOML: what cannot be understood is not guessed at.
    """
    from bellrock.flows.site_file import MAX_FILE
    from bellrock.wire.toml.text import TomlError, read
    from bellrock.wire.toml.writing import written

    try:
        _text, document = read(read_raw(path), file_name(path), kind="site file", most=MAX_FILE, levels="five")
    except TomlError as error:
        raise Failure(str(error), EXIT_UNREADABLE) from None
    blanker = _Blanker()
    content = written(blanker.value(document)).encode()
    said = f"; {blanker.blanked} values were blanked" if blanker.blanked else ""
    bundle.add("site.toml", f"Site file {file_name(path)}, without its comments{said}.", content)


class _Blanker:
    def __init__(self) -> None:
        self.blanked = 0

    def value(self, value: Any) -> Any:  # noqa: ANN401 -- whatever TOML holds
        """Without secrets; the same otherwise."""
        if isinstance(value, dict):
            return {self._text(key): self._below(key, one) for key, one in value.items()}
        if isinstance(value, list):
            return [self.value(one) for one in value]
        return self._text(value) if isinstance(value, str) else value

    def _below(self, key: str, value: Any) -> Any:  # noqa: ANN401 -- whatever TOML holds
        if not _SECRET.search(key):
            return self.value(value)
        self.blanked += 1
        return BLANK

    def _text(self, text: str) -> str:
        found = without_secrets(text)
        self.blanked += found != text
        return found


def without_secrets(text: str) -> str:
    """A text without what in it tells who somebody is: `user:password@`, values that are named secret, what HTTP authorizes with."""
    text = _SCHEME.sub(rf"\1 {BLANK}", text)
    return "".join(map(_without_user, re.split(r"(\s+)", _without_named(text))))


def _without_named(text: str) -> str:
    parts, at = [], 0
    for match in _NAMED.finditer(text):
        if match.start() < at or not _SECRET.search(match[1]):
            continue
        ends = _VALUE_ENDS.search(text, match.end())
        end = ends.start() if ends else len(text)
        if end > match.end():
            parts += [text[at : match.end()], BLANK]
            at = end
    return "".join((*parts, text[at:]))


def _without_user(word: str) -> str:
    """A word up to its last `@`, which also a password may hold, is taken out after `://`, or where a colon is in it."""
    before, sign, rest = word.rpartition("@")
    scheme, slashes, _user = before.partition("://")
    if slashes:
        return f"{scheme}://{BLANK}@{rest}"
    return f"{BLANK}@{rest}" if sign and ":" in before else word
