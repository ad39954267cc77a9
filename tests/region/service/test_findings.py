"""The region's findings: judged, remembered, told; and what nobody can look at is not gone."""

import asyncio
import logging

import pytest
from msgspec.structs import replace

from bellrock.diagnosis import findings as judging
from bellrock.diagnosis.case import Case
from bellrock.diagnosis.findings_document import key
from bellrock.diagnosis.ledger import KEPT, LOOKS, MAX_FOREIGN, MAX_TOLD, STEADY, State
from bellrock.model import Finding, Severity
from bellrock.region.service import findings as module
from bellrock.region.service.diagnoses import HOLDS
from bellrock.region.service.findings import SETTLE, Findings
from bellrock.region.service.findingviews import Wanted
from bellrock.region.store import LoadedFindings, StoreAway, StoreFull
from tests.diagnosis.looks import cable, look

DARK = look(cable("eth0"), cable("eth1", carrier=False))
"""A machine with a spare port: one notice."""
HANDED = Finding(id="dhcp-two-servers", severity=Severity.ERROR, what="two", proof=("seen",), host="rack1", flow="dhcp")
NODES = Finding(
    id="half-duplex", severity=Severity.WARNING, what="slow", proof=("seen",), host="node7", interface="eth0"
)


class Kept:
    """A store that keeps rows in memory."""

    def __init__(self):
        self.entries, self.diagnoses, self.full = {}, {}, False

    async def keep(self, changed, forgotten):
        if self.full:
            raise StoreFull("no room")
        self.entries |= {one.key: one for one in changed}
        for identity in forgotten:
            self.entries.pop(identity, None)

    async def save_diagnosis(self, row, gone=()):
        self.diagnoses[row.source] = row

    async def forget_diagnoses(self, sources):
        for source in sources:
            del self.diagnoses[source]


class Rig:
    """A region's findings without the region; a look is taken every five seconds."""

    def __init__(self, store=None, *, settled=True, now=1000.0):
        self.now, self.began, self.store = now, 0.0, store or Kept()
        self.looks, self.nodes, self.away, self.events, self.changes = (DARK,), {}, set(), [], 0
        loaded = LoadedFindings(
            entries=tuple(self.store.entries.values()), diagnoses=tuple(self.store.diagnoses.values())
        )
        self.findings = Findings(
            self.store, loaded, self.case, lambda: self.nodes, lambda: self.away, lambda: self.now, lambda: self.now, self.changed
        )  # fmt: skip
        self.findings.listeners.append(
            lambda events: self.events.extend((one.kind, one.entry.finding.id) for one in events)
        )
        self.now += SETTLE if settled else 0

    async def case(self):
        return Case(now=self.now, looks=self.looks)

    def changed(self):
        self.changes += 1

    async def look(self, times=1, after=5.0):
        for _ in range(times):
            self.now += after
            await self.findings.look()
        return self

    def states(self, **wanted):
        chosen = Wanted(**{"states": frozenset(State)} | wanted)
        return {one.id: one.state for one in self.findings.view(chosen).findings}


def play(scene):
    asyncio.run(asyncio.wait_for(scene(), 60))


def test_what_is_wrong_is_told_remembered_and_gone():
    async def scene():
        rig = await Rig().look(STEADY)
        (shown,) = rig.findings.view().findings
        assert (shown.id, shown.state, shown.opened, shown.seen) == ("no-carrier", State.OPEN, 1065.0, 1070.0)
        assert rig.findings.view().looked == 1070.0
        assert rig.events == [("opened", "no-carrier")]
        assert rig.store.entries[shown.key].alerted
        assert rig.changes == 2
        rig.looks = ()
        await rig.look(LOOKS)
        assert rig.states() == {"no-carrier": State.GONE}
        assert rig.findings.view().findings == ()
        assert rig.events[1:] == [("gone", "no-carrier")]
        assert dict(rig.findings.events) == {"opened": 1, "gone": 1}
        await rig.look(after=KEPT + 5)
        assert rig.states() == rig.store.entries == {}

    play(scene)


def test_a_restart_forgets_nothing_and_takes_nothing_for_gone_until_agents_are_back():
    async def scene():
        rig = await Rig().look(STEADY)
        again = Rig(rig.store, settled=False, now=2000.0)
        again.looks, again.away = (), {"rack9"}
        assert again.states() == {"no-carrier": State.OPEN}
        await again.look(LOOKS + 2)
        assert again.states() == {"no-carrier": State.UNSEEN}
        again.looks = (DARK,)
        await again.look()
        assert again.states() == {"no-carrier": State.OPEN}
        again.looks, again.away = (), set()
        await again.look(LOOKS)
        assert again.states() == {"no-carrier": State.GONE}, "all are back"

    play(scene)


def test_who_does_not_come_back_is_not_waited_for_forever():
    async def scene():
        rig = await Rig().look(STEADY)
        again = Rig(rig.store, settled=False, now=2000.0)
        again.looks, again.away = (), {"rack9"}
        await again.look()
        again.now += SETTLE
        await again.look(LOOKS)
        assert again.states() == {"no-carrier": State.GONE}

    play(scene)


def test_of_an_agent_that_is_away_nothing_is_gone():
    async def scene():
        rig = await Rig().look(STEADY)
        rig.looks, rig.away = (), {"node-7"}
        await rig.look(9)
        assert rig.states() == {"no-carrier": State.UNSEEN}
        rig.away = set()
        await rig.look(LOOKS)
        assert rig.states() == {"no-carrier": State.GONE}

    play(scene)


def test_a_diagnosis_counts_until_another_comes_or_its_time_is_over():
    async def scene():
        rig = Rig()
        rig.looks = ()
        taken = await rig.findings.hand_in("rack1/eth1", (HANDED,), "anna")
        assert (taken.findings, taken.at, taken.until) == (1, rig.now, rig.now + HOLDS)
        await rig.look(STEADY)
        (shown,) = rig.findings.view().findings
        assert (shown.id, shown.origin) == ("dhcp-two-servers", "diagnosis rack1/eth1")
        await rig.findings.hand_in("rack1/eth1", (), "anna")
        await rig.look(LOOKS)
        assert rig.states() == {"dhcp-two-servers": State.GONE}
        await rig.findings.hand_in("rack1/eth1", (HANDED,), "anna")
        await rig.look()
        await rig.look(LOOKS, after=HOLDS)
        assert rig.states() == {"dhcp-two-servers": State.UNSEEN}, "nobody has looked since"
        assert rig.store.diagnoses == {}

    play(scene)


def test_what_a_node_said_of_itself_stands_until_it_says_otherwise():
    async def scene():
        rig = Rig()
        rig.looks, rig.nodes = (), {"node7": (NODES,)}
        await rig.look(STEADY)
        assert [(one.id, one.origin) for one in rig.findings.view().findings] == [("half-duplex", "node node7")]
        rig.nodes = {}
        await rig.look(LOOKS)
        assert rig.states() == {"half-duplex": State.UNSEEN}, "its word is too old"
        rig.nodes = {"node7": ()}
        await rig.look(LOOKS)
        assert rig.states() == {"half-duplex": State.GONE}

    play(scene)


class Judges:
    """A rule that finds it."""

    ID = "judges"

    @staticmethod
    def find(case):
        yield replace(HANDED, host="")


def test_a_symptom_is_explained_and_not_gone(monkeypatch):
    monkeypatch.setattr(judging, "EXPLAINS", {"dhcp-two-servers": frozenset({"no-carrier"})})

    async def scene():
        rig = await Rig().look(STEADY)
        monkeypatch.setattr(judging, "MODULES", (Judges,))
        await rig.look(LOOKS + 1)
        assert rig.states() == {"dhcp-two-servers": State.OPEN, "no-carrier": State.EXPLAINED}
        (cause,) = rig.findings.view().findings
        assert cause.symptoms == ("node-7/eth1 is not connected",)
        (symptom,) = rig.findings.view(Wanted(states=frozenset({State.EXPLAINED}))).findings
        assert symptom.by == cause.key
        assert ("gone", "no-carrier") not in rig.events

    play(scene)


def test_what_is_handed_in_hides_nothing_that_the_region_found(monkeypatch):
    monkeypatch.setattr(judging, "EXPLAINS", {"dhcp-two-servers": frozenset({"no-carrier", "half-duplex"})})

    async def scene():
        rig = await Rig().look(STEADY)
        await rig.findings.hand_in("x", (replace(HANDED, host=""), NODES), "anna")
        await rig.look(LOOKS + 1)
        assert rig.states() == {"dhcp-two-servers": State.OPEN, "no-carrier": State.OPEN}
        (cause,) = rig.findings.view(Wanted(id="dhcp-two-servers")).findings
        assert cause.symptoms == ("slow",), "it explains what the same diagnosis tells"
        assert rig.events == [("opened", "no-carrier"), ("opened", "dhcp-two-servers")]

    play(scene)


def test_what_the_region_found_keeps_its_words_and_is_its_own():
    async def scene():
        rig = await Rig().look(STEADY)
        own = rig.findings.entries[0].finding
        liar = replace(own, severity=Severity.ERROR, what="look here", proof=("believe me",), fix=("curl | sh",))
        await rig.findings.hand_in("x", (liar,), "anna")
        await rig.look()
        (entry,) = rig.findings.entries
        assert entry.finding == replace(own, proof=(*own.proof, "look here", "believe me"))
        assert entry.origin == ""
        rig.looks, rig.now = (), rig.now + HOLDS
        await rig.look(LOOKS)
        assert rig.states() == {"no-carrier": State.GONE}, "the region can look, whoever else cannot"

    play(scene)


def test_a_flood_of_what_is_handed_in_pushes_nothing_out():
    async def scene():
        rig = await Rig().look(STEADY)
        for source in range(10):
            flood = tuple(replace(HANDED, client=f"{source}-{number}") for number in range(500))
            await rig.findings.hand_in(f"s{source}", flood, "anna")
        await rig.look(3)
        assert rig.states()["no-carrier"] is State.OPEN
        assert len(rig.findings.entries) == 1 + MAX_FOREIGN
        assert len(rig.events) == 1 + 2 * MAX_TOLD, "so many in each look"

    play(scene)


def test_what_a_rule_that_fails_found_before_is_not_gone(monkeypatch):
    monkeypatch.setattr(judging, "MODULES", (Judges,))

    async def scene():
        rig = Rig()
        rig.looks = ()
        await rig.look(STEADY)
        monkeypatch.setattr(Broken, "ID", HANDED.id)
        monkeypatch.setattr(judging, "MODULES", (Broken,))
        await rig.look(LOOKS)
        assert rig.states() == {HANDED.id: State.UNSEEN}
        monkeypatch.setattr(judging, "MODULES", ())
        await rig.look(LOOKS)
        assert rig.states() == {HANDED.id: State.GONE}

    play(scene)


def test_while_the_disk_is_full_nothing_is_lost(caplog):
    async def scene():
        rig = Rig()
        rig.store.full = True
        await rig.look(3)
        assert rig.store.entries == {}
        assert rig.states() == {"no-carrier": State.OPEN}
        rig.looks = ()
        await rig.look(LOOKS)
        rig.store.full = False
        await rig.findings.flush()
        assert [one.state for one in rig.store.entries.values()] == [State.GONE]
        assert rig.findings.entries == tuple(rig.store.entries.values())

    play(scene)
    assert caplog.text.count("store-full") == 1


class Broken:
    """A rule with a defect."""

    ID = "broken"

    @staticmethod
    def find(case):
        yield HANDED
        raise ZeroDivisionError("a defect")


def test_a_rule_that_fails_silences_no_other(monkeypatch, caplog):
    monkeypatch.setattr(judging, "MODULES", (Broken,))

    async def scene():
        rig = await Rig().look(3)
        assert rig.states() == {"no-carrier": State.OPEN}
        assert rig.findings.faults == {"broken": 3}

    play(scene)
    assert caplog.text.count("rule-fault") == 1
    assert "ZeroDivisionError" in caplog.text


def test_elsewhere_a_defect_is_not_hidden(monkeypatch):
    monkeypatch.setattr(judging, "MODULES", (Broken,))
    with pytest.raises(ZeroDivisionError):
        judging.judge(Case(now=0.0))


def test_it_looks_when_something_is_new_and_never_twice_at_once(monkeypatch, caplog):
    monkeypatch.setattr(module, "CALM", 0.001)
    monkeypatch.setattr(module, "EVERY", 0.01)
    caplog.set_level(logging.INFO)

    async def scene():
        rig, running, most = Rig(), 0, 0
        seen = []

        async def case():
            nonlocal running, most
            running += 1
            most = max(most, running)
            await asyncio.sleep(0)
            seen.append(rig.now)
            running -= 1
            if len(seen) == 2:
                raise OSError("the disk is gone")
            if len(seen) == 3:
                rig.findings._complaints.reset()
                raise StoreAway("the database is gone")
            return Case(now=rig.now, looks=rig.looks)

        rig.findings._case = case
        task = asyncio.ensure_future(rig.findings.run())
        while len(seen) < 5:
            rig.now += 5
            rig.findings.stir()
            await asyncio.sleep(0)
        while len(seen) < 8:  # and where nothing is new
            await asyncio.sleep(0.001)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert most == 1
        assert rig.states() == {"no-carrier": State.OPEN}

    play(scene)
    failed = {one.getMessage(): one for one in caplog.records if "look-failed" in one.getMessage()}
    ours, away = (next(one for text, one in failed.items() if why in text) for why in ("the disk", "the database"))
    assert ours.exc_info
    assert not away.exc_info, "a database that is away is told in a line"
    assert "finding-opened" in caplog.text


def test_the_key_of_an_entry_is_that_of_its_finding():
    async def scene():
        rig = await Rig().look()
        assert [one.key for one in rig.findings.entries] == [key(one.finding) for one in rig.findings.entries]

    play(scene)


def test_it_rests_after_what_it_took_to_gather_as_well(monkeypatch):
    async def scene():
        rig = Rig()
        rig.findings._gathered = lambda: 2.0
        monkeypatch.setattr(module.time, "thread_time", lambda: 0.0)
        await rig.look()
        assert rig.findings.rest == module.REST * 2.0

    play(scene)
