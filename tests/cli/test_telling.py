"""What a command says last when it fails: for people, or as a line of the log."""

from __future__ import annotations

import json
import subprocess
import sys

import click
import pytest

from bellrock.cli import telling
from bellrock.cli.output import Failure


@pytest.fixture(autouse=True)
def anew():
    telling.begin()
    yield
    telling.begin()


@pytest.mark.parametrize(
    ("arguments", "style", "wants"),
    [
        ((), None, False), (("--log-format", "json"), None, True), (("--log-format=json",), None, True),
        (("--log-format", "text"), None, False), (("json", "--log-format"), None, False), ((), "json", True),
        (("--log-format", "json"), "text", False),
    ],
)  # fmt: skip
def test_options_that_were_read_count_and_until_then_their_words(arguments, style, wants):
    if style:
        telling.remember(style)
    assert telling.wants_json(arguments) is wants


def test_where_nothing_is_asked_for_people_read_it(capsys):
    telling.remember(None)
    telling.say("no", ("--log-format=json",), 2)
    telling.show(Failure("not there", 3))
    telling.show(click.UsageError("wrong"))
    assert capsys.readouterr().err == "Error: no\nError: not there\nError: wrong\n"


def test_an_error_is_one_object_on_one_line(capsys):
    telling.remember("json")
    telling.show(Failure("a\nb {c}", 3))
    telling.say("d")
    first, second = map(json.loads, capsys.readouterr().err.splitlines())
    assert (first["level"], first["event"], first["logger"]) == ("error", "failed", "bellrock.cli")
    assert (first["message"], first["fields"]) == ("a b {c}", {"error": "a b {c}", "exit_code": 3})
    assert (second["message"], second["fields"]) == ("d", {"error": "d"})


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--listen", "nonsense"), 2, "nonsense"),
        (("--agents", "many"), 2, "--agents"),
        (("--no-such",), 2, "--no-such"),
        (("--config", "bad.toml"), 2, "region.no-such"),
        (("--database", "."), 3, "."),
    ],
)
def test_whatever_a_region_fails_with_all_of_stderr_is_json(tmp_path, arguments, code, said):
    (tmp_path / "bad.toml").write_text("[region]\nno-such = 1\nneither = 2\n")
    (tmp_path / "secret").write_text("00112233445566778899aabbccddeeff\n")
    (tmp_path / "secret").chmod(0o600)
    given = (
        "--log-format",
        "json",
        "--secret-file",
        "secret",
        "--state-dir",
        "state",
        "--listen",
        f"unix:{tmp_path}/x",
    )
    run = [sys.executable, "-c", "from bellrock.cli import main; main()", "region", *given, *arguments]
    done = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == code, done.stderr
    lines = [json.loads(one) for one in done.stderr.splitlines()]
    assert all(one["event"] for one in lines)
    assert said in lines[-1]["message"] or said in lines[0]["message"]


def test_a_configuration_file_may_ask_for_it(tmp_path):
    (tmp_path / "b.toml").write_text("[region]\nlog-format = 'json'\n")
    run = [
        sys.executable,
        "-c",
        "from bellrock.cli import main; main()",
        "region",
        "--config",
        "b.toml",
        "--policy",
        "x",
    ]
    done = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "--policy" in json.loads(done.stderr)["message"]
