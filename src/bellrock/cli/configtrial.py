"""What a configuration without mistakes in its form would run into on this machine: files of secrets, addresses."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from bellrock.cli.configfile import Configuration, Mistake, located
from bellrock.cli.keys import load_keys
from bellrock.cli.output import Failure
from bellrock.wire.toml.text import Problem

_READ: Final = ("authority-cert", "authority-key", "site")
"""Keys of files that the command reads."""
_PAIR: Final = ("authority-cert", "authority-key")


def mistakes(found: Configuration) -> list[Mistake]:
    """Secrets that cannot be used, files that cannot be read, what is given by halves, in the order of the file."""
    problems = [problem for name in found.sections for problem in _problems(name, found.sections[name].values)]
    return located(found.file, found.text, problems)


def warnings(found: Configuration) -> list[Mistake]:
    """Addresses that cannot be bound now."""
    problems = [problem for name in found.sections for problem in _unbound(name, found.sections[name].values)]
    return located(found.file, found.text, problems)


def _problems(name: str, values: dict[str, Any]) -> Iterator[Problem]:
    for position, path in enumerate(values.get("secret-file", ())):
        try:
            load_keys((Path(path),))
        except Failure as failure:
            yield (name, "secret-file", position), failure.message
    for key in _READ:
        if key in values and not os.access(values[key], os.R_OK):
            yield (name, key), f"{values[key]}: cannot be read by this user"
    if "metrics-file" in values and (why := _why_no_figures(Path(values["metrics-file"]))):
        yield (name, "metrics-file"), why
    given = [key for key in _PAIR if key in values]
    if len(given) == 1:
        yield (name, given[0]), "an authority's certificate and its key are given together, or neither"
    yield from _forbidden(name, values)


def _why_no_figures(file: Path) -> str:
    from bellrock.agent.exposure import why_not

    return why_not(file)


def _forbidden(name: str, values: dict[str, Any]) -> Iterator[Problem]:
    """Addresses on which the region may not listen, wherever it runs."""
    if not values.get("listen") or values.get("in-lab"):
        return
    from bellrock.region.addresses import AddressError, allow, parse_address

    for position, text in enumerate(values["listen"]):
        try:
            allow([parse_address(text)], in_lab=False)
        except AddressError as error:
            yield (name, "listen", position), str(error)


def _unbound(name: str, values: dict[str, Any]) -> Iterator[Problem]:
    for position, text in enumerate(values.get("listen", ())):
        if why := _why_not(text):
            yield (name, "listen", position), why
    if "port" in values and (why := _why_not(f"127.0.0.1:{values['port']}")):
        yield (name, "port"), why


def _why_not(text: str) -> str:
    """Why this process could not listen there; nothing where it could. The socket is closed again at once."""
    from bellrock.region.addresses import parse_address

    address = parse_address(text)
    if address.path:
        parent = Path(address.path).parent
        return "" if os.access(parent, os.W_OK | os.X_OK) else f"{parent}: a socket cannot be made there by this user"
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind((address.host, address.port))
            trial.listen()
    except OSError as error:
        return f"cannot listen on {address} now: {(error.strerror or str(error)).lower()}"
    return ""
