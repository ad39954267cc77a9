"""What the values of a configuration mean beyond their types: the same checks that the commands make of their options."""

from collections.abc import Callable
from typing import Final

from bellrock.cli.output import Failure


def meaningless(key: str, value: object) -> str:
    """Why a command would not take this value of a key; nothing where it would."""
    check = _CHECKS.get(key)
    if check is None or not isinstance(value, str):
        return ""
    try:
        check(value)
    except (Failure, ValueError) as error:
        return str(error).removeprefix(f"--{key} ")
    return ""


def _vlan(text: str) -> None:
    from bellrock.cli.vlans import parse_vlans

    parse_vlans((text,))


def _listen(text: str) -> None:
    from bellrock.region.addresses import AddressError, parse_address

    try:
        parse_address(text)
    except AddressError as error:
        raise Failure(str(error)) from None


def _url(text: str) -> None:
    from bellrock.cli.address import secure_address

    secure_address(text, "--url")


def _region(text: str) -> None:
    from bellrock.cli.address import check_wanted

    check_wanted(text)


def _name(text: str) -> None:
    from bellrock.cli.running import check_name

    check_name(text)


def _database(text: str) -> None:
    from bellrock.cli.database import check_place

    check_place(text)


_CHECKS: Final[dict[str, Callable[[str], None]]] = {
    "database": _database,
    "listen": _listen,
    "name": _name,
    "region": _region,
    "url": _url,
    "vlan": _vlan,
}
