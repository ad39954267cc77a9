"""A rule with a defect is told in one line, and silences no other."""

from types import SimpleNamespace

import pytest

from bellrock.cli import judging
from bellrock.cli.diagnose import judged
from bellrock.cli.judging import judged_by_rules
from bellrock.diagnosis import findings
from bellrock.diagnosis.case import Case
from bellrock.diagnosis.packets import Wire
from bellrock.model import Finding, Wall
from bellrock.model.finding import Severity

FOUND = Finding(id="no-carrier", severity=Severity.ERROR, what="eth0 has no carrier", proof=("carrier 0",))


def broken(case):
    raise ZeroDivisionError("secret")


def sound(case):
    yield FOUND


@pytest.fixture
def rules(monkeypatch):
    made = [SimpleNamespace(ID="a-broken-one", find=broken), SimpleNamespace(ID="no-carrier", find=sound)]
    monkeypatch.setattr(findings, "MODULES", tuple(made))


def test_it_is_told_and_the_others_find(rules):
    said = []
    assert judged_by_rules(Case(now=Wall(0.0)), say=said.append) == (FOUND,)
    assert [line[:46] for line in said] == ["The rule a-broken-one failed (ZeroDivisionErro"]


def test_a_capture_is_diagnosed_all_the_same(rules, capsys):
    assert judged(Wire(), None)[1] == (FOUND,)
    out = capsys.readouterr()
    assert (out.out, out.err.count("\n"), "a-broken-one failed" in out.err) == ("", 1, True)


def test_nothing_is_said_where_all_work(capsys):
    assert judging.judged_by_rules(Case(now=Wall(0.0)), [FOUND]) == (FOUND,)
    assert capsys.readouterr().err == ""
