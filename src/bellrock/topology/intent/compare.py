"""What is meant beside what was observed, port by port. Where there is no evidence, it says that, and nothing else."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from bellrock.topology.intent.names import same_device, same_host, same_port
from bellrock.topology.intent.values import Deviation, DeviationKind, Intent, MeantPort, Seen

MOST_NAMED: Final = 4
"""Ports that a sentence names."""
_ORDER: Final = tuple(DeviationKind)
_KINDS = DeviationKind


class ObservedVlan(Struct, frozen=True):
    """A VLAN as it was observed."""

    name: str
    vid: int | None
    ports: tuple[str, ...] = ()
    """`HOST/INTERFACE` of its members."""


class _Pair(Struct, frozen=True):
    port: str
    meant: MeantPort
    seen: Seen | None


def compare(intent: Intent, seen: Sequence[Seen], vlans: Mapping[str, ObservedVlan]) -> tuple[Deviation, ...]:
    """How each port differs, the worst first; one that does not is `as-meant`.

    Args:
        intent: what is meant.
        seen: all interfaces that were observed.
        vlans: observed VLANs by id.

    A VLAN is found by its ports: of those that are meant to be in it, most are where it is. VIDs that contradict each other keep two apart.
    """
    everywhere = _Everywhere(seen)
    pairs = [_Pair(port, meant, everywhere.find(port, meant)) for port, meant in intent.ports.items()]
    judge = _Judge(intent, vlans, everywhere, _matched(intent, pairs, vlans, everywhere))
    found = [_of_port(list(judge.of(pair)), pair) for pair in pairs]
    crossed = list(_crossed([one for each in found for one in each], judge))
    extra = judge.unmeant(
        {(one.seen.host, one.seen.interface) for one in pairs if one.seen}, {pair.port for pair in pairs}
    )
    return tuple(sorted((*crossed, *extra), key=lambda one: (_ORDER.index(one.kind), one.port)))


def _of_port(found: list[Deviation], pair: _Pair) -> list[Deviation]:
    """What differs; that nothing does, where nothing does and something is known to be right."""
    wrong = [one for one in found if one.kind is not _KINDS.AS_MEANT]
    return (
        wrong
        or found[:1]
        or [Deviation(kind=_KINDS.AS_MEANT, port=pair.port, why="it is there; nothing else is said of it")]
    )


class _Everywhere:
    """Observed interfaces, to be found by what intent calls them."""

    def __init__(self, seen: Sequence[Seen]) -> None:
        self.seen = seen
        self._by_name = {(one.host, one.interface): one for one in seen}
        self._by_host: dict[str, list[Seen]] = {}
        for one in seen:
            self._by_host.setdefault(one.host, []).append(one)

    def host(self, name: str) -> str:
        """The observed host of this name, by its first label; empty: there is none."""
        return next((host for host in self._by_host if same_host(host, name)), "")

    def of(self, host: str) -> Sequence[Seen]:
        return self._by_host.get(host, ())

    def find(self, port: str, meant: MeantPort) -> Seen | None:
        """By its address, else by its name where the address is not told or is another one's."""
        name, _, interface = port.partition("/")
        mine = self.of(self.host(name))
        by_mac = [one for one in mine if meant.mac and one.mac == meant.mac]
        named = [one for one in mine if one.interface == interface]
        physical = [one for one in by_mac if one.physical]
        return next(iter([*(one for one in by_mac if one in named), *physical, *by_mac, *named]), None)

    def above(self, one: Seen) -> Seen:
        """Where it is: in the place of its bridge or bond, if it belongs to one."""
        return self._by_name.get((one.host, one.master), one) if one.master else one


def _matched(
    intent: Intent, pairs: Iterable[_Pair], vlans: Mapping[str, ObservedVlan], everywhere: _Everywhere
) -> dict[str, str]:
    """Meant VLAN → observed one, each once: the two that most ports share first."""
    shared: Counter[tuple[str, str]] = Counter()
    for pair in pairs:
        if pair.seen is None:
            continue
        here = everywhere.above(pair.seen)
        if pair.meant.untagged and here.untagged:
            shared[pair.meant.untagged, here.untagged] += 1
        for name in pair.meant.tagged:
            if (observed := here.tagged.get(intent.vlans[name].vid or 0)) is not None:
                shared[name, observed] += 1

    def rank(both: tuple[str, str]) -> tuple[int, bool, str]:
        name, observed = both
        agree = intent.vlans[name].vid is not None and intent.vlans[name].vid == vlans[observed].vid
        return -shared[both], not agree, name

    found: dict[str, str] = {}
    for name, observed in sorted((both for both in shared if both[1] in vlans), key=rank):
        meant, there = intent.vlans[name].vid, vlans[observed].vid
        if name not in found and observed not in found.values() and (None in (meant, there) or meant == there):
            found[name] = observed
    return found


class _Judge:
    def __init__(
        self, intent: Intent, vlans: Mapping[str, ObservedVlan], everywhere: _Everywhere, matched: Mapping[str, str]
    ) -> None:
        self._intent, self._vlans, self._everywhere, self._matched = intent, vlans, everywhere, matched

    def of(self, pair: _Pair) -> Iterator[Deviation]:
        """All that can be said of a port."""
        seen, meant = pair.seen, pair.meant
        if seen is None:
            yield self._absent(pair)
        elif meant.connected is False:
            yield self._idle(pair, seen)
        elif seen.carrier is False and (meant.untagged or meant.tagged or meant.cable or meant.connected):
            yield Deviation(
                kind=_KINDS.MISSING, port=pair.port, meant=meant.cable or "a cable", observed="no carrier",
                why=f"{_place(seen)} has no carrier: there is no cable, or the port at its other end is shut down",
            )  # fmt: skip
        else:
            yield from self._cable(pair, seen)
            yield from self._untagged(pair, seen)
            yield from self._tagged(pair, seen)
            yield from _mtu(pair, seen)

    def _absent(self, pair: _Pair) -> Deviation:
        host, _, interface = pair.port.partition("/")
        if not (name := self._everywhere.host(host)):
            return Deviation(
                kind=_KINDS.UNKNOWN, port=pair.port, why=f"{host} was never heard: nothing runs an agent there"
            )
        return Deviation(
            kind=_KINDS.MISSING, port=pair.port, meant=pair.meant.mac or interface, observed="no such interface",
            why=f"{name} has no interface with this address or name",
        )  # fmt: skip

    def _idle(self, pair: _Pair, seen: Seen) -> Deviation:
        if seen.carrier is None:
            return Deviation(
                kind=_KINDS.UNKNOWN,
                port=pair.port,
                why=f"the driver of {_place(seen)} does not tell whether it has carrier",
            )
        kind = _KINDS.EXTRA if seen.carrier else _KINDS.AS_MEANT
        said = "a cable" if seen.carrier else "no carrier"
        return Deviation(
            kind=kind, port=pair.port, meant="nothing plugged in", observed=said, why=f"{_place(seen)} has {said}"
        )

    def _cable(self, pair: _Pair, seen: Seen) -> Iterator[Deviation]:
        switch, _, port = pair.meant.cable.partition("/")
        if not switch:
            return
        if not seen.switch:
            yield Deviation(
                kind=_KINDS.UNKNOWN,
                port=pair.port,
                meant=pair.meant.cable,
                why="no switch says by LLDP or CDP where this cable ends",
            )
            return
        there = any(same_device(switch, one) for one in seen.switch)
        right = there and any(same_port(port, one) for one in seen.switch_port)
        said = f"{seen.switch[0]}/{next(iter(seen.switch_port), '?')}"
        yield Deviation(
            kind=_KINDS.AS_MEANT if right else _KINDS.WRONG_CABLE, port=pair.port, meant=pair.meant.cable, observed=said,
            why=f"the switch at the other end of {_place(seen)} says that it is {said}",
        )  # fmt: skip

    def _untagged(self, pair: _Pair, seen: Seen) -> Iterator[Deviation]:
        if name := pair.meant.untagged:
            here = self._everywhere.above(seen)
            yield self._in(pair, name, here.untagged, seen.unknown or here.unknown)

    def _tagged(self, pair: _Pair, seen: Seen) -> Iterator[Deviation]:
        here = self._everywhere.above(seen)
        for name in pair.meant.tagged:
            vid = self._intent.vlans[name].vid
            why = f"nothing was heard with the tag {vid}" if vid else f"which tag {name} has is not told"
            yield self._in(pair, name, here.tagged.get(vid or 0, ""), why)
        meant = {self._intent.vlans[name].vid for name in (*pair.meant.tagged, pair.meant.untagged) if name}
        if pair.meant.tagged or pair.meant.untagged:
            for vid, observed in sorted(here.tagged.items()):
                if vid not in meant:
                    yield Deviation(
                        kind=_KINDS.EXTRA, port=pair.port, meant="not on this port", observed=self._say(observed, pair.port),
                        why=f"frames with the tag {vid} pass, which is not meant",
                    )  # fmt: skip

    def _in(self, pair: _Pair, name: str, observed: str, unknown: str) -> Deviation:
        """Whether a port is in the VLAN that is meant."""
        vid = self._intent.vlans[name].vid
        meant = f"{name} (VLAN {vid})" if vid else name
        if observed not in self._vlans:
            return Deviation(
                kind=_KINDS.UNKNOWN, port=pair.port, meant=meant, why=unknown or "nothing was heard that shows its VLAN"
            )
        right = self._matched.get(name) == observed
        return Deviation(
            kind=_KINDS.AS_MEANT if right else _KINDS.WRONG_VLAN, port=pair.port, meant=meant,
            observed=self._say(observed, pair.port), why="" if right else self._why(name, observed),
        )  # fmt: skip

    def _why(self, name: str, observed: str) -> str:
        vid, there = self._intent.vlans[name].vid, self._vlans[observed].vid
        if home := self._matched.get(name):
            others = [port for port in self._vlans[home].ports if port in self._intent.ports][:MOST_NAMED]
            return f"{name} is where {', '.join(others) or self._vlans[home].name} is, and this port is not there"
        if vid and there and vid != there:
            return f"{name} is meant to be VLAN {vid}, and this port is in VLAN {there}"
        return f"another VLAN is there: more of its ports are meant to be in {self._meant_of(observed)}"

    def _meant_of(self, observed: str) -> str:
        return next((name for name, home in self._matched.items() if home == observed), "another one")

    def _say(self, observed: str, but: str) -> str:
        vlan = self._vlans.get(observed)
        if vlan is None:
            return "a VLAN that is gone by now"  # interfaces and topology were asked for one after the other
        others = [port for port in vlan.ports if port != but][:MOST_NAMED]
        with_whom = f", with {', '.join(others)}" if others else ""
        return f"{vlan.name}{f' (VLAN {vlan.vid})' if vlan.vid else ''}{with_whom}"

    def unmeant(self, paired: set[tuple[str, str]], meant: set[str]) -> Iterator[Deviation]:
        """Interfaces with a cable of hosts that are meant, which are not."""
        hosts = {self._everywhere.host(port.partition("/")[0]) for port in meant}
        for one in self._everywhere.seen:
            if one.host in hosts and one.physical and one.carrier and (one.host, one.interface) not in paired:
                yield Deviation(
                    kind=_KINDS.EXTRA, port=_place(one), meant="not there",
                    observed=self._say(one.untagged, _place(one)) if one.untagged in self._vlans else "a cable",
                    why=f"{_place(one)} has a cable, and is not meant to be there",
                )  # fmt: skip

    def swapped(self, a: Deviation, b: Deviation) -> bool:
        """Whether each of two ports is where the other is meant to be."""
        meant = [self._intent.ports[one.port].untagged for one in (a, b)]
        homes = [self._matched.get(name, "") for name in meant]
        there = [self._where(one.port) for one in (a, b)]
        return all(homes) and homes == there[::-1]

    def _where(self, port: str) -> str:
        seen = self._everywhere.find(port, self._intent.ports[port])
        return self._everywhere.above(seen).untagged if seen else ""


def _crossed(found: list[Deviation], judge: _Judge) -> Iterator[Deviation]:
    """Two cables of one host that were swapped show as two wrong VLANs: one cause."""
    wrong = [one for one in found if one.kind is _KINDS.WRONG_VLAN]
    partner: dict[int, str] = {}
    for a in wrong:
        for b in wrong:
            if a is not b and a.port.partition("/")[0] == b.port.partition("/")[0] and judge.swapped(a, b):
                partner[id(a)] = b.port
    for one in found:
        if other := partner.get(id(one)):
            why = f"the cables of {one.port} and {other.partition('/')[2]} are swapped: each is where the other is meant to be"
            yield replace(one, kind=_KINDS.WRONG_CABLE, why=why)
        else:
            yield one


def _mtu(pair: _Pair, seen: Seen) -> Iterator[Deviation]:
    if pair.meant.mtu is not None and seen.mtu is not None:
        kind = _KINDS.AS_MEANT if pair.meant.mtu == seen.mtu else _KINDS.WRONG_MTU
        yield Deviation(kind=kind, port=pair.port, meant=f"MTU {pair.meant.mtu}", observed=f"MTU {seen.mtu}")


def _place(seen: Seen) -> str:
    return f"{seen.host}/{seen.interface}"
