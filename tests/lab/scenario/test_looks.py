"""The ways to look, with Bellrock's own commands and with a stand-in for them."""

import json
import subprocess

import pytest

from bellrock.lab.scenario import looks as module
from bellrock.lab.scenario.boots import Boots
from bellrock.lab.scenario.looks import Looks
from bellrock.lab.scenario.schema import LookSpec
from bellrock.lab.schema import LabError

pytestmark = pytest.mark.lab
FOUND = [{"id": "x", "severity": "error"}]
SAY = ("sh", "-c", 'echo \'{"findings": [{"id": "{rack-1}"}]}\'')


@pytest.fixture
def looks(made):
    return Looks(made, Boots(made, ()))


def always(_):
    return True


def test_a_boot_is_captured_and_diagnosed(looks):
    assert looks.look(LookSpec(clients=("node-3",), points=("rack-1", "node-3")), always) == []
    assert [file.name for file in looks.files] == ["rack-1.pcapng", "node-3.pcapng"]
    assert [end.client for end in looks.boots.ends] == ["node-3"]


def test_a_command_of_ones_own(looks):
    assert looks.look(LookSpec(kind="run", at="host-7", command=SAY), always) == [{"id": "10.10.0.2"}]


@pytest.mark.parametrize(
    ("command", "why"),
    [
        (("sh", "-c", "echo nonsense"), "exit code 0: nonsense"),
        (("sh", "-c", "echo '{}'"), "exit code 0: {}"),
        (("sh", "-c", "echo '[]'; exit 2"), r"exit code 2: \[\]"),
        (("sh", "-c", "echo broken >&2; exit 7"), "exit code 7: broken"),
        (("true",), "exit code 0: no JSON with findings"),
    ],
)
def test_a_command_that_finds_nothing_it_can_say_is_a_failure(looks, command, why):
    with pytest.raises(LabError, match=why):
        looks.look(LookSpec(kind="run", at="host-7", command=command), always)


@pytest.mark.parametrize(
    ("kind", "words"), [("check", ["check", "--json", "--site"]), ("node", ["node", "--json", "--within"])]
)
def test_check_and_node_run_on_their_host(looks, made, monkeypatch, kind, words):
    ran = []

    def run(host, argv, **_):
        ran.append((host, argv))
        return subprocess.CompletedProcess(argv, 1, json.dumps({"findings": FOUND}), "")

    monkeypatch.setattr(made.lab, "exec", run)
    more = ("--within", "3") if kind == "node" else ()
    assert looks.look(LookSpec(kind=kind, at="rack-1", command=more), always) == FOUND
    ((host, argv),) = ran
    assert (host, argv[1:4]) == ("rack-1", words)


def region(monkeypatch, *answers):
    """What the region says, the last for ever."""
    left, asked = list(answers), []

    def outside(*words):
        asked.append(words)
        code, text = left.pop(0) if len(left) > 1 else left[0]
        return subprocess.CompletedProcess(words, code, text, "it has not looked yet")

    monkeypatch.setattr(module, "outside", outside)
    monkeypatch.setattr(module, "PAUSE", 0.0)
    return asked


def test_a_region_is_asked_until_it_has_what_is_expected(looks, monkeypatch):
    asked = region(monkeypatch, (3, ""), (0, '{"findings": []}'), (1, json.dumps({"findings": FOUND})))
    assert looks.look(LookSpec(kind="findings"), bool) == FOUND
    assert len(asked) == 3


def test_agents_try_first_what_the_site_wants_and_what_was_judged_before_does_not_count(looks, monkeypatch):
    monkeypatch.setattr(module.time, "time", lambda: 100.0)
    said = [
        (1, "tried"),
        *((0, json.dumps({"findings": found, "looked": at})) for found, at in (([], None), ([], 99.0), (FOUND, 100.5))),
    ]
    asked = region(monkeypatch, *said)
    assert looks.look(LookSpec(kind="findings", tries=True), always) == FOUND
    assert [words[0] for words in asked] == ["matrix", "findings", "findings", "findings"]
    assert "--now" in asked[0]


def test_agents_that_could_not_try_are_a_failure(looks, monkeypatch):
    region(monkeypatch, (3, ""))
    with pytest.raises(LabError, match="matrix --now .*: exit code 3: it has not looked yet"):
        looks.look(LookSpec(kind="findings", tries=True), bool)


def test_a_region_that_does_not_look_any_more_is_a_failure(looks, monkeypatch):
    region(monkeypatch, (0, '{"findings": [], "looked": 1.0}'))
    monkeypatch.setattr(module, "PATIENCE", 0.0)
    with pytest.raises(LabError, match="the region has not looked for 0 s, since its agents tried"):
        looks.look(LookSpec(kind="findings", tries=True), always)


def test_a_region_that_never_finds_it(looks, monkeypatch):
    region(monkeypatch, (0, '{"findings": []}'))
    monkeypatch.setattr(module, "PATIENCE", 0.0)
    assert looks.look(LookSpec(kind="findings"), bool) == []


def test_a_region_that_never_answers_is_a_failure(looks, monkeypatch):
    region(monkeypatch, (3, ""))
    monkeypatch.setattr(module, "PATIENCE", 0.0)
    with pytest.raises(LabError, match="exit code 3: it has not looked yet"):
        looks.look(LookSpec(kind="findings"), bool)
