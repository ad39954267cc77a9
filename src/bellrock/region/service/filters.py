"""Which rows of a list are asked for; what is not said does not matter."""

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Final

from msgspec import Struct

from bellrock.model import Evidence, Interface, RefusalCount
from bellrock.region.service.places import Place
from bellrock.region.service.state import Account

MOST_UNPACKED: Final = 100
"""Agents whose evidence is unpacked to count what is later than a moment."""


class HostsWanted(Struct, frozen=True, kw_only=True):
    """Agents by what they are called, what they are and whether they are here. `host`: name or id."""

    host: str | None = None
    role: str | None = None
    connected: bool | None = None

    def takes(self, name: str, account: Account, here: Collection[str]) -> bool:
        """Whether it is one of them; `here`: ids of those that are connected."""
        host = account.host
        return (
            self.host in (None, name, host.id)
            and self.role in (None, host.role)
            and (self.connected is None or self.connected == (host.id in here))
        )


class InterfacesWanted(Struct, frozen=True, kw_only=True):
    """Interfaces by where they are. `vlan`, `fabric`: ids, or a VLAN's name; `placed`: whether anything is known of its place."""

    host: str | None = None
    interface: str | None = None
    vlan: str | None = None
    fabric: str | None = None
    vid: int | None = None
    placed: bool | None = None

    def among(self, account: Account) -> Collection[tuple[Interface, int]]:
        """Those of an agent that can be meant: accounts hold interfaces by name, so that of one name none need be looked for."""
        if self.interface is None:
            return account.interfaces.values()
        found = account.interfaces.get(self.interface)
        return () if found is None else (found,)

    def takes(self, one: Interface, places: Callable[[], Sequence[Place]], named: Collection[str] | None) -> bool:
        """Whether it is one of them. `places`: where it is; `named`: ids of the VLANs that are meant, None: any."""
        if self.interface not in (None, one.name):
            return False
        if self.vid is None and self.placed is None and named is None:
            return True
        found = places()
        return (
            (self.placed is None or self.placed == bool(found))
            and (self.vid is None or any(place.vid == self.vid for place in found))
            and (named is None or any(place.vlan in named for place in found))
        )


class EvidenceWanted(Struct, frozen=True, kw_only=True):
    """Observations by where they were made. `since`: those that began to hold then or later, seconds since 1970."""

    host: str | None = None
    interface: str | None = None
    vid: int | None = None
    kind: str | None = None
    since: float | None = None

    def takes(self, one: Evidence) -> bool:
        """Whether it is one of them; of which host is not looked at."""
        return (
            self.interface in (None, one.port.interface)
            and self.vid in (None, one.port.vid)
            and self.kind in (None, one.kind.value)
            and (self.since is None or one.since >= self.since)
        )

    def may_be(self, account: Account) -> bool:
        """Whether an agent may have told of any; False: it has not. Cheap, and of most agents true where it can be."""
        return bool(self._counted(account, {}))

    def count(self, accounts: Iterable[Account]) -> int | None:
        """How many these agents told of; None where that would take long."""
        known: dict[str, int] = {}
        total = looked = 0
        for account in accounts:
            counted = self._counted(account, known)
            if counted and self.since is not None:
                looked += 1
                if looked > MOST_UNPACKED:
                    return None
                counted = sum(map(self.takes, account.all_evidence()))
            total += counted
        return total

    def _counted(self, account: Account, known: dict[str, int]) -> int:
        """Those of an agent, `since` aside where some may be later. `known`: what was counted of agents that have the same."""
        if self.since is None and self.interface is None and self.vid is None and self.kind is None:
            return account.count[0]
        packed = account.asleep
        if packed is None:
            return sum(map(self.takes, account.all_evidence()))
        if self.since is not None and packed.newest < self.since:
            return 0
        count = known.get(packed.kinds)
        if count is None:
            count = known[packed.kinds] = sum(
                number
                for kind, some in packed.by_kind().items()
                for interface, vid, number in some
                if self.kind in (None, kind) and self.interface in (None, interface) and self.vid in (None, vid)
            )
        return count


class RefusalsWanted(Struct, frozen=True, kw_only=True):
    """Refused frames by where they came in. `since`: the last of them then or later, seconds since 1970."""

    host: str | None = None
    interface: str | None = None
    vid: int | None = None
    reason: str | None = None
    since: float | None = None

    def takes(self, one: RefusalCount) -> bool:
        """Whether it is one of them; of which host is not looked at."""
        return (
            self.interface in (None, one.port.interface)
            and self.vid in (None, one.port.vid)
            and self.reason in (None, one.reason)
            and (self.since is None or one.seen >= self.since)
        )


class VlansWanted(Struct, frozen=True, kw_only=True):
    """VLANs by their fabric's id or name, their own name, and VID."""

    fabric: str | None = None
    name: str | None = None
    vid: int | None = None


ALL_HOSTS: Final = HostsWanted()
ALL_INTERFACES: Final = InterfacesWanted()
ALL_REFUSALS: Final = RefusalsWanted()
