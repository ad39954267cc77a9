"""`bellrock rack join`: what it is told, what it says for each ending, and with which code it ends.

What needs a network is in tests/lab/test_cli_rack.py.
"""

import json

import click
import pytest
from click.testing import CliRunner

from bellrock.agent.candidates import Candidate
from bellrock.agent.outcomes import Closed, NoRegion, Several, SwappedCertificate, Unreachable, Waiting, WrongSecret
from bellrock.cli import rack as module
from bellrock.cli.output import Failure
from bellrock.cli.rack import rack

pytestmark = pytest.mark.usefixtures("restored_logging", "restored_signals")
SECRET = "ab" * 16
ONE = Candidate("ab" * 32, ("https://10.0.0.1:1",), ("r",), ("r on eth0",), 0.0)
TWO = Candidate("cd" * 32, ("https://10.0.0.2:1",), ("s",), ("s on eth0",), 0.0)
ENDINGS = [
    (Closed("r", "u", "why"), 1, "closed"),
    (WrongSecret("w"), 3, "wrong-secret"),
    (NoRegion("n"), 4, "no-region"),
    (Waiting("r", "u", "K7QF-2M9X", 0.0, "01A"), 5, "waiting"),
    (Unreachable("r", "why"), 6, "unreachable"),
    (SwappedCertificate("r", "why"), 6, "swapped-certificate"),
]


@pytest.mark.parametrize(("outcome", "code", "state"), ENDINGS)
@pytest.mark.parametrize("as_json", [True, False])
def test_each_ending_has_its_code_and_its_word(capsys, outcome, code, state, as_json):
    with pytest.raises(Failure) as failure:
        module._tell(outcome, as_json=as_json)
    assert (failure.value.exit_code, failure.value.message) == (code, outcome.sentence)
    out = capsys.readouterr().out
    assert not as_json or json.loads(out)["state"] == state
    assert as_json or out == ""


def test_who_waits_is_told_the_code_at_once(capsys):
    module._tell_waiting(ENDINGS[3][0], as_json=False)
    assert "K7QF-2M9X" in capsys.readouterr().out
    module._tell_waiting(ENDINGS[3][0], as_json=True)
    assert json.loads(capsys.readouterr().out)["code"] == "K7QF-2M9X"


def test_of_several_one_is_chosen_by_whoever_can_be_asked(monkeypatch):
    def how(yes=False, as_json=False):
        return module._How(False, False, yes, 5.0, as_json)

    assert module._choose([ONE], how()) is ONE
    assert module._choose([ONE, TWO], how(yes=True)) is ONE
    with pytest.raises(Failure, match="2 regions heard, give one with --region") as failure:
        module._choose([ONE, TWO], how(as_json=True))
    assert (failure.value.exit_code, failure.value.message) == (2, Several((ONE, TWO)).sentence)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr(click, "prompt", lambda *_, **__: 2)
    assert module._choose([ONE, TWO], how()) is TWO


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("--region", "https://x:0"), "--region"),
        (("--region", "a b"), "or the name of a region"),
        (("--within", "0"), "Invalid value for '--within'"),
        (("--vlan", "eth0:5000"), "'5000' is not a VID"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_made(tmp_path, monkeypatch, arguments, line):
    monkeypatch.setenv("BELLROCK_SECRET", SECRET)
    done = CliRunner().invoke(rack, ["join", "--state-dir", str(tmp_path / "s"), *arguments])
    assert (done.exit_code, line in done.output) == (2, True), done.output
    assert not (tmp_path / "s").exists()


@pytest.mark.parametrize(
    ("before", "after", "region"),
    [
        (("--region", "https://10.0.0.1:1"), (), "https://10.0.0.1:1"),
        (("--region", "region-1"), ("--region", "region-2"), "region-2"),
        ((), (), ""),
    ],
)
def test_options_before_the_subcommand_count_for_it(tmp_path, monkeypatch, before, after, region):
    asked = []

    async def look(settings, keyring, reload, how, stop):
        asked.append((settings.region, settings.state_dir, settings.ignore, len(keyring.keys), how.as_json))

    (tmp_path / "secret").write_text(SECRET)
    (tmp_path / "secret").chmod(0o600)
    monkeypatch.setattr(module, "_join", look)
    common = ("--state-dir", tmp_path / "s", "--secret-file", tmp_path / "secret", "--ignore", "a*", "--ignore", "b*")
    done = CliRunner().invoke(rack, [str(word) for word in (*before, *common, "--json", "join", *after)])
    assert done.exit_code == 0, done.output
    assert asked == [(region, tmp_path / "s" / "rack", ("a*", "b*"), 1, True)]


def test_an_option_that_the_subcommand_does_not_have_is_refused_before_it():
    done = CliRunner().invoke(rack, ["--role", "node", "join"])
    assert (done.exit_code, "--role node: `rack join` has no --role" in done.output) == (2, True), done.output


def test_a_secret_is_needed(tmp_path, monkeypatch):
    for name in ("BELLROCK_SECRET", "BELLROCK_SECRET_FILE"):
        monkeypatch.delenv(name, raising=False)
    done = CliRunner().invoke(rack, ["join", "--state-dir", str(tmp_path)])
    assert (done.exit_code, "no shared secret" in done.output) == (2, True)


def test_errors_of_what_must_be_open_have_codes_of_their_own(tmp_path, monkeypatch):
    from bellrock.agent.settings import Settings
    from bellrock.agent.spool import SpoolError
    from bellrock.link.device import LinkError

    for error, code in ((LinkError("no sockets"), 77), (SpoolError("no disk"), 2)):

        def refuse(_, error=error):
            raise error

        monkeypatch.setattr("bellrock.agent.run.open_all", refuse)
        with pytest.raises(Failure, match="no ") as failure:
            module._open(Settings(state_dir=tmp_path))
        assert failure.value.exit_code == code


def test_the_help_names_every_code():
    said = CliRunner().invoke(rack, ["join", "--help"]).output
    for words in ("0 joined", "3 wrong secret", "4 no region heard", "5 waiting", "6 region not reachable", "77"):
        assert words in " ".join(said.split())


@pytest.mark.parametrize("as_json", [True, False])
def test_that_it_joined_is_said_on_stderr_where_stdout_takes_nothing(monkeypatch, as_json):
    monkeypatch.setattr(module, "_as_document", lambda outcome: {})

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    class Region:
        sentence = "joined region-1"

    monkeypatch.setattr("bellrock.cli.root.is_lost", lambda: True)
    with pytest.raises(
        Failure, match=r"^joined region-1 \(this could not be said on stdout: it is closed\)$"
    ) as failure:
        module._print(Region, as_json=as_json)
    assert failure.value.exit_code == 2, "3 would say that the secret is wrong"
    monkeypatch.setattr(click, "echo", full)
    with pytest.raises(Failure, match="joined region-1 .*: No space left on device"):
        module._print(Region, as_json=as_json)
