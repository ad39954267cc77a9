"""What is in force: each key of the configuration with its value and where that comes from."""

import os
from typing import Any, NamedTuple

import click

from bellrock.cli.configfile import Configuration, Section, blanked
from bellrock.cli.configkeys import command_of, default_of, is_list, keys_of, variables_of
from bellrock.cli.output import file_name


class InForce(NamedTuple):
    """One key. `value` is for programs, None where the machine decides or nothing is set."""

    section: str
    key: str
    value: Any
    origin: str
    """`FILE:LINE`, `$VARIABLE` or `default`."""

    @property
    def text(self) -> str:
        """For people."""
        if self.value is None or self.value in ("", []):
            return "-"
        if isinstance(self.value, list):
            return ", ".join(map(str, self.value))
        return str(self.value).lower() if isinstance(self.value, bool) else str(self.value)


def in_force(name: str, found: Configuration | None) -> list[InForce]:
    """The keys of a table as its command would have them, started here and now without options."""
    known = keys_of(command_of(name))
    section = found.sections[name] if found is not None else Section(known, {})
    return [_one(name, key, option, section, found) for key, option in known.items()]


def _one(name: str, key: str, option: click.Option, section: Section, found: Configuration | None) -> InForce:
    for variable in variables_of(key, option):
        if variable in os.environ:
            return InForce(name, key, _shown(key, variable, option), f"${variable}")
    if found is not None and key in section.values:
        return InForce(name, key, _plain(section.values[key]), f"{found.file}:{found.line(name, key)}")
    return InForce(name, key, _plain(_of_this_machine(key) or default_of(option)), "default")


def _of_this_machine(key: str) -> str:
    """The default of what the machine decides."""
    import socket

    from bellrock.cli.keys import default_state_dir

    if key == "state-dir":
        return str(default_state_dir())
    return socket.gethostname() if key == "name" else ""


def _shown(key: str, variable: str, option: click.Option) -> Any:  # noqa: ANN401 -- as JSON has it
    """What a variable holds, but never a secret."""
    text = os.environ[variable]
    if key == "secret-file" and not variable.endswith("_FILE"):
        return ["(the secret itself, not shown)"]
    return _plain(text.split(os.pathsep) if is_list(option) else text)


def _plain(value: Any) -> Any:  # noqa: ANN401 -- as JSON has it
    """A value that JSON can hold, without passwords."""
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, str):
        return blanked(file_name(value))
    return value if value is None or isinstance(value, bool | int | float) else str(value)
