"""Rulesets by nft's own tools: the live one, or one in a file of nft's language, its JSON, or what iptables-save writes."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from bellrock.cli.nft_table import require_nft
from bellrock.cli.output import EXIT_UNREADABLE, Failure

if TYPE_CHECKING:
    from bellrock.firewall.verify.ruleset import Ruleset

PATIENCE: Final = 60.0
"""Seconds for one run of nft; 10,000 rules take one."""
MOST_OCTETS: Final = 64 << 20
"""Of a file that is read, and of what nft prints."""
STDIN: Final = Path("-")
"""Stands for standard input, where a file is asked for."""
_PATH: Final = "/usr/sbin:/sbin:/usr/bin:/bin"
_WAYS_IN: Final = (("unshare", "--net"), ("unshare", "--user", "--map-root-user", "--net"))
_SCRATCH: Final = """
ip -force -batch "$1/links" >/dev/null 2>&1
nft -I "$2" -f "$3" 2>"$1/refused" || exit 42
nft -j list ruleset >"$1/json" && nft -a list ruleset >"$1/text"
"""
_REFUSED: Final = 42
_NOT_FOUND: Final = 127


class Printed(Struct):
    """A ruleset as nft prints it."""

    json: bytes
    text: str


def live() -> "Ruleset":
    """The ruleset of this network namespace, rules of iptables-nft included.

    Raises:
        Failure: nft is missing, too old, not permitted, or prints what cannot be read (exit 3).
    """
    from bellrock.cli.nft_iptables import with_iptables
    from bellrock.cli.nft_legacy import require_none

    require_none()
    require_nft()
    printed = Printed(
        _run(["nft", "-j", "list", "ruleset"]), _run(["nft", "-a", "list", "ruleset"]).decode(errors="replace")
    )
    return understood(with_iptables(printed), "the live ruleset")


def from_file(path: Path) -> "Ruleset":
    """The ruleset of a file: nft's JSON, nft's language (loaded in a namespace of its own), or iptables-save.

    Raises:
        Failure: it cannot be read, is too large, or does not load (exit 3).
    """
    from bellrock.cli.nft_iptables import is_iptables, translated

    raw, what = read(path), _called(path)
    if raw.lstrip()[:1] == b"{":
        return understood(Printed(raw, ""), what)
    require_nft()
    text = raw.decode(errors="replace")
    if is_iptables(text):
        return understood(translated(text, what), what)
    # What came through a pipe is read already, and nobody can read it again.
    return understood(loaded(path if path.is_file() and path != STDIN else None, text, what), what)


def merged(rulesets: list["Ruleset"]) -> "Ruleset":
    """Several files as one ruleset: iptables keeps IPv4 and IPv6 apart.

    Raises:
        Failure: a chain is in two of them (exit 2).
    """
    from bellrock.firewall.verify.ruleset import Ruleset

    chains = dict(rulesets[0].chains)
    for other in rulesets[1:]:
        twice = next((key for key in other.chains if key in chains), "")
        if twice:
            raise Failure(f"chain {twice} is in two of the rulesets; which one is meant?")
        chains |= other.chains
    return Ruleset(chains=chains, notes=tuple(note for one in rulesets for note in one.notes))


def noted(ruleset: "Ruleset") -> "Ruleset":
    """The ruleset, with a note where it holds nothing back because nothing is in it."""
    from msgspec import structs

    from bellrock.firewall.verify.ruleset import VerdictKind

    if any(chain.rules or chain.policy is not VerdictKind.ACCEPT for chain in ruleset.chains.values()):
        return ruleset
    return structs.replace(ruleset, notes=("there is no rule at all: everything passes, needed or not", *ruleset.notes))


def understood(printed: Printed, what: str) -> "Ruleset":
    """What nft printed, as a ruleset. Raises Failure (exit 3) where it cannot be read."""
    from bellrock.firewall.verify.read import read_listing, read_nft
    from bellrock.firewall.verify.ruleset import RulesetError

    try:
        return read_nft(printed.json, read_listing(printed.text))
    except RulesetError as error:
        raise Failure(f"{what}: {error}", EXIT_UNREADABLE) from None


def read(path: Path) -> bytes:
    """The octets of a ruleset's file, or of standard input. Raises Failure (exit 3)."""
    what = _called(path)
    try:
        with open(sys.stdin.fileno(), "rb", closefd=False) if path == STDIN else path.open("rb") as file:
            raw = file.read(MOST_OCTETS + 1)
    except OSError as error:
        raise Failure(f"{what}: {error.strerror or error}", EXIT_UNREADABLE) from None
    if len(raw) > MOST_OCTETS:
        raise Failure(f"{what}: longer than {MOST_OCTETS >> 20} MiB; is it a ruleset?", EXIT_UNREADABLE)
    if not raw.strip():
        raise Failure(f"{what}: empty; expected a ruleset of nft or iptables-save", EXIT_UNREADABLE)
    return raw


def _called(path: Path) -> str:
    return "standard input" if path == STDIN else f"{path}"


def loaded(path: Path | None, text: str, what: str) -> Printed:
    """What nft makes of rules that are loaded where they harm nobody: in a network namespace that ends with it.

    `path`: the file itself, so that what it includes is found beside it; None where only the text is there.

    Raises:
        Failure: no namespace may be made, or the rules do not load (exit 3).
    """
    with tempfile.TemporaryDirectory(prefix="bellrock-") as scratch:
        place = Path(scratch)
        (place / "links").write_text("".join(_links(text)))
        source = place / "rules"
        if path is None:
            source.write_text(text)
        else:
            source = path.resolve()
        arguments = ["sh", "-c", _SCRATCH, "sh", scratch, str(source.parent), str(source)]
        for way in _WAYS_IN:
            done = run([*way, *arguments])
            if done.returncode == 0:
                return Printed(_bounded(place / "json"), _bounded(place / "text").decode(errors="replace"))
            if done.returncode == _REFUSED:
                said = (place / "refused").read_text(errors="replace").replace(str(source), what)
                raise Failure(f"{what}: nft does not load it: {complaint(said)}", EXIT_UNREADABLE)
            if done.returncode == _NOT_FOUND:
                raise Failure(
                    f"{what}: unshare was not found, so there is no namespace to load it in; install util-linux, "
                    "or give the JSON of `nft -j list ruleset`", EXIT_UNREADABLE,
                )  # fmt: skip
    raise Failure(
        f"{what}: this user may not make a network namespace to load it in; run it as root, or give the JSON of `nft -j list ruleset`",
        EXIT_UNREADABLE,
    )


def _links(text: str) -> list[str]:
    """Interfaces that rules name by index or hang on: without them nft refuses to load. Whichever kind this kernel has."""
    import re

    names: dict[str, None] = {}
    for found in re.finditer(r"\b(?:iif|oif|devices?)\s+(?:=\s*|!=\s*)?(\{[^}]*\}|\"?[\w.@:-]+\"?)", text):
        for name in re.findall(r"[\w.@:-]+", found[1]):
            if len(name) < 16 and not name.isdecimal() and name != "lo":
                names[name] = None
    return [f"link add name {name} type {kind}\n" for name in list(names)[:4096] for kind in ("dummy", "bridge")]


def complaint(said: str) -> str:
    """The first of nft's complaints in one line: where, through which includes, and why; not the line it repeats below."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    why = next((number for number, line in enumerate(lines) if "Error:" in line), 0)
    more = sum("Error:" in line for line in lines[why + 1 :])
    told = " ".join(lines[: why + 1]) or "it says nothing"
    return f"{told} (and {more} more)" if more else told


def _bounded(path: Path) -> bytes:
    if path.stat().st_size > MOST_OCTETS:
        raise Failure(f"nft prints more than {MOST_OCTETS >> 20} MiB", EXIT_UNREADABLE)
    return path.read_bytes()


def _run(command: list[str]) -> bytes:
    done = run(command)
    if done.returncode == 0:
        return done.stdout
    said = done.stderr.decode(errors="replace").strip()
    said = complaint(said) if said else ""
    if "Operation not permitted" in said:
        raise Failure("the rules may not be read: run it as root, or with CAP_NET_ADMIN", EXIT_UNREADABLE)
    raise Failure(f"{' '.join(command)}: {said or f'ended with {done.returncode}'}", EXIT_UNREADABLE)


def run(command: list[str], text: str | None = None) -> "subprocess.CompletedProcess[bytes]":
    """Run a program of nft's to its end, its output bounded. Exit code 127 where it is not there.

    Raises:
        Failure: it takes too long, prints too much, or cannot be run (exit 3).
    """
    search = f"{os.environ.get('PATH', os.defpath)}:{_PATH}"
    program = shutil.which(command[0], path=search)
    if program is None:
        return subprocess.CompletedProcess(command, 127, b"", f"{command[0]} was not found".encode())
    with tempfile.TemporaryFile() as out:
        try:
            done = subprocess.run(  # noqa: S603 -- programs named above, nothing of the user's but file names
                [program, *command[1:]], input=None if text is None else text.encode(), stdout=out,
                stdin=subprocess.DEVNULL if text is None else None, stderr=subprocess.PIPE, timeout=PATIENCE,
                check=False, env={**os.environ, "PATH": search, "LC_ALL": "C"},
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            raise Failure(f"{command[0]} did not end within {PATIENCE:.0f} s", EXIT_UNREADABLE) from None
        except OSError as error:
            raise Failure(f"{command[0]} cannot be run: {error.strerror}", EXIT_UNREADABLE) from None
        if out.tell() > MOST_OCTETS or os.fstat(out.fileno()).st_size > MOST_OCTETS:
            raise Failure(f"{command[0]} prints more than {MOST_OCTETS >> 20} MiB", EXIT_UNREADABLE)
        out.seek(0)
        return subprocess.CompletedProcess(command, done.returncode, out.read(), done.stderr)
