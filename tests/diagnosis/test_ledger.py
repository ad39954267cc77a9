"""The ledger: findings over time, as a playbook and by laws."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from bellrock.diagnosis import ledger as module
from bellrock.diagnosis.findings_document import key
from bellrock.diagnosis.ledger import CALM, FLAPPING, FLAPS, KEPT, LOOKS, REFRESH, STANDING, STEADY, Ledger, State
from bellrock.model import Finding, Severity, Wall

A = Finding(id="a", severity=Severity.ERROR, what="a is wrong", proof=("seen",), host="h")
B = Finding(id="b", severity=Severity.WARNING, what="b is wrong", proof=("seen",), host="h")


class Book:
    """A ledger that is looked into every three seconds."""

    def __init__(self, *entries):
        self.ledger, self.now, self.events, self.kept, self.forgotten = Ledger(entries), 1000.0, [], [], []

    def look(self, *found, into=None, blind=False, after=3.0, origin=""):
        self.now += after
        looked = self.ledger.look(
            [(one, origin) for one in found], into or {}, lambda _: blind, Wall(self.now)
        )  # fmt: skip
        self.events += [(one.kind, one.entry.finding.id) for one in looked.events]
        self.kept += looked.changed
        self.forgotten += looked.forgotten
        return self

    def times(self, number, *found, **options):
        for _ in range(number):
            self.look(*found, **options)
        return self

    def state(self, one=A):
        return next((entry.state for entry in self.ledger.entries if entry.key == key(one)), None)

    def entry(self, one=A):
        return next(entry for entry in self.ledger.entries if entry.key == key(one))


def test_it_opens_stays_and_is_gone():
    book = Book().look(A)
    assert (book.state(), book.events) == (State.OPEN, []), "shown at once, alerted once it is steady"
    book.times(STEADY - 1, A)
    assert book.events == [("opened", "a")]
    book.times(5, A)
    assert book.entry().opened == 1003.0
    book.times(LOOKS - 1)
    assert book.state() is State.OPEN
    book.look()
    assert (book.state(), book.events) == (State.GONE, [("opened", "a"), ("gone", "a")])
    assert book.entry().gone == book.now
    assert book.times(9).events == [("opened", "a"), ("gone", "a")]


def test_a_look_that_misses_it_now_and_then_changes_nothing():
    book = Book().times(2, A)
    for _ in range(20):
        book.times(LOOKS - 1).look(A)
    assert (book.state(), book.events) == (State.OPEN, [("opened", "a")])


def test_many_looks_at_once_are_no_proof_that_it_is_gone():
    book = Book().times(2, A).times(20, after=0.01)
    assert book.state() is State.OPEN
    assert book.look(after=CALM).state() is State.GONE


def test_what_was_never_steady_is_not_alerted():
    assert Book().look(A).times(LOOKS).events == []


def test_what_comes_and_goes_is_told_so_once():
    book = Book()
    for _ in range(10):
        book.times(2, A).times(LOOKS + 1)
    assert book.state() is State.FLAPPING
    assert [kind for kind, _ in book.events].count("flapping") == 1
    assert [kind for kind, _ in book.events] == ["opened", "gone"] * FLAPS + ["flapping"]
    assert book.entry().opened == 1003.0
    book.look(A).times(3, A, after=FLAPPING / 2)
    assert book.state() is State.OPEN, "steady again"
    assert book.events[-1][0] == "flapping"


def test_what_flaps_is_gone_once_it_was_missing_for_long():
    book = Book()
    for _ in range(4):
        book.times(2, A).times(LOOKS)
    assert book.state() is State.FLAPPING
    assert book.times(3, after=FLAPPING / 4).state() is State.FLAPPING
    assert book.look(after=FLAPPING / 2).state() is State.GONE
    assert book.events[-1] == ("gone", "a")


def test_what_comes_back_late_is_another_time():
    book = Book().times(2, A).times(LOOKS).look(A, after=FLAPPING + 1)
    assert (book.state(), book.entry().opened) == (State.OPEN, book.now)
    book.look(A)
    assert [kind for kind, _ in book.events] == ["opened", "gone", "opened"]


def test_what_nobody_can_look_at_is_neither_there_nor_gone():
    book = Book().times(2, A).times(10, blind=True)
    assert (book.state(), book.events) == (State.UNSEEN, [("opened", "a")])
    assert book.look(A).state() is State.OPEN
    assert book.entry().opened == 1003.0
    book.look(blind=True).look()
    assert book.state() is State.OPEN, "looked again, and missing for the first time"
    assert book.times(LOOKS).state() is State.GONE
    assert book.look(blind=True).state() is State.GONE


def test_what_follows_from_another_is_not_gone():
    book = Book().times(2, A, B).look(A, into={key(B): key(A)})
    assert (book.state(B), book.entry(B).by) == (State.EXPLAINED, key(A))
    assert book.times(LOOKS - 1, A).state(B) is State.EXPLAINED
    assert book.look(A).state(B) is State.GONE
    book.look(A, into={key(B): key(A)})
    assert book.state(B) is State.EXPLAINED
    assert book.look(A, B).state(B) is State.OPEN
    assert book.entry(B).by == ""


def test_a_symptom_that_was_never_told_is_not_remembered():
    assert Book().look(A, into={key(B): key(A)}).state(B) is None


def test_the_words_are_those_of_the_last_look():
    book = Book().look(A, origin="x").look(replace(A, what="a is still wrong"), origin="y")
    assert (book.entry().finding.what, book.entry().origin) == ("a is still wrong", "y")


def test_what_is_kept():
    book = Book().look(A)
    assert [(one.state, one.seen) for one in book.kept] == [(State.OPEN, 1003.0)]
    book.look(A)
    assert len(book.kept) == 2, "alerted"
    book.times(5, A)
    assert len(book.kept) == 2
    book.look(A, after=REFRESH)
    assert len(book.kept) == 3
    book.look(replace(A, severity=Severity.NOTICE))
    assert len(book.kept) == 4
    again = Book(*book.ledger.entries)
    again.now = book.now
    assert again.times(LOOKS).events == [("gone", "a")], "as if nothing had been between"


def test_what_is_long_gone_is_forgotten():
    book = Book().times(2, A).times(LOOKS).look(B, after=KEPT + 1)
    assert (book.state(), book.forgotten) == (None, [key(A)])
    book.look(blind=True).look(blind=True, after=KEPT + 10)
    assert book.forgotten == [key(A), key(B)]
    assert book.ledger.entries == ()


def test_of_too_many_the_least_grave_are_not_remembered(monkeypatch):
    monkeypatch.setattr(module, "MAX_ENTRIES", 3)
    many = [replace(B, interface=f"eth{number}") for number in range(5)]
    book = Book().look(*many, A)
    assert len(book.ledger.entries) == 3
    assert book.state() is State.OPEN
    others = [replace(A, interface=f"eth{number}") for number in range(3)]
    book.look(*others)
    assert len(book.ledger.entries) == 3
    assert len(book.forgotten) == 3
    assert set(book.forgotten).isdisjoint(map(key, others)) or len(set(book.forgotten)) == 3


def test_a_clock_that_goes_back_opens_nothing_anew():
    book = Book().times(2, A).look(A, after=-500)
    assert (book.entry().seen, book.entry().opened) == (1006.0, 1003.0)
    book.look(after=-1)
    assert book.state() is State.OPEN


def test_another_look_is_wanted_until_it_is_clear():
    book = Book()
    assert not book.ledger.unsettled
    assert book.look(A, B).ledger.unsettled
    assert not book.times(STEADY - 1, A, B).ledger.unsettled
    assert book.look().ledger.unsettled
    assert not book.times(LOOKS - 1).ledger.unsettled
    book.times(STEADY, A, B).look(A, into={key(B): key(A)})
    assert not book.ledger.unsettled
    assert book.look(A).ledger.unsettled


def test_the_order():
    book = Book().times(2, B, A).times(LOOKS, B)
    assert [one.finding.id for one in book.ledger.entries] == ["b", "a"]
    assert [one.finding.id for one in Book().look(B, A).ledger.entries] == ["a", "b"]


def test_what_others_found_has_a_bound_of_its_own_and_each_of_them_a_share(monkeypatch):
    monkeypatch.setattr(module, "MAX_FOREIGN", 4)
    book = Book()
    flood = [(replace(A, client=str(number)), "flood") for number in range(9)]
    found = [*flood, (replace(A, host="modest"), "modest"), (B, "")]
    looked = [book.ledger.look(found, {}, lambda _: False, Wall(at)) for at in (0.0, 10.0, 20.0)]
    assert book.state(B) is State.OPEN
    origins = [one.origin for one in book.ledger.entries]
    assert sorted(origins) == ["", "flood", "flood", "flood", "modest"]
    assert [len(one.events) for one in looked] == [0, 5, 0]


def test_what_there_is_no_room_for_is_not_gone(monkeypatch):
    book = Book()
    for at in (0.0, 10.0):
        book.ledger.look([(B, "x")], {}, lambda _: False, Wall(at))
    monkeypatch.setattr(module, "MAX_FOREIGN", 1)
    for at in (20.0, 30.0, 40.0, 50.0):
        looked = book.ledger.look([(A, "x"), (B, "x")], {}, lambda _: False, Wall(at))
        assert "gone" not in [one.kind for one in looked.events]
    assert book.state(A) is State.OPEN


def test_of_what_others_found_each_look_tells_so_much_and_the_next_the_rest(monkeypatch):
    monkeypatch.setattr(module, "MAX_TOLD", 2)
    book = Book()
    own = [replace(B, client=str(number)) for number in range(3)]
    theirs = [(replace(A, client=str(number)), "x") for number in range(5)]

    def look(found):
        book.now += 10
        return [one.kind for one in book.ledger.look(found, {}, lambda _: False, Wall(book.now)).events]

    every = [*theirs, *((one, "") for one in own)]
    assert [look(every) for _ in range(5)] == [[], ["opened"] * 5, ["opened"] * 2, ["opened"], []]
    assert [look([]) for _ in range(6)] == [[], [], ["gone"] * 5, ["gone"] * 2, ["gone"], []]


steps = st.lists(
    st.tuples(st.sets(st.sampled_from("abc")), st.booleans(), st.floats(-5, 400), st.sampled_from(["", "ab", "bc"])),
    max_size=40,
)


@given(steps)
def test_laws(taken):
    """Whatever happens: what is found stands, alerts alternate, and nothing is gone that cannot be looked at."""
    all_of_them = {name: replace(A, id=name) for name in "abc"}
    told = dict.fromkeys("abc", False)
    ledger, now = Ledger(), 1000.0
    for names, blind, after, relation in taken:
        now += after
        into = {key(all_of_them[relation[1]]): key(all_of_them[relation[0]])} if relation else {}
        found = [(all_of_them[name], "") for name in names if key(all_of_them[name]) not in into]
        before = {one.key: one for one in ledger.entries}
        looked = ledger.look(found, into, lambda _, blind=blind: blind, Wall(now))
        states = {one.key: one for one in ledger.entries}
        for one, _ in found:
            assert states[key(one)].state in STANDING
        for one in states.values():
            assert one.opened <= one.seen
            assert (one.gone is None) is (one.state is not State.GONE)
            assert (one.by != "") is (one.state is State.EXPLAINED)
            if blind and one.state is State.GONE:
                assert before[one.key].state is State.GONE
        for event in looked.events:
            name = event.entry.finding.id
            assert event.kind == "flapping" or told[name] is (event.kind == "gone")
            told[name] = event.kind != "gone"
        again = Ledger(ledger.entries)
        assert again.entries == ledger.entries


@pytest.mark.parametrize("state", State)
def test_what_is_to_be_told_as_wrong(state):
    assert (state in STANDING) is (state not in (State.GONE, State.EXPLAINED))
