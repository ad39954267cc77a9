"""From Aerleon's text to ours: no revision tags, what a platform cannot say at its head, and what loading it twice needs."""

import json
import re
from typing import Final

from bellrock.firewall.compile.vendors.platforms import Platform
from bellrock.firewall.compile.vendors.rules import Rule

_TAG: Final = re.compile(r"\$(?:Id|Date|Revision):\$")
_RULE_NAME: Final = re.compile(r"add rule name=(\S+)")


_REMOVES: Final = re.compile(r"^no ip(?:v[46])? access-list ", re.MULTILINE)


def replacing(text: str) -> tuple[str, ...]:
    """What happens to a list that is applied while this text is pasted over it."""
    if not _REMOVES.search(text):
        return ()
    return (
        "it removes the list before it writes it again: where the list is applied, nothing is filtered until its first line "
        "is back, and from then on whatever has no line yet is denied, maybe your own session; load it from a file in one "
        "step (configure replace, or copy to running-config), or take the list off its interface first",
    )


def finish(text: str, rules: list[Rule], notices: tuple[str, ...], platform: Platform) -> str:
    """The whole document."""
    if not platform.remark[0]:
        return _annotated(text, notices)
    kept = [line.rstrip() for line in text.splitlines() if not _TAG.search(line)]
    body = "\n".join(_without_blank_runs(kept)).strip("\n")
    if platform.generator == "windows_advfirewall":
        body = _windows(body, rules)
    return _headed(body, notices, platform) + "\n"


def _annotated(text: str, notices: tuple[str, ...]) -> str:
    """JSON has no comments. Only SR Linux annotates what it holds; on the other platforms there is no place for a remark."""
    document = json.loads(text)
    for one in document:
        for body in one.values():
            if isinstance(body, dict) and "_annotate" in body:
                body["_annotate"] = "\n".join(["Written by Bellrock.", *notices])
    return json.dumps(document, indent=2, sort_keys=True) + "\n"


def _headed(body: str, notices: tuple[str, ...], platform: Platform) -> str:
    before, after = platform.remark
    lines = [f"Written by Bellrock for {platform.title}.", *notices]
    head = [f"{before}{_plain(line)}{after}" for line in lines]
    if body.startswith("<?xml"):
        # XML 1.0 §2.8: the declaration comes first, if there is one.
        declaration, _, rest = body.partition("\n")
        return "\n".join([declaration, *head, rest])
    return "\n".join([*head, body])


def _plain(line: str) -> str:
    """Nothing that could end a comment."""
    return line.replace("--", "-").replace("*/", "").replace("/*", "")


def _without_blank_runs(lines: list[str]) -> list[str]:
    return [line for at, line in enumerate(lines) if line or (at and lines[at - 1])]


def _windows(body: str, rules: list[Rule]) -> str:
    """Rules of an earlier load go first. The defaults come last: what they block is allowed by then, where it is needed."""
    names = dict.fromkeys(_RULE_NAME.findall(body))
    directions = {rule.direction for rule in rules}
    ways = [f"{'block' if way in directions else 'allow'}{way}bound" for way in ("in", "out")]
    deletions = [f"netsh advfirewall firewall delete rule name={name} >nul" for name in names]
    return "\n".join([*deletions, body, f"netsh advfirewall set allprofiles firewallpolicy {','.join(ways)}"])
