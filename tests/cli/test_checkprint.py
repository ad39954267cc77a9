"""The report as it is printed: order, limits, notes; whole reports are in test_firewall_check.py."""

import pytest
from msgspec import structs

from bellrock.cli import checkprint
from bellrock.cli.checkprint import say
from bellrock.firewall.verify.report import Dead, RuleRef, Shadow, Wider
from tests.cli.test_checkadvice import setting
from tests.cli.test_checkflows import POLICY, gap, report, rule, verdict


@pytest.fixture
def told(capsys):
    def print_it(seen, limit=10, *, whole=False):
        say(seen, setting(), limit, whole=whole)
        printed = capsys.readouterr()
        return printed.out.splitlines(), printed.err.splitlines()

    return print_it


def wide(handle, **more):
    return Wider(rule=rule(handle), packets=({},), text="tcp port 22", size=1, **more)


def test_nothing_needed_nothing_to_tell(told):
    assert told(report()) == (["This site needs no flow here."], [])
    assert told(report(), whole=True) == (["This site needs no flow here."], [])


def test_the_sum_comes_first_and_causes_after_the_table(told):
    out, err = told(report(verdict("proxy", "blocked", missing=[gap("drop", POLICY)]), verdict("api")))
    assert out[0] == "2 flows: 1 pass, 1 blocked"
    assert [line.split()[0] for line in out[4:6]] == ["proxy", "api"]
    assert out[7:9] == ["Blocked: no rule accepts it (policy drop of inet filter forward)", "  proxy ask: node → rack"]
    assert err == []


def test_each_direction_on_request(told):
    out, _ = told(report(verdict("api"), verdict("api", direction="reply")), whole=True)
    assert [line.split()[4:7] for line in out[2:3]] == [["Direction", "Verdict", "By"]]
    assert [line.split()[5] for line in out[4:6]] == ["request", "reply"]


def test_what_is_too_wide_is_limited_and_a_perhaps_is_said(told):
    seen = structs.replace(report(verdict("api")), wider=(wide(1), wide(2, may=True), wide(3)))
    out, _ = told(seen, 2)
    begin = out.index("Wider than needed:")
    assert out[begin + 1 :] == [
        "  inet filter forward handle 1: accept — lets through tcp port 22",
        "  inet filter forward handle 2: accept — may let through tcp port 22",
        "  … and 1 more; --wider-limit 3 shows them",
    ]
    nowhere = structs.replace(seen, wider=(structs.replace(wide(0), rule=RuleRef(chain="", policy="accept")),) * 2)
    assert told(nowhere)[0][-2:] == ["Wider than needed:", "  a hook that no rule filters — lets through tcp port 22"]


def test_of_rules_that_do_nothing_those_first_that_would_do_otherwise(told):
    by = tuple(rule(at) for at in range(1, 7))
    seen = structs.replace(
        report(verdict("api")),
        dead=(Dead(rule=rule(8), why="earlier rules take all its packets"), Dead(rule=rule(9), why="its matches exclude each other")),
        shadowed=(
            Shadow(rule=rule(8), by=(rule(3),), changes=False),
            Shadow(rule=rule(7), by=by, changes=True),
            Shadow(rule=rule(6), by=(POLICY, rule(1, "inet filter other")), changes=False),
        ),
    )  # fmt: skip
    out, _ = told(seen)
    assert out[out.index("Rules that do nothing:") + 1 :] == [
        "  inet filter forward handle 7: accept — never decides: handle 1, handle 2, handle 3, handle 4 and 2 more take all of its packets before, with another verdict",
        "  inet filter forward handle 8: accept — never decides: handle 3 takes all of its packets before",
        "  inet filter forward handle 6: accept — never decides: policy drop of inet filter forward, inet filter other handle 1 take all of its packets before",
        "  inet filter forward handle 9: accept — can never match: its matches exclude each other",
    ]


def test_notes_are_for_those_whom_they_concern(told):
    notes = ("wider: source ports are not counted", "no rule filters the hook input")
    seen = structs.replace(report(verdict("api")), notes=notes)
    assert told(seen)[1] == ["Note: no rule filters the hook input"]
    assert told(seen, whole=True)[1] == [f"Note: {note}" for note in notes]
    assert told(structs.replace(seen, wider=(wide(1),)))[1] == [f"Note: {note}" for note in notes]


def test_nothing_of_a_ruleset_reaches_the_terminal_as_it_is(told):
    evil = RuleRef(chain="inet t \x1b[2J", handle=3, text="\x1b]0;owned\x07")
    seen = structs.replace(
        report(verdict("proxy", "blocked", missing=[gap("drop", evil, why="\x1b")])),
        wider=(structs.replace(wide(1), rule=evil),), dead=(Dead(rule=evil, why="\x1b"),), notes=("\x1b",),
    )  # fmt: skip
    out, err = told(seen)
    assert "\x1b" not in "".join((*out, *err))
    assert "\\x1b]0;owned" in "".join(out)


def test_long_lines_fit_and_what_is_to_be_copied_stays_whole(told, monkeypatch):
    monkeypatch.setattr(checkprint, "width", lambda: 60)
    policy = gap("drop", RuleRef(chain="inet filter forward", handle=4, text="tcp dport { 1, 2, 3 } " * 4))
    out, _ = told(report(structs.replace(verdict("proxy", "blocked", missing=[policy]), exchange="request")))
    begin = next(at for at, line in enumerate(out) if line.startswith("Blocked"))
    assert [line for line in out[begin:] if len(line) > 60 and "nft '" not in line] == []
    assert sum("nft 'insert rule inet filter forward handle 4 " in line for line in out) == 1
