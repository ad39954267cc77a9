"""What an agent did, kept where no fault reaches: the changes on its host, what it put into its spool, and what it saw acknowledged.

One file for each agent, a JSON value on each line, written with one write(2) before or after the fact as said below: a line that was
written survives `kill -9`, and a change that is noted has happened on the host whether or not the agent lived to tell of it.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from bellrock.agent.spool import Spool
from bellrock.contract import Report
from bellrock.model import InterfaceSeen


class Ledger:
    """One agent's."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def note(self, *what: object) -> None:
        """Write a line."""
        os.write(self._file, json.dumps(what).encode() + b"\n")

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)


class Noted(Spool):
    """A real spool that says what goes through it."""

    def __init__(self, path: Path, ledger: Ledger) -> None:
        self._ledger = ledger
        self._told = 0
        super().__init__(path)

    def append(self, report: Report) -> None:
        """Noted as meant before it is written, and as kept after: a kill may come in between."""
        told = [
            [one.interface.name, one.interface.mtu] for one in report.observations if isinstance(one, InterfaceSeen)
        ]
        self._ledger.note("means", report.seq, told, report.begin)
        super().append(report)
        self._ledger.note("kept", report.seq)

    def acknowledge(self, seq: int) -> None:
        """Noted before the rows go: then nothing but the region has them."""
        if seq > self._told:
            self._told = seq
            self._ledger.note("acked", seq)
        super().acknowledge(seq)


class Account:
    """A ledger, read. Later words about a report number replace earlier ones: the agent never kept those."""

    def __init__(self, path: Path) -> None:
        self.truth: dict[str, int] = {}
        """{interface: its number}: the host as it is."""
        self.means: dict[int, list[tuple[str, int]]] = {}
        """{report: what it says}."""
        self.begins: set[int] = set()
        """Reports that begin an account, and may be numbered ahead of the one before."""
        self.kept: set[int] = set()
        self.acked = 0
        """The highest number that the region said it has committed, or that the agent went on behind."""
        self.void: set[int] = set()
        """Reports that the agent gave up because it was to tell everything anew; the region may have them or not."""
        self._acked_before = 0
        for line in path.read_bytes().splitlines():
            what, *values = json.loads(line)
            self._read(what, *values)
            if what != "acked":
                self._acked_before = self.acked

    def _read(self, what: str, *values: object) -> None:
        match what, *values:
            case "is", str(name), int(number):
                self.truth[name] = number
            case "means", int(seq), list(told), bool(begin):
                self.means[seq] = [(name, number) for name, number in told]
                self.begins = self.begins | {seq} if begin else self.begins - {seq}
                self.kept.discard(seq)
            case "kept", int(seq):
                self.kept.add(seq)
            case "acked", int(seq):
                self.acked = max(self.acked, seq)
            case "anew", int(seq):
                self.void |= set(range(self._acked_before + 1, seq + 1))
            case _:
                raise ValueError(f"no line of a ledger: {what} {values}")
