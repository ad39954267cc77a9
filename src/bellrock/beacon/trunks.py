"""Holds what a scan of VIDs has found against what is meant: VLANs missing on a trunk, VLANs that leak, native VLANs that differ.

Only who answered is judged: of a port that is silent on every VID nothing is known, least of all that its VLANs are missing.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from msgspec import Struct, structs

from bellrock.beacon.reach import Row, runs
from bellrock.model import Finding, Severity

MISSING: Final = "vlan-missing"
EXTRA: Final = "vlan-extra"
NATIVE: Final = "native-mismatch"
TRANSLATED: Final = "vlan-translated"

End = tuple[str, str]
"""Host and interface."""
Forms = frozenset[int | None]
"""VIDs with which a VLAN comes out at an end; None: untagged."""


class Meant(Struct, frozen=True, kw_only=True):
    """Which VLANs the switch port of an interface is meant to pass."""

    tagged: frozenset[int] = frozenset()
    untagged: int | None = None
    exact: bool = True
    """No others; otherwise these are wanted, and nothing is said of others, nor of untagged frames."""

    def forms(self, vid: int) -> Forms:
        """How a VLAN is meant to come out there."""
        return frozenset({vid} if vid in self.tagged else {None} if vid == self.untagged else ())


class Judged(Struct, frozen=True, kw_only=True):
    """What is wrong, and what could not be judged."""

    findings: tuple[Finding, ...]
    unknown: tuple[str, ...]
    ports: tuple[End, ...] = ()
    """Whose VLANs could be held against what is meant, right or wrong."""


def validate(here: End, row: Row, meant: Mapping[End, Meant]) -> Judged:
    """Judge what was found on one interface.

    Args:
        here: from where the scan went out.
        row: VID as sent (0: untagged) → who got it, of all VIDs that were called.
        meant: what is meant, `here` and others; who is not in it is not judged.
    """
    trial = _Trial(here, row, meant)
    findings = [*trial.own_native(), *trial.natives(), *trial.missing(), *trial.extra(), *trial.translated()]
    return Judged(findings=tuple(findings), unknown=tuple(trial.unknown()), ports=tuple(trial.ports()))


class _Trial:
    """The row from both sides: by call, and by end."""

    def __init__(self, here: End, row: Row, meant: Mapping[End, Meant]) -> None:
        self._here, self._row, self._meant = here, row, meant
        self._own = meant.get(here, Meant(exact=False))
        self._ends: dict[End, dict[int, set[int | None]]] = {}
        for sent, found in row.items():
            for who in found:
                self._ends.setdefault((who.host, who.interface), {}).setdefault(sent, set()).add(who.vid)
        self._ends.pop(here, None)
        self._judged = {end: meant[end] for end in sorted(self._ends) if end in meant}
        self._called = sorted(vid for vid in row if vid)
        self._native = self._find_native()
        self._odd = {end: self._odd_untagged(end) for end in self._judged}

    def own_native(self) -> Iterable[Finding]:
        """Untagged frames from here are in another VLAN than they are meant to be."""
        native, own = self._native, self._own
        if native is None or not own.exact or native == own.untagged:
            return
        wanted = "no VLAN" if own.untagged is None else f"VLAN {own.untagged}"
        proof = [
            f"a call without tag came out at {_name(end)} {_how(forms)}"
            for end in self._ends
            if (forms := self._at(end, 0))
        ]
        yield _finding(NATIVE, self._here, native, f"untagged frames of {_name(self._here)} are in VLAN {native}, and are meant to be in {wanted}", proof)  # fmt: skip

    def natives(self) -> Iterable[Finding]:
        """At an end, a VLAN comes untagged that is not meant to, or the one that is meant to comes tagged."""
        for end, odd in self._odd.items():
            wanted = self._judged[end].untagged
            if wanted is not None and not odd and wanted in self._at(end, self._call(wanted)):
                what = f"VLAN {wanted} is tagged at {_name(end)}, where it is meant to be untagged"
                yield _finding(NATIVE, end, wanted, what, [f"VLAN {wanted} comes out at {_name(end)} with its tag"])
            for vid in odd:
                proof = [f"VLAN {vid} comes out at {_name(end)} untagged"]
                if wanted is not None and not self._at(end, self._call(wanted)):
                    proof.append(f"VLAN {wanted} does not come out there at all")
                instead = "none is meant to" if wanted is None else f"VLAN {wanted} is meant to"
                what = f"VLAN {vid} is untagged at {_name(end)}, where {instead}"
                yield _finding(NATIVE, end, vid, what, proof)

    def missing(self) -> Iterable[Finding]:
        """VLANs that do not come out where they are meant to."""
        for vid in self._called:
            if self._replaced_here(vid):
                continue
            wanting = [end for end, meant in self._judged.items() if meant.forms(vid) and not self._replaced(end, vid)]
            lost = [end for end in wanting if not self._at(end, self._call(vid))]
            reached = [end for end in self._ends if self._at(end, self._call(vid))]
            if not lost or not (reached or self._own.forms(vid)):
                continue
            if reached:
                yield from (self._lost_there(vid, end, reached) for end in lost)
            else:
                yield self._lost_here(vid, lost) if len(lost) > 1 else self._lost_between(vid, lost[0])

    def extra(self) -> Iterable[Finding]:
        """VLANs that come out where they are not meant to, and VLANs that pass here and are not meant to."""
        for vid in self._called:
            beyond = self._own.exact and not self._own.forms(vid)
            ends = [end for end in self._ends if self._at(end, vid if beyond else self._call(vid))]
            if beyond and ends:
                proof = [f"a call with VID {vid} came out at {_name(end)} {_how(self._at(end, vid))}" for end in ends]
                yield _finding(EXTRA, self._here, vid, f"VLAN {vid} passes at {_name(self._here)}, where it is not meant to", proof)  # fmt: skip
            for end in ends:
                meant = self._judged.get(end)
                if meant is not None and meant.exact and not meant.forms(vid) and vid not in self._odd[end]:
                    forms = self._at(end, vid if beyond else self._call(vid))
                    if vid in forms:
                        yield _finding(EXTRA, end, vid, f"VLAN {vid} comes out at {_name(end)}, where it is not meant to", [f"a call in VLAN {vid} came out there {_how(forms)}"])  # fmt: skip

    def translated(self) -> Iterable[Finding]:
        """VLANs that come out as another one."""
        for end in self._ends:
            for vid in self._called:
                if not self._carried(vid):
                    continue
                for other in sorted(v for v in self._at(end, self._call(vid)) if v not in (None, vid)):
                    what = f"VLAN {vid} of {_name(self._here)} comes out as VLAN {other} at {_name(end)}"
                    yield _finding(
                        TRANSLATED, end, vid, what, [f"a call in VLAN {vid} came out there with VID {other}"]
                    )

    def ports(self) -> Iterable[End]:
        """Who could be judged: this port, if anybody answered it, and those who answered, if any VLAN of theirs was called."""
        if self._ends and self._here in self._meant and self._own.exact:
            yield self._here
        for end, meant in self._judged.items():
            if meant.exact or any(map(meant.forms, self._called)):
                yield end

    def unknown(self) -> Iterable[str]:
        """What could not be judged, one sentence each."""
        if self._here not in self._meant:
            yield f"nothing says which VLANs {_name(self._here)} is meant to have"
        shared = {
            end for end, meant in self._meant.items() if end != self._here and any(map(meant.forms, self._called))
        }
        for end in sorted(shared - self._ends.keys()):
            yield f"{_name(end)} answered on no VID: nothing is known of its VLANs"
        for end in sorted(self._ends.keys() - self._meant.keys()):
            yield f"{_name(end)} answered, and nothing says which VLANs it is meant to have"
        silent = [vid for vid in self._called if self._own.forms(vid) and self._is_silent(vid)]
        if len(silent) == 1:
            yield f"VLAN {silent[0]} is silent, and nobody who answered is meant to be in it"
        elif silent:
            yield f"VLANs {runs(silent)} are silent, and nobody who answered is meant to be in them"

    def _is_silent(self, vid: int) -> bool:
        """Nobody got it, and of those who answered nobody is meant to."""
        there = any(meant.forms(vid) for meant in self._judged.values())
        return not there and not any(self._at(end, self._call(vid)) for end in self._ends)

    def _call(self, vid: int) -> int:
        """The call that goes out in a VLAN: without tag where it is native here."""
        return 0 if vid == self._native or (self._native is None and vid == self._own.untagged) else vid

    def _carried(self, vid: int) -> bool:
        return bool(self._own.forms(vid)) or not self._own.exact

    def _at(self, end: End, sent: int) -> Forms:
        return frozenset(self._ends.get(end, {}).get(sent, ()))

    def _find_native(self) -> int | None:
        """The VLAN that untagged frames from here are in: the one that comes out tagged, or alike wherever they come out."""
        tagged = [vid for ends in self._ends.values() for vid in ends.get(0, ()) if vid is not None]
        if tagged:
            return max(set(tagged), key=lambda vid: (tagged.count(vid), -vid))
        known = [vid for end in self._ends if None in self._at(end, 0) and (vid := self._native_of(end)) is not None]
        return max(set(known), key=lambda vid: (vid == self._own.untagged, known.count(vid), -vid)) if known else None

    def _native_of(self, end: End) -> int | None:
        """The VLAN that is untagged at an end: as a call with its VID shows, else as it is meant."""
        shown = [vid for vid in self._called if None in self._at(end, vid)]
        if len(shown) == 1:
            return shown[0]
        return self._meant[end].untagged if end in self._meant else None

    def _odd_untagged(self, end: End) -> list[int]:
        """VLANs that come untagged at an end, and are not the one that is meant to."""
        meant = self._judged[end]
        wanted = {meant.untagged}
        return [
            vid
            for vid in self._called
            if None in self._at(end, self._call(vid)) and vid not in wanted and (meant.exact or vid in meant.tagged)
        ]

    def _replaced(self, end: End, vid: int) -> bool:
        """Whether a VLAN's absence is told already: another one is untagged in its place."""
        return bool(self._odd[end]) and vid == self._judged[end].untagged

    def _replaced_here(self, vid: int) -> bool:
        """The same for untagged frames from here."""
        return self._native is not None and self._own.untagged == vid and self._native != vid

    def _lost_here(self, vid: int, lost: list[End]) -> Finding:
        proof = [f"no call in VLAN {vid} came out at {_name(end)}, which answers on others" for end in lost]
        return _finding(MISSING, self._here, vid, f"VLAN {vid} does not pass at {_name(self._here)}", proof)

    def _lost_there(self, vid: int, end: End, reached: list[End]) -> Finding:
        proof = [f"no call in VLAN {vid} came out at {_name(end)}, which answers on others"]
        proof += [f"it came out at {_name(other)}" for other in reached[:3]]
        return _finding(MISSING, end, vid, f"VLAN {vid} does not pass at {_name(end)}", proof)

    def _lost_between(self, vid: int, end: End) -> Finding:
        """Two ports, and nobody else who could show at which of them: neither is accused."""
        here, there = _name(self._here), _name(end)
        proof = [f"no call in VLAN {vid} came out at {there}, which answers on others"]
        cause = f"missing at {there} or at {here}: nobody else who answered is meant to have it"
        lost = _finding(MISSING, self._here, vid, f"VLAN {vid} does not pass between {here} and {there}", proof, cause)
        fix = (
            f"add VLAN {vid} to the switch port of {here} or of {there}, whichever lacks it, or to a trunk between them"
        )
        return structs.replace(lost, fix=(fix,))


def _finding(rule: str, end: End, vid: int, what: str, proof: Iterable[str], cause: str = "") -> Finding:
    port = f"the switch port of {_name(end)}"
    fixes = {
        MISSING: f"add VLAN {vid} to {port}, or to a trunk on the way there",
        EXTRA: f"take VLAN {vid} off {port}",
        NATIVE: f"give {port}, or a trunk on the way there, the native VLAN that is meant",
        TRANSLATED: f"look for VLAN translation, or native VLANs that differ, on the way to {_name(end)}",
    }
    severity = Severity.WARNING if rule == EXTRA else Severity.ERROR
    return Finding(
        id=rule, severity=severity, what=what, host=end[0], interface=end[1], vid=vid, cause=cause, proof=tuple(proof), fix=(fixes[rule],)
    )  # fmt: skip


def _name(end: End) -> str:
    return f"{end[0]}/{end[1]}"


def _how(forms: Forms) -> str:
    return " and ".join("untagged" if vid is None else f"with VID {vid}" for vid in sorted(forms, key=lambda v: v or 0))
