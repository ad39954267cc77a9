"""How a site file says that flows are tried: options of their probes, and who answers for them.

What options a probe has, the probe knows: they are carried as text, and refused where it is run.
"""

import re
from ipaddress import ip_address
from typing import Final

from bellrock.flows.nearest import nearest
from bellrock.flows.site import Target, Trial
from bellrock.flows.site_spec import MAX_OPTION, MAX_PORT, OPTION, WORDS, TargetSpec
from bellrock.flows.wanted import BOOT
from bellrock.flows.written import WrittenError, spans
from bellrock.wire.toml.lines import Path
from bellrock.wire.toml.tables import Tables, kind_of
from bellrock.wire.toml.text import Problem

TARGET: Final = "target"
MAX_TARGETS: Final = 10_000
"""Of one flow."""
_NAMED: Final = re.compile(OPTION)
_WORDS: Final = WORDS | {
    "`int` >= 1": f"a port number of 1-{MAX_PORT}",
    f"`int` <= {MAX_PORT}": f"a port number of 1-{MAX_PORT}",
}


def trials(tables: object, problems: list[Problem]) -> dict[str, Trial]:
    """By flow id; what is wrong goes to `problems`."""
    if not isinstance(tables, dict):
        problems.append((("probe",), f"expected a table of flow ids, got {kind_of(tables)}"))
        return {}
    found: dict[str, Trial] = {}
    for flow, table in tables.items():
        path: Path = ("probe", flow)
        if flow not in BOOT:
            problems.append((path, f"no probe tries {flow!r}; {nearest(flow, BOOT)}"))
        elif not isinstance(table, dict):
            problems.append((path, f"expected a table of options, got {kind_of(table)}"))
        else:
            found[flow] = Trial(
                options=_options(table, path, problems), targets=_targets(table.get(TARGET, []), path, problems)
            )
    return found


def _options(table: dict[str, object], path: Path, problems: list[Problem]) -> dict[str, str]:
    out: dict[str, str] = {}
    for name, value in table.items():
        if name == TARGET:
            continue
        text = as_text(value)
        if not _NAMED.match(name):
            problems.append(((*path, name), "no name of an option; they are lower-case letters, digits and -"))
        elif text is None:
            problems.append(
                ((*path, name), f"expected a string, a number, a boolean or a list of them, got {kind_of(value)}")
            )
        elif len(text) > MAX_OPTION or not text.isprintable():
            problems.append(((*path, name), f"expected at most {MAX_OPTION} characters, all of them printable"))
        else:
            out[name] = text
    return out


def as_text(value: object) -> str | None:
    """An option's value as probes read it: `yes`, `0.5`, `a,b`; None where it cannot be one."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str | int | float):
        return str(value)
    if isinstance(value, list) and value and all(isinstance(one, str | int | float) for one in value):
        texts = [as_text(one) or "" for one in value]
        return None if any("," in text for text in texts) else ",".join(texts)
    return None


def _targets(listed: object, path: Path, problems: list[Problem]) -> tuple[Target, ...]:
    where: Path = (*path, TARGET)
    if not isinstance(listed, list):
        problems.append((where, f"expected [[probe.{path[1]}.target]], a list of tables, got {kind_of(listed)}"))
        return ()
    if len(listed) > MAX_TARGETS:
        problems.append((where, f"{len(listed)} targets; at most {MAX_TARGETS} are tried"))
        return ()
    found: dict[Target, int] = {}
    tables = Tables(words=_WORDS)
    for position, item in enumerate(listed):
        at: Path = (*where, position)
        spec = tables.convert(item, TargetSpec, at)
        if spec is None or (one := _target(spec, at, problems)) is None:
            continue
        if found.setdefault(one, position) != position:
            problems.append((at, f"the same as target[{found[one]}]"))
    problems += tables.problems
    return tuple(found)


def _target(spec: TargetSpec, path: Path, problems: list[Problem]) -> Target | None:
    if spec.address is None and spec.name is None:
        problems.append((path, "neither address nor name is given; give one of them, or both"))
        return None
    try:
        if spec.address is not None:
            _check_single(spec.address)
    except WrittenError as error:
        problems.append(((*path, "address"), str(error)))
        return None
    address = "" if spec.address is None else str(ip_address(spec.address))
    return Target(address=address, name=spec.name or "", port=spec.port or 0)


def _check_single(text: str) -> None:
    ((_, (first, last)), *others) = spans(text)
    if first != last or others or "/" in text or "-" in text:
        raise WrittenError(f"{text!r} is more than one address; give one target for each")
