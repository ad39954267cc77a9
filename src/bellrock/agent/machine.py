"""Which machine this is, without a file to remember it by: the same id at every run, until its cards or board change."""

from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from typing import Final

import ulid_transform

from bellrock.model import Interface, InterfaceKind

PRODUCT: Final = Path("/sys/class/dmi/id/product_uuid")
"""SMBIOS's UUID of the board (DMTF DSP0134 §7.2.1): not every board has one of its own, so the MAC addresses count too."""


def physical(interfaces: Iterable[Interface]) -> list[Interface]:
    """Those with a cable, by index. A veth device stands for one in containers and labs."""
    kinds = (InterfaceKind.PHYSICAL, InterfaceKind.VETH)
    return sorted((one for one in interfaces if one.kind in kinds), key=lambda one: one.index)


def machine_id(interfaces: Iterable[Interface], product: Path = PRODUCT) -> str:
    """An agent id of the usual form (ULID) that tells nothing of what it is made from."""
    try:
        board = product.read_text().strip()
    except (OSError, UnicodeError):
        board = ""
    macs = sorted(one.permanent_mac or one.mac for one in physical(interfaces))
    digest = sha256("\n".join(("bellrock node v1", board, *macs)).encode()).digest()
    return ulid_transform.bytes_to_ulid(digest[:16])
