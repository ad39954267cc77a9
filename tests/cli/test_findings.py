"""`bellrock findings`, with made-up answers and against a region that serves."""

import json

import msgspec
import pytest
from click.testing import CliRunner

from bellrock.cli import findings as module
from bellrock.cli.client import Refusal
from bellrock.cli.root import cli
from bellrock.diagnosis.findings_document import all_told
from bellrock.diagnosis.ledger import Entry, State
from bellrock.diagnosis.standing import FindingsView, view
from bellrock.model import Confidence, Finding, Severity, Wall
from tests.cli.people import asked

ERROR = Finding(
    id="dhcp-two-servers", severity=Severity.ERROR, what="Two servers on VLAN 10", cause="A second one is there.", proof=("packet 14",),
    confidence=Confidence.LIKELY, fix=("Stop it.",), symptoms=("node-1 stops", "node-2 stops"),
)  # fmt: skip
NOTICE = Finding(id="flow-not-checked", severity=Severity.NOTICE, what="DNS was not tried", proof=("no privilege",))


def entry(finding=ERROR, **facts):
    return Entry(**({"finding": finding, "opened": Wall(1.7e9), "seen": Wall(1.7e9 + 60)} | facts))


def answer(*entries, looked=1.7e9 + 60, missed=0):
    return msgspec.to_builtins(FindingsView(tuple(view(one) for one in entries), looked, missed))


@pytest.fixture
def run(monkeypatch):
    """Runs `bellrock findings` on answers, the last of which is the end."""
    monkeypatch.setattr(module.time, "sleep", lambda _: None)
    monkeypatch.setattr(module, "FIRST", 0.0)

    def _run(*arguments, answers=None, code=0, path="/findings", given=None):
        left = list(answers or [answer(entry())])
        said = []

        def send(region, state_dir, method, where, body=None, **_):
            said.append((method, where, body))
            if method == "POST":
                return {"source": "s", "findings": 1, "at": 1.0, "until": 2.0}
            assert where == path
            if not left:
                raise KeyboardInterrupt
            if isinstance(said_now := left.pop(0), Refusal):
                raise said_now
            return said_now

        monkeypatch.setattr("bellrock.cli.regionapi.send", send)
        done = CliRunner().invoke(cli, ["findings", *arguments], prog_name="bellrock", input=given)
        assert done.exit_code == code, (done.output, done.exception)
        done.said = said
        return done

    return _run


def test_all_of_a_finding_is_said(run):
    lines = run(code=1).stdout.splitlines()
    assert lines[0].startswith("error: Two servers on VLAN 10 [dhcp-two-servers] (open, since 20")
    assert lines[1:-1] == [
        "  A second one is there. (likely)",
        "  seen: packet 14",
        "  do:   Stop it.",
        "  2 symptoms of it: node-1 stops; node-2 stops",
    ]
    assert lines[-1].startswith("1 error (2 symptoms, 1 cause), as of 20")


def test_in_short_one_line_each(run):
    lines = run("--brief", code=1).stdout.splitlines()
    assert len(lines) == 2


@pytest.mark.parametrize(
    ("entries", "code", "words"),
    [
        ((), 0, "nothing is wrong"),
        ((entry(NOTICE),), 0, "1 notice"),
        ((entry(), entry(NOTICE)), 1, "1 error, 1 notice"),
        ((entry(state=State.GONE, gone=Wall(1.7e9)),), 0, "(gone since "),
        ((entry(state=State.EXPLAINED, by="x-1"),), 0, "(follows from x-1)"),
        ((entry(state=State.FLAPPING),), 1, "(comes and goes, since "),
        ((entry(state=State.UNSEEN, origin="node n7"),), 1, "(not seen since "),
        ((entry(origin="diagnosis a\x1b"),), 1, "diagnosis a\\x1b)"),
    ],
    ids=["none", "notice", "error", "gone", "explained", "flapping", "unseen", "escaped"],
)
def test_how_it_stands_and_ends(run, entries, code, words):
    assert words in run(answers=[answer(*entries)], code=code).stdout


def test_a_region_that_has_not_looked_is_asked_again_and_then_told_so(run, monkeypatch):
    assert "has not looked yet" in run(answers=[answer(looked=None)], code=3).stdout
    monkeypatch.setattr(module, "FIRST", 60.0)
    assert "nothing is wrong" in run(answers=[answer(looked=None), answer(looked=None), answer()]).stdout


@pytest.mark.parametrize(("missed", "code"), [(module.MISSED - 1, 0), (module.MISSED, 3)], ids=["some", "many"])
def test_a_region_that_cannot_look_is_no_all_clear(run, missed, code):
    done = run(answers=[answer(missed=missed)], code=code)
    assert ("its log says why" in done.stderr) is bool(code)


def test_what_was_handed_in_and_is_not_judged_yet_is_no_all_clear(run):
    done = run("--hand-in", "-", "--source", "x", given='{"findings": []}', answers=[answer(looked=0.5)], code=3)
    assert "not judged yet" in done.stderr


def test_a_name_that_is_mistyped_is_no_all_clear(run):
    done = run("--id", "nosuch", answers=[answer()], path="/findings?id=nosuch", code=2)
    assert "no finding has the id 'nosuch'; `bellrock explain --list`" in done.stderr
    refused = Refusal("http://there: id: no rule is called 'dhcp-two-server'", 3, 400)
    done = run("--id", "dhcp-two-server", answers=[refused], path="/findings?id=dhcp-two-server", code=2)
    assert done.stderr == "Error: --id: no finding has the id 'dhcp-two-server'; did you mean 'dhcp-two-servers'?\n"
    assert "http://there" in run(answers=[refused], code=3).stderr, "what is refused for another reason is told"
    long = Refusal("http://there: host: too long", 2, 400)
    done = run("--id", ERROR.id, "--host", "x", answers=[long], path=f"/findings?host=x&id={ERROR.id}", code=2)
    assert done.stderr == "Error: http://there: host: too long\n"
    assert "nothing is wrong" in run("--id", ERROR.id, answers=[answer()], path=f"/findings?id={ERROR.id}").stdout
    done = run("--host", "node7", answers=[answer()], path="/findings?host=node7")
    assert done.stdout.startswith("nothing stands of a host or client of the name 'node7', as of")


def test_json_is_what_the_region_says(run):
    said = answer(entry(), entry(NOTICE))
    assert json.loads(run("--json", answers=[said], code=1).stdout) == json.loads(json.dumps(said))


@pytest.mark.parametrize(
    ("arguments", "path"),
    [
        (("--all",), "/findings?state=all"), (("--severity", "warning"), "/findings?severity=warning"),
        (("--host", "rack 1", "--id", "a&b"), "/findings?host=rack+1&id=a%26b"),
    ],
    ids=["all", "severity", "quoted"],
)  # fmt: skip
def test_what_is_asked_for(run, arguments, path):
    run(*arguments, path=path, code=1)


def test_watching_shows_what_changes(run):
    done = run("--watch", "--brief", answers=[answer(), answer(), answer(entry()), answer(entry()), answer()], code=1)
    words = [line.split()[0] for line in done.stdout.splitlines() if line]
    assert words[:4] == ["nothing", "error:", "1", "nothing"]
    lines = run("--watch", "--json", answers=[answer(), answer(entry())], code=1).stdout.splitlines()
    assert [len(json.loads(line)["findings"]) for line in lines if line.startswith("{")] == [0, 1]


def test_a_diagnosis_is_handed_in(run, tmp_path):
    said = json.dumps({"clients": [], "findings": msgspec.to_builtins(all_told([ERROR]))})
    done = run("--hand-in", "-", "--source", "rack-1/eth1", given=said, code=1)
    method, where, body = done.said[0]
    assert (method, where, body["source"]) == ("POST", "/diagnoses", "rack-1/eth1")
    assert body["findings"][0]["what"] == ERROR.what


@pytest.mark.parametrize(
    ("arguments", "given", "code", "word"),
    [
        (("--hand-in", "-"), "{}", 2, "are given together"), (("--source", "x"), "", 2, "are given together"),
        (("--hand-in", "-", "--source", "x"), "{}", 3, "not what `bellrock diagnose --json` prints"),
        (("--hand-in", "-", "--source", "x"), b"\xff\xfe", 3, "not what"),
        (("--hand-in", "-", "--source", "x"), "[" * 9999, 3, "not what"),
        (("--hand-in", "-", "--source", "x"), " " * (module.MAX_FILE + 1), 2, "more than 2 MiB"),
    ],
    ids=["no source", "no file", "empty", "octets", "deep", "large"],
)  # fmt: skip
def test_what_cannot_be_handed_in_is_one_line(run, arguments, given, code, word):
    done = run(*arguments, given=given, code=code)
    assert word in done.stderr
    assert done.stderr.strip().count("\n") == 0


def test_against_a_region(tmp_path):
    with asked(tmp_path) as ask:
        assert "nothing is wrong" in ask("findings").stdout
        said = json.dumps({"findings": msgspec.to_builtins(all_told([ERROR]))})
        done = ask("findings", "--hand-in", "-", "--source", "x", given=said, code=1)
        assert done.stdout.startswith("error: Two servers on VLAN 10 [dhcp-two-servers] (open, since ")
        assert "diagnosis x)" in done.stdout
        found = json.loads(ask("findings", "--json", code=1).stdout)
        assert [one["id"] for one in found["findings"]] == ["dhcp-two-servers"]
        ask(
            "findings",
            "--hand-in",
            "-",
            "--source",
            "y",
            given='{"findings": [{"id": "a", "key": "", "severity": "error", "what": "b"}]}',
            code=2,
        )
