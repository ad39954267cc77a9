"""Holds what was found against what had to be found. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from msgspec import Struct

from bellrock.lab.scenario.schema import ExpectSpec, ScenarioFile
from bellrock.lab.scenario.words import filled

OF_WEIGHT: Final = ("error", "warning")
Found = dict[str, Any]
"""A finding as JSON has it."""


class Names(Struct, frozen=True):
    """What stands for a host in findings."""

    words: Mapping[str, str] = {}
    """For texts."""
    hosts: Mapping[str, frozenset[str]] = {}
    """Host → its MAC addresses and addresses."""


class Judgement(Struct, frozen=True, kw_only=True):
    """How the tool did."""

    found: tuple[str, ...] = ()
    """Ids of what was expected and is there."""
    missed: tuple[str, ...] = ()
    false: tuple[str, ...] = ()
    """`what` of findings of weight that nobody expected."""
    first: bool = True
    """The first that was expected is the first of all."""

    @property
    def right(self) -> bool:
        """Whether all was named right."""
        return self.first and not self.missed and not self.false


def judge(file: ScenarioFile, findings: Sequence[Found], names: Names) -> Judgement:
    """Hold findings, the gravest first, against a scenario."""
    found = [one.id for one in file.expect if any(matches(one, finding, names) for finding in findings)]
    missed = [_told(one) for one in file.expect if not any(matches(one, finding, names) for finding in findings)]
    known = (*file.expect, *file.also)
    false = [
        f"{finding.get('id')}: {finding.get('what', '')}"
        for finding in findings
        if finding.get("severity") in OF_WEIGHT and not any(matches(one, finding, names) for one in known)
    ]
    first = not file.expect or (bool(findings) and matches(file.expect[0], findings[0], names))
    return Judgement(found=tuple(found), missed=tuple(missed), false=tuple(false), first=first)


def matches(expected: ExpectSpec, finding: Found, names: Names) -> bool:
    """Whether a finding is the one that is expected."""
    if finding.get("id") != expected.id:
        return False
    where = finding.get("where") or {}
    if expected.vid is not None and where.get("vlan") != expected.vid:
        return False
    told = all(
        _same(getattr(expected, key), str(where.get(key) or ""), names)
        for key in ("host", "interface", "flow", "client", "address")
    )
    return told and _says(expected.says, finding, names)


def _same(expected: str, found: str, names: Names) -> bool:
    if not expected or found == expected:
        return True
    wanted = filled(expected, names.words)
    return found == wanted or _without_port(found) in (wanted, *names.hosts.get(expected, ()))


def _without_port(text: str) -> str:
    """`10.0.0.2:69` and `[fd00::2]:69` without the port."""
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0] if text.count(":") == 1 else text


def _says(expected: str, finding: Found, names: Names) -> bool:
    texts = [str(finding.get("what", "")), str(finding.get("cause", ""))]
    texts += [str(text) for key in ("proof", "fix") for text in finding.get(key) or ()]
    return not expected or any(filled(expected, names.words) in text for text in texts)


def _told(expected: ExpectSpec) -> str:
    where = [getattr(expected, key) for key in ("host", "interface", "client", "address") if getattr(expected, key)]
    return expected.id + (f" ({', '.join(where)})" if where else "")
