"""A secret file with several lines: changed whole or not at all, and read as one keyring."""

import json
import re
import stat

import pytest
from click.testing import CliRunner

from bellrock.cli.keys import load_keyring
from bellrock.cli.output import Failure
from bellrock.cli.secret import secret
from bellrock.cli.secretfile import MAX_SECRETS, read_lines, write_lines
from bellrock.contract import join

A, B = "aa" * 16, "bb" * 16


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "secret"
    path.write_text(f"{A}\n")
    path.chmod(0o640)
    return path


def run(*arguments):
    return CliRunner().invoke(secret, [str(argument) for argument in arguments])


def ids(path):
    return [key.id for key in load_keyring((path,)).keys]


def test_a_region_accepts_as_many_as_a_file_may_hold():
    assert join.MAX_SECRETS == MAX_SECRETS


def test_a_new_secret_is_put_behind_promoted_and_the_old_one_retired(file):
    (old,) = ids(file)
    assert run("rotate", "--behind", file).exit_code == 0
    first, second = ids(file)
    assert first == old
    assert run("promote", file).exit_code == 0
    assert ids(file) == [second, old]
    retired = run("retire", "--json", file)
    assert json.loads(retired.stdout)["ids"] == [second]
    assert re.search(r"^dropped [0-9a-f]{8,}, the last; what is left", retired.stderr)
    assert second not in retired.stderr
    assert ids(file) == [second]
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert [path.name for path in file.parent.iterdir()] == ["secret"]


def test_a_new_secret_signs_at_once_where_that_is_wanted(file):
    (old,) = ids(file)
    run("rotate", file)
    assert ids(file)[1:] == [old]
    assert A not in run("rotate", file).output


def test_what_would_leave_no_secret_or_too_many_is_refused(file):
    assert (run("retire", file).exit_code, run("promote", file).exit_code) == (2, 2)
    for _ in range(MAX_SECRETS - 1):
        assert run("rotate", file).exit_code == 0
    full = run("rotate", file)
    assert (full.exit_code, "4 secrets already" in full.output) == (2, True)
    assert len(ids(file)) == MAX_SECRETS


@pytest.mark.parametrize(
    ("text", "line"), [(f"{A}\nno hex\n", "line 2: the secret is not hex"), ("", "the secret is empty")]
)
def test_what_is_no_secret_is_told_by_its_line_and_nothing_of_it_is_shown(file, text, line):
    file.write_text(text)
    for done in (run("rotate", file), run("show-id", file)):
        assert (done.exit_code, line in done.output, A in done.output) == (2, True, False)
    with pytest.raises(Failure, match=line):
        read_lines(file)


def test_what_cannot_be_written_leaves_the_secrets_as_they_were(file):
    (file.parent / ".secret.new").mkdir()
    with pytest.raises(Failure, match="the secrets are as before"):
        write_lines(file, [B])
    assert file.read_text() == f"{A}\n"


def test_a_link_is_followed_to_the_file_it_names(file):
    link = file.with_name("link")
    link.symlink_to(file)
    write_lines(link, [A, B])
    assert link.is_symlink()
    assert file.read_text() == f"{A}\n{B}\n"
