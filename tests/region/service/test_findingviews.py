"""Which findings are asked for, and which are taken."""

import pytest
from msgspec.structs import replace

from bellrock.diagnosis.findings_document import all_told
from bellrock.diagnosis.ledger import Entry, State
from bellrock.model import Finding, Severity, Wall
from bellrock.region.service.findingviews import MAX_HANDED_IN, MAX_SENTENCES, Wanted, taken

ONE = Finding(
    id="a", severity=Severity.WARNING, what="b", proof=("c",), host="rack1", client="02:00:00:00:00:01", vid=10
)


def entry(finding=ONE, **facts):
    return Entry(finding=finding, opened=Wall(1.0), seen=Wall(2.0), **facts)


@pytest.mark.parametrize(
    ("wanted", "facts", "takes"),
    [
        ({}, {}, True), ({}, {"state": State.GONE}, False), ({}, {"state": State.UNSEEN}, True), ({}, {"state": State.EXPLAINED}, False),
        ({"states": frozenset({State.GONE})}, {"state": State.GONE}, True), ({"severity": Severity.ERROR}, {}, False),
        ({"severity": Severity.WARNING}, {}, True), ({"severity": Severity.NOTICE}, {}, True), ({"host": "rack1"}, {}, True),
        ({"host": "02:00:00:00:00:01"}, {}, True), ({"host": "rack2"}, {}, False), ({"id": "a"}, {}, True), ({"id": "b"}, {}, False),
    ],
    ids=str,
)  # fmt: skip
def test_which_are_asked_for(wanted, facts, takes):
    assert Wanted(**wanted).takes(entry(**facts)) is takes


def test_what_is_handed_in_is_taken_as_it_is():
    assert taken(all_told([ONE, replace(ONE, id="b")])) == (ONE, replace(ONE, id="b"))
    assert taken([]) == ()


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"id": ""}, "no id"), ({"what": ""}, "says nothing"), ({"proof": ()}, "without proof"), ({"host": "x" * 257}, "its place"),
        ({"client": "\x1b"}, "its place"), ({"id": "\n"}, "its place"), ({"proof": ("x",) * (MAX_SENTENCES + 1)}, "sentences of one kind"),
        ({"fix": ("\x00",)}, "printable"), ({"cause": "x" * 1025}, "1024"), ({"symptoms": ("\x07",)}, "printable"), ({"vid": 4095}, "a VID"),
        ({"vid": -1}, "a VID"), ({"recheck": "\r"}, "printable"),
    ],
    ids=str,
)  # fmt: skip
def test_what_will_not_do_is_not_taken(changes, why):
    with pytest.raises(ValueError, match=why):
        taken(all_told([replace(ONE, **changes)]))


def test_there_is_an_end_to_it():
    with pytest.raises(ValueError, match="at most 500"):
        taken(all_told([ONE] * (MAX_HANDED_IN + 1)))
