"""Findings and how they stand: what one end says, the other reads."""

import msgspec

from bellrock.diagnosis.findings_document import key
from bellrock.diagnosis.ledger import Entry, State
from bellrock.diagnosis.standing import DiagnosisView, FindingsView, view
from bellrock.model import Finding, Severity, Wall

ONE = Finding(id="a", severity=Severity.WARNING, what="b", proof=("c",), host="rack1", vid=10)
GONE = Entry(finding=ONE, state=State.GONE, opened=Wall(1.0), seen=Wall(2.0), gone=Wall(3.0), origin="node x", by="k")


def test_a_view_tells_all():
    shown = view(GONE)
    assert (shown.id, shown.key, shown.where.vlan, shown.state) == ("a", key(ONE), 10, State.GONE)
    assert (shown.opened, shown.seen, shown.gone, shown.origin, shown.by) == (1.0, 2.0, 3.0, "node x", "k")


def test_what_is_said_is_read_as_it_was_and_more_may_be_in_it():
    for said in (FindingsView((view(GONE),), Wall(4.0)), FindingsView(()), DiagnosisView("s", 1, Wall(1.5), Wall(2.0))):
        octets = msgspec.json.encode({**msgspec.to_builtins(said), "later": 1})
        assert msgspec.json.decode(octets, type=type(said)) == said


def test_every_key_is_always_there():
    said = msgspec.to_builtins(FindingsView((view(Entry(finding=ONE, opened=Wall(1.0), seen=Wall(2.0))),)))
    assert (said["looked"], said["findings"][0]["state"], said["findings"][0]["gone"]) == (None, "open", None)
