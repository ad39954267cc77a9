"""Captures as rules read them: packets that carry meaning, conversations, transfers of files (`diagnosis.packets.Wire`).

Bulk passes through columns alone; only what `picks` finds is taken apart, and of that no more than `budget` allows.
"""

from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np

from bellrock.capture.layers import TCP, UDP
from bellrock.capture.reading.addresses import text
from bellrock.capture.reading.budget import Budget, Limits
from bellrock.capture.reading.cells import grouped
from bellrock.capture.reading.columns import columns as columns_of
from bellrock.capture.reading.containers import opened
from bellrock.capture.reading.envelopes import Envelope, clients, envelopes, octets
from bellrock.capture.reading.fragments import Pieces
from bellrock.capture.reading.health import Health
from bellrock.capture.reading.picks import Kind, picks
from bellrock.capture.reading.points import Points, names
from bellrock.capture.reading.register import Register, new_salt
from bellrock.capture.reading.said import said
from bellrock.capture.reading.streams import READERS, Stream, Streams
from bellrock.capture.reading.talks import Talks
from bellrock.capture.reading.told import Flows, conversations
from bellrock.capture.reading.transfers import Key, Transfers
from bellrock.capture.reading.values import Chunk, Columns, Interface, Numbers
from bellrock.capture.selection import addresses_of
from bellrock.diagnosis.packets import Packet, Wire
from bellrock.flows.crossing import flows_of
from bellrock.flows.site import Site
from bellrock.wire import tftp
from bellrock.wire.errors import WireError
from bellrock.wire.icmp import Complaint

Progress = Callable[[int], None]
"""Is told, now and then, how many packets have been read."""


def read_wire(
    sources: Sequence[str],
    *,
    progress: Progress | None = None,
    limits: Limits | None = None,
    site: Site | None = None,
) -> Wire:
    """What capture files show, read one after the other.

    Args:
        sources: paths; `-` is standard input.
        progress: see Progress.
        limits: of what is kept; what is beyond them is counted.
        site: its flows and addresses name the conversations; without one those of the standard profile do.

    Raises:
        CaptureError: a file cannot be opened, or is no capture. One that is damaged further on is read as far as it goes, and
            that is told in `Wire.troubles`.
    """
    sight = Sight(limits or Limits(), Flows(flows_of(site), addresses_of(site)) if site else Flows())
    for source in sources:
        with opened(source, sight.interfaces) as capture:
            for chunk in capture.chunks():
                sight.add(chunk)
                if progress is not None:
                    progress(sight.seen)
            for trouble in capture.troubles:
                sight.trouble(trouble)
            sight.damaged = sight.damaged or capture.damaged
    return sight.wire()


class Sight:
    """What chunks show, put together as they come; `interfaces` is that of the captures that they are of."""

    def __init__(self, limits: Limits, flows: Flows) -> None:
        self.interfaces: list[Interface] = []
        self.seen = 0
        self.damaged = False
        """A file is, somewhere."""
        self._flows = flows
        self._budget = Budget(limits)
        self._pieces, self._register = Pieces(), Register(salt=new_salt())
        self._points, self._health = Points(), Health(self.interfaces)
        self._names: list[str] = []
        self._talks, self._streams, self._transfers = Talks(), Streams(), Transfers()
        self._packets: list[Packet] = []
        self._file_rows: dict[int, tuple[Key, str, int]] = {}
        """Row of a conversation that may be a transfer → its key, the server's address, and the client's half of the row's cells."""
        self._rows_known = 0
        self._unnumbered = 0
        self._unread: Counter[Kind] = Counter()

    def add(self, chunk: Chunk) -> None:
        """The next packets."""
        if len(self._names) < len(self.interfaces):
            self._names = names(self.interfaces)
        columns = columns_of(chunk, self.interfaces, self._pieces)
        self._points.add(chunk)
        self._health.watch(columns)
        numbers, turned = self._register.number(columns)
        self._unnumbered += int(((numbers < 0) & (columns.version > 0)).sum())
        rows, cells = self._talks.add(columns, numbers, turned)
        for kind, found in picks(columns):
            self._pick(columns, kind, found, cells)
        self._follow(columns, cells)
        self._files(columns, rows, cells)
        self._transfers.settle()
        self.seen += len(chunk)

    def trouble(self, what: str) -> None:
        """Something that could not be read."""
        self._health.add(what)

    def wire(self) -> Wire:
        """All of it; nothing can be added after."""
        self._packets += self._streams.end()
        for kind, count in sorted((self._unread + Counter(self._streams.broken)).items()):
            self.trouble(
                f"{count} of {kind} could not be read: broken, cut while capturing, or something else on its port"
            )
        self._budget.leave_out("further conversations", self._talks.left_out + self._unnumbered)
        self._budget.leave_out("transfer", self._transfers.left_out)
        return Wire(
            points=self._points.told(self.interfaces),
            packets=tuple(sorted(self._packets, key=lambda packet: (packet.at, packet.number))),
            conversations=tuple(conversations(self._talks, self._register.ends(), self._names, self._flows)),
            transfers=tuple(self._transfers.told()), seen=self.seen, left_out={str(what): count for what, count in self._budget.left_out.items()},
            troubles=tuple(self._health.troubles()), damaged=self.damaged,
        )  # fmt: skip

    def _pick(self, columns: Columns, kind: Kind, found: Numbers, cells: Numbers) -> None:
        """Packets of a kind: those that there is room for are taken apart."""
        found = found[self._budget.allowed(kind, clients(columns, kind, found))]
        if not len(found):
            return
        for envelope in envelopes(columns, found, self._names):
            if kind in READERS:
                self._begin(columns, kind, envelope, int(cells[envelope.at]))
            else:
                self._read(columns, kind, envelope)

    def _read(self, columns: Columns, kind: Kind, envelope: Envelope) -> None:
        """A packet that tells by itself."""
        try:
            value = said(kind, int(columns.version[envelope.at]), octets(columns, kind, envelope.at))
        except WireError:
            self._unread[kind] += 1
            return
        if value is None:
            return
        self._packets.append(envelope.packet(value))
        if isinstance(value, tftp.Read):
            self._transfers.ask(envelope, value)
        elif isinstance(value, Complaint) and value.protocol == UDP:
            self._transfers.complain(value.source, value.source_port, value.kind)
            self._transfers.complain(value.destination, value.destination_port, value.kind)

    def _begin(self, columns: Columns, kind: Kind, envelope: Envelope, cell: int) -> None:
        """A segment with which something begins that may go on in others."""
        at = envelope.at
        data = octets(columns, kind, at)
        kept, length = int(columns.payload_kept[at]), int(columns.payload_length[at])
        following = (int(columns.sequence[at]) + kept) & 0xFFFFFFFF
        stream = Stream(kind, envelope, following, bytearray(data), cut=kept < length or cell < 0)
        self._packets += self._streams.begin(stream, cell)

    def _follow(self, columns: Columns, cells: Numbers) -> None:
        if self._streams.waits:
            loaded = np.flatnonzero((columns.protocol == TCP) & (columns.payload_kept > 0) & (cells >= 0))
            self._packets += self._streams.follow(columns, loaded, cells[loaded])

    def _files(self, columns: Columns, rows: Numbers, cells: Numbers) -> None:
        """Data of transfers, and what else their ends say."""
        self._new_rows()
        if not self._file_rows:
            return
        marks = np.zeros(self._talks.rows.count + 1, np.bool_)
        marks[list(self._file_rows)] = True
        found = np.flatnonzero(marks[rows])
        if not len(found):
            return
        groups = grouped(rows[found], found)
        for begin, end, row in zip(
            groups.begins.tolist(), (groups.ends + 1).tolist(), groups.cells.tolist(), strict=True
        ):
            self._file(columns, groups.order[begin:end], cells, *self._file_rows[row])

    def _file(self, columns: Columns, found: Numbers, cells: Numbers, key: Key, server: str, half: int) -> None:
        spoken = dict(self._transfers.add(columns, found, key, server, cells[found] & 1 == half))
        kept = np.array(list(spoken), np.int64)
        for envelope in envelopes(columns, kept[self._budget.allowed(Kind.TFTP, kept * 0)], self._names):
            value = spoken[envelope.at]
            if isinstance(value, tftp.Agreed | tftp.Refusal):
                self._packets.append(envelope.packet(value))

    def _new_rows(self) -> None:
        """Conversations with an end that has asked for a file."""
        table = self._talks.rows
        begin, self._rows_known = self._rows_known, table.count
        for row in (begin + np.flatnonzero(table["protocol"][begin : table.count] == UDP)).tolist():
            point, version = self._names[table["interface"][row]], int(table["version"][row])
            ends = [
                (text(version, table[f"{end}_high"][row], table[f"{end}_low"][row]), int(table[f"{end}_port"][row]))
                for end in ("source", "destination")
            ]
            for half in (0, 1):
                if self._transfers.wanted((point, *ends[half])):
                    self._file_rows[row] = (point, *ends[half]), ends[1 - half][0], half
                    break
