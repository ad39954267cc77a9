"""One agent and what it has told. What it told of others is packed while nobody asks for it."""

from collections import OrderedDict
from collections.abc import Collection, Iterator, Mapping
from typing import Final

from msgspec.structs import replace

from bellrock.model import (
    Evidence,
    EvidenceGone,
    EvidenceKey,
    HostSeen,
    Interface,
    InterfaceGone,
    InterfaceSeen,
    MtuGone,
    MtuSeen,
    Observation,
    Port,
    RefusalCount,
)
from bellrock.region.store import AgentRow
from bellrock.region.store.packed import NOTHING, Packed, Told, devices, pack

AWAKE: Final = 20_000
"""Pieces of evidence and measured directions that are held unpacked, of all agents together: about 20 MiB."""
MORE: Final = 100
"""Pieces that the account that was asked for last may get before they are counted: they come one by one, hundreds together."""
RESTARTED: Final = "restarted"

RefusalKey = tuple[Port, str, str]
Interfaces = Mapping[str, tuple[Interface, int]]
"""By name, with the number of the account that told it."""


class Awake:
    """The accounts that are unpacked: those that were asked for last."""

    def __init__(self, most: int = AWAKE) -> None:
        """`most`: pieces; one account is awake however much it has."""
        self._most = most
        self._sizes: OrderedDict[Account, int] = OrderedDict()
        self._total = 0
        self._newest: Account | None = None
        self._turned: set[Account] = set()
        self._pieces = (0, 0)

    def turns(self, account: "Account") -> None:
        """An account comes to hold something else."""
        self._turned.add(account)

    def pieces(self) -> tuple[int, int]:
        """Pieces of evidence, and measured directions, in all accounts together: those are counted that have turned since the last time."""
        while self._turned:
            account = self._turned.pop()
            before, account.counted = account.counted, account.count
            evidence, mtu = self._pieces
            self._pieces = evidence + account.counted[0] - before[0], mtu + account.counted[1] - before[1]
        return self._pieces

    def use(self, account: "Account", size: int) -> None:
        """An account of so many pieces is asked for now; what nobody has asked for in a while goes to sleep."""
        if account is self._newest and 0 <= size - self._sizes[account] < MORE:
            return
        self._newest = account
        self._total += size - self._sizes.get(account, 0)
        self._sizes[account] = size
        self._sizes.move_to_end(account)
        while self._total > self._most and len(self._sizes) > 1:
            oldest, freed = self._sizes.popitem(last=False)
            self._total -= freed
            oldest.sleep()


class Account:
    """One agent and what it has told.

    Whoever walks over all accounts takes what reads them as they are (`all_evidence`, `all_mtu`, `devices`, `count`): `evidence` and
    `mtu` unpack, and keep it for the next who asks. What these return is true until the account is told something.
    """

    def __init__(self, row: AgentRow, told: Packed = NOTHING, awake: Awake | None = None) -> None:
        self.host = row.host
        self.boot = row.boot
        self.number = row.account
        self.last = row.last
        self.seen = row.seen
        self.offset = row.offset
        self.software = row.software
        self.interfaces: dict[str, tuple[Interface, int]] = {}
        self.refusals: dict[RefusalKey, tuple[RefusalCount, int]] = {}
        self._packed: Packed | None = told
        """None: it is not what was told any more."""
        self._told: Told | None = None
        """None: it sleeps."""
        self._awake = awake or Awake()
        self.counted = (0, 0)
        """What `Awake.pieces` has counted of it."""
        self._awake.turns(self)

    @property
    def evidence(self) -> Mapping[EvidenceKey, tuple[Evidence, int]]:
        """What it observed, with the number of the account that told it."""
        return self._open().evidence

    @property
    def mtu(self) -> Mapping[tuple[Port, Port], tuple[MtuSeen, int]]:
        """What passes from its ports to others, with the number of the account that told it."""
        return self._open().mtu

    def change(self) -> Told:
        """The same, to be changed at once: before any other account is asked for anything."""
        told = self._open()
        self._packed = None
        self._awake.turns(self)
        return told

    def sleep(self) -> None:
        """Pack what it told."""
        if self._told is not None and self._packed is None:
            self._packed = pack(self._told)
        self._told = None

    def _open(self) -> Told:
        told = self._told
        if told is None:
            told = self._told = (self._packed or NOTHING).unpack()
        self._awake.use(self, len(told.evidence) + len(told.mtu))
        return told

    # what wakes nobody

    @property
    def empty(self) -> bool:
        """Whether it has told nothing that it did not take back."""
        return not self.interfaces and not any(self.count)

    @property
    def count(self) -> tuple[int, int]:
        """Pieces of evidence, and measured directions."""
        if self._told is not None:
            return len(self._told.evidence), len(self._told.mtu)
        packed = self._packed or NOTHING
        return packed.evidence, packed.mtu

    @property
    def asleep(self) -> Packed | None:
        """What it told, packed; None where it was told something since."""
        return self._packed

    def all_evidence(self) -> Collection[Evidence]:
        """All that it observed."""
        if self._told is not None:
            return [one for one, _ in self._told.evidence.values()]
        return (self._packed or NOTHING).all_evidence()

    def all_mtu(self) -> Collection[MtuSeen]:
        """All that it measured."""
        if self._told is not None:
            return [one for one, _ in self._told.mtu.values()]
        return (self._packed or NOTHING).all_mtu()

    def devices(self) -> Mapping[str, Evidence]:
        """By interface: what the device at the other end of its cable says of itself."""
        if self._packed is not None:
            return self._packed.devices
        return devices(self.all_evidence())

    def outline(self, interfaces: Interfaces) -> Iterator[Observation]:
        """All but what it told of others, as if told anew; `interfaces`: as they are, or were."""
        yield HostSeen(self.host, self.seen)
        for interface, _ in interfaces.values():
            yield InterfaceSeen(self.host.id, interface)
        for refusal, _ in self.refusals.values():
            yield refusal

    # what becomes of it

    def forget_interface(self, name: str) -> None:
        """An interface vanished."""
        self.interfaces.pop(name, None)
        self.refusals = {key: held for key, held in self.refusals.items() if key[0].interface != name}

    def older(self) -> list[str]:
        """The interfaces that the latest account has not named: gone, once it is complete."""
        return [name for name, (_, number) in self.interfaces.items() if number < self.number]

    def withdraw_older(self) -> list[Observation]:
        """The account is complete: what only earlier ones said no longer holds."""
        gone: list[Observation] = []
        older = self.older()
        for name in older:
            del self.interfaces[name]
            gone.append(InterfaceGone(self.host.id, name))
        told = self.change()
        for key in [key for key, (_, number) in told.evidence.items() if number < self.number]:
            del told.evidence[key]
            gone.append(EvidenceGone(key, RESTARTED))
        for port, peer in [key for key, (_, number) in told.mtu.items() if number < self.number]:
            del told.mtu[port, peer]
            gone.append(MtuGone(port, peer, RESTARTED))
        for refused, (refusal, number) in [*self.refusals.items()]:
            if number < self.number or refusal.port.interface in older:
                del self.refusals[refused]
                gone.append(replace(refusal, count=0))
        return gone

    def clear(self) -> None:
        """All of it is taken back."""
        self.interfaces.clear()
        self.refusals.clear()
        told = self.change()
        told.evidence.clear()
        told.mtu.clear()
