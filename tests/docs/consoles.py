"""The commands that pages show, and what they show below them.

A block of the language `console` holds commands behind a prompt and the output that follows. `$ ` is this machine, `rack-1$ ` a host of the page's lab. `…` in a
line stands for anything, a line of its own for any lines. `^C` ends a command that would go on. Words behind the language: `exit=1`, with which the last
command of the block ends (else 0), or `no-run`, and why the block cannot be run. A block of another language that comes after "Save it as `NAME`" is a file.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted((ROOT / "docs").rglob("*.md"))
FENCE = re.compile(r"^( *)```+([^\n`]*)\n(.*?)^\1```+$", re.DOTALL | re.MULTILINE)
PROMPT = re.compile(r"^([\w.-]*)\$ (.*)$")
SAVED = re.compile(r"[Ss]ave (?:it|this|them) as `([^`]+)`")
BARE = re.compile(r"^\s*(?:[\w.-]*\$ |(?:sudo (?:-u \w+ )?)?(?:/\S+/)?bellrock (?!\[))", re.MULTILINE)
"""What looks like a command, wherever it stands."""
ENDED = "^C"
ANYTHING = "…"
BETWEEN = r"(?:\ |\ [^\n]*?\ )"
"""Something between two words, or nothing."""


@dataclass
class Command:
    """A line that a reader types, and what the page says comes of it."""

    words: str
    host: str = ""
    shown: list[str] = field(default_factory=list)
    code: int = 0

    @property
    def goes_on(self) -> bool:
        return self.shown[-1:] == [ENDED]


@dataclass
class SavedFile:
    """A file that a reader makes of a block."""

    name: str
    text: str


@dataclass
class Unrun:
    """A block that no test can run."""

    reason: str
    text: str


Step = Command | SavedFile | Unrun


def steps(text: str) -> list[Step]:
    """What a reader of the page does, in order."""
    found: list[Step] = []
    for block in FENCE.finditer(text):
        language, _, words = block[2].strip().partition(" ")
        body = re.sub(f"^{block[1]}", "", block[3], flags=re.MULTILINE)
        saved = SAVED.search(text[: block.start()].rstrip().rpartition("\n\n")[2])
        if language == "console" and words.startswith("no-run"):
            found.append(Unrun(words.removeprefix("no-run").strip(), body))
        elif language == "console":
            found += commands(body, words)
        elif saved:
            found.append(SavedFile(saved[1], body))
    return found


def commands(body: str, words: str) -> list[Command]:
    """The commands of one block."""
    found: list[Command] = []
    for line in body.splitlines():
        if prompt := PROMPT.match(line):
            found.append(Command(prompt[2], prompt[1]))
        elif found and not found[-1].shown and found[-1].words.endswith("\\"):
            found[-1].words += "\n" + line
        elif found:
            found[-1].shown.append(line)
        else:
            raise ValueError(f"a console begins with a prompt, not with {line!r}")
    if found and words:
        found[-1].code = int(words.removeprefix("exit="))
    return found


def loose(text: str) -> list[str]:
    """Blocks that hold something like a command and are not of the language `console`."""
    return [
        block[3]
        for block in FENCE.finditer(text)
        if block[2].strip().partition(" ")[0] not in ("console", "yaml", "python") and BARE.search(block[3])
    ]


def plain(line: str) -> str:
    """A line without what depends on the widths of columns."""
    return re.sub(r"─+", "─", " ".join(line.split()))


def pattern(shown: list[str]) -> re.Pattern[str]:
    """What an output must match, line by line; blank lines do not count."""
    parts = []
    for line in map(plain, shown):
        if line == ANYTHING:
            parts.append(r"(?:[^\n]*\n)*?")
        elif line and line != ENDED:
            parts.append(re.escape(line).replace(r"\ …\ ", BETWEEN).replace(ANYTHING, r"[^\n]*?") + r"\n")
    return re.compile("".join(parts))


def as_shown(command: Command, output: str) -> bool:
    """Whether a command said what the page shows; a page that shows nothing is content with all."""
    said = "".join(f"{line}\n" for line in map(plain, output.splitlines()) if line)
    wanted = pattern(command.shown)
    if command.goes_on:
        return wanted.match(said) is not None
    return not command.shown or wanted.fullmatch(said) is not None
