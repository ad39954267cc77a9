"""`bellrock` as a whole: its tree of commands, and streams of every sort."""

import io
import os
import pty
import select
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from bellrock.cli import root
from bellrock.cli.output import Failure
from bellrock.cli.root import COMMANDS, ReaderGoneError, cli, main

BELLROCK = Path(sys.executable).parent / "bellrock"
BUFFERED = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
SECRET = "00112233445566778899aabbccddeeff"


def tree(command=cli, path=()):
    """Every command: its path, and itself."""
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            yield from tree(command.get_command(context, name), (*path, name))


ALL = dict(tree())


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_every_help_ends_with_an_example(path):
    done = CliRunner().invoke(cli, [*path, "--help"], prog_name="bellrock")
    last = done.stdout.rstrip().splitlines()
    example = next(index for index, line in enumerate(last) if line.strip().startswith("Example: "))
    assert done.exit_code == 0
    assert len(last) - example <= 2
    assert "bellrock" in "".join(last[example:])
    assert ALL[path].help


TEXT_ALONE = (("lab", "exec"), ("completion",), ("config", "schema"))
"""What prints another program's words, what a shell reads, and what is JSON anyhow."""


@pytest.mark.parametrize(
    "path",
    [path for path, one in ALL.items() if not isinstance(one, click.Group) and path not in TEXT_ALONE],
    ids=" ".join,
)
def test_every_command_speaks_json(path):
    assert "--json" in {text for option in ALL[path].params for text in option.opts}


@pytest.mark.parametrize("path", [*ALL, ("-h",)], ids=" ".join)
def test_help_imports_click_alone(path):
    probe = (
        "import sys; before = set(sys.modules)\n"  # what .pth files of other packages brought in
        "from bellrock.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "import sysconfig; site = sysconfig.get_paths()['purelib']\n"
        "print(*{n.partition('.')[0] for n, m in list(sys.modules.items())"
        " if n not in before and (getattr(m, '__file__', None) or '').startswith(site)}, file=sys.stderr)"
    )
    arguments = path if path == ("-h",) else (*path, "--help")
    done = subprocess.run([sys.executable, "-c", probe, *arguments], capture_output=True, text=True, check=True)
    assert set(done.stderr.split()) <= {"click", "bellrock"}


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("topolgy", "show"), "No command 'topolgy'; did you mean 'topology'?"),
        (("zzz",), f"No command 'zzz'; there are {', '.join(COMMANDS)}."),
        (("topology", "shwo"), "No such command 'shwo'. Did you mean 'show'?"),
        (("--nope",), "No such option"),
        (("topology", "show", "--jsn"), "No such option"),
        (("topology", "explain", "a/b"), "Missing argument"),
        (("beacon", "send", "eth0", "--vid", "4095"), "4095 is not in the range"),
        (("up", "--port", "0"), "0 is not in the range"),
    ],
)
def test_what_is_mistyped_is_named_with_what_comes_near(bellrock, arguments, line):
    done = bellrock(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert line in done.stderr


def test_alone_it_shows_its_help(bellrock):
    assert "Example: bellrock up" in bellrock().stderr + bellrock().stdout


def test_a_command_s_module_must_define_it(monkeypatch):
    monkeypatch.setitem(COMMANDS, "broken", ("json", "no command"))
    monkeypatch.setattr("json.broken", 5, raising=False)
    with pytest.raises(TypeError, match=r"json\.broken is not a command"):
        cli.get_command(click.Context(cli), "broken")
    assert cli.get_command(click.Context(cli), "nothing") is None


def shell(command, tmp_path, **environment):
    (tmp_path / "secret").write_text(SECRET)
    (tmp_path / "secret").chmod(0o600)
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command.replace("bellrock", str(BELLROCK))], capture_output=True, text=True,
        errors="surrogateescape", cwd=tmp_path, env=os.environ | {"HOME": str(tmp_path)} | environment, timeout=60, check=False,
    )  # fmt: skip
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
    return done


@pytest.mark.parametrize(
    "command", ["bellrock --help", "bellrock topology diff --help", "bellrock version", "bellrock secret new"]
)
def test_a_reader_that_left_is_no_error_and_no_answer(tmp_path, command):
    """The reader is gone before the first word."""
    done = shell(f"(sleep 0.5; exec {command}) | true", tmp_path)
    assert (done.returncode, done.stderr) == (141, "")


def test_a_full_disk_under_stdout_is_one_line(tmp_path):
    done = shell("bellrock version > /dev/full", tmp_path)
    assert (done.returncode, done.stderr) == (3, "Error: No space left on device\n")


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("bellrock version --json <&- >&- 2>&-", 3),
        ("bellrock version >&-", 3),
        ("bellrock secret show-id missing 2>&-", 2),
        ("bellrock beacon decode --secret-file secret - <&-", 3),
        ("bellrock secret new kept >&-; bellrock secret show-id kept", 0),
    ],
)
def test_streams_that_are_closed_are_taken_for_empty(tmp_path, command, code):
    assert shell(command, tmp_path).returncode == code


ENDS_WITH = """
import sys, click
from bellrock.cli.root import cli, main
command = click.Command("version", callback=lambda: (click.echo("an answer"), sys.exit({code})))
cli.get_command = lambda context, name: command
sys.argv = ["bellrock", "version"]
main()
"""


@pytest.mark.parametrize(("ends", "code"), [(0, 3), (1, 1), (4, 4)])
def test_what_a_command_ends_with_is_no_0_where_its_answer_is_lost(tmp_path, ends, code):
    (tmp_path / "ends.py").write_text(ENDS_WITH.format(code=ends))
    done = shell(f"{sys.executable} ends.py >&-", tmp_path)
    assert (done.returncode, "stdout is closed" in done.stderr) == (code, code == 3)


def test_characters_that_the_terminal_cannot_take_are_escaped(tmp_path):
    done = shell("bellrock beacon encode --help", tmp_path, PYTHONIOENCODING="latin-1")
    assert (done.returncode, "\\u2026" in done.stdout) == (0, True)


def on_terminal(*arguments, **environment):
    """What a command writes on a terminal."""
    near, far = pty.openpty()
    process = subprocess.Popen([BELLROCK, *arguments], stdin=far, stdout=far, stderr=far, env=os.environ | environment)
    os.close(far)
    said = b""
    while select.select([near], [], [], 20)[0]:
        try:
            said += os.read(near, 65536)
        except OSError:  # EIO: the last one that had it open has closed it
            break
    os.close(near)
    assert process.wait(20) == 0
    return said.decode()


def test_a_terminal_s_wishes_are_respected(tmp_path):
    colours = {"TERM": "xterm-256color", "NO_COLOR": ""}
    assert on_terminal("version", "--json", **colours).count("\n") > 3
    narrow = on_terminal("topology", "explain", "--help", COLUMNS="40", **colours)
    assert max(len(line) for line in narrow.splitlines() if "Example" not in line) <= 80


@pytest.fixture
def as_main(monkeypatch, capsys):
    """Run `main` with a command of ours in the place of `version`: exit code, stdout, stderr."""

    def run(body, *arguments):
        command = click.Command("version", callback=body)
        monkeypatch.setattr(cli, "get_command", lambda context, name: command)
        monkeypatch.setattr(sys, "argv", ["bellrock", *(arguments or ("version",))])
        with pytest.raises(SystemExit) as caught:
            main()
        said = capsys.readouterr()
        return caught.value.code, said.out, said.err

    return run


def raising(error):
    def body():
        raise error

    return body


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (Failure("no such thing", 2), 2, "Error: no such thing\n"),
        (Failure("not there", 3), 3, "Error: not there\n"),
        (SystemExit(1), 1, ""),
        (KeyboardInterrupt(), 130, "\n"),
        (click.Abort(), 130, ""),
        (BrokenPipeError(), 141, ""),
        (OSError(28, "No space left on device"), 3, "Error: No space left on device\n"),
        (OSError(13, "Permission denied", "/x"), 3, "Error: /x: Permission denied\n"),
        (OSError("odd"), 3, "Error: odd\n"),
    ],
)
def test_what_may_happen_has_its_exit_code(as_main, error, code, said):
    assert as_main(raising(error)) == (code, "", said)


def test_a_command_that_returns_is_done(as_main):
    assert as_main(lambda: click.echo("done"))[:2] in {(None, "done\n"), (0, "done\n")}
    assert as_main(lambda: None, "--help")[0] == 0


def test_a_defect_keeps_its_traceback(monkeypatch):
    monkeypatch.setattr(
        cli, "get_command", lambda context, name: click.Command("version", callback=raising(KeyError("x")))
    )
    monkeypatch.setattr(sys, "argv", ["bellrock", "version"])
    with pytest.raises(KeyError):
        main()


def test_a_pipe_that_breaks_while_help_is_written(monkeypatch):
    monkeypatch.setattr(click.Group, "make_context", raising_always(BrokenPipeError()))
    with pytest.raises(ReaderGoneError) as caught:
        cli.make_context("bellrock", [])
    caught.value.show()
    assert caught.value.exit_code == 141


def raising_always(error):
    def body(*_, **__):
        raise error

    return body


@pytest.mark.parametrize(
    ("environment", "colour"),
    [
        ({}, None),
        ({"NO_COLOR": "1"}, False),
        ({"NO_COLOR": ""}, None),
        ({"TERM": "dumb"}, False),
        ({"TERM": "xterm"}, None),
    ],
)
def test_colour_only_where_it_is_wanted(monkeypatch, environment, colour):
    for name in ("NO_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert root._colour() is colour


def test_a_stream_that_is_not_there_becomes_one_that_takes_all(monkeypatch):
    monkeypatch.setattr(sys, "stdin", None)
    monkeypatch.setattr(sys, "stdout", None)
    root._mend_streams()
    with sys.stdin as stdin, sys.stdout as stdout:
        assert stdin.read() == ""
        assert stdout.write("●\ud800") == 2
        stdout.flush()


def test_what_cannot_be_flushed_is_let_go():
    program = (
        "import sys, os; from bellrock.cli import root\n"
        "sys.stdout.write('x'); root._let_go_of_stdout(); os.write(1, b'more')"
    )
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-c", program], stdout=full, stderr=subprocess.PIPE, env=BUFFERED, check=False
        )
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_name_like_none_and_a_name_like_one():
    runner = CliRunner()
    assert "did you mean 'topology'?" in runner.invoke(cli, ["topolgy"]).stderr
    assert f"there are {', '.join(COMMANDS)}." in runner.invoke(cli, ["zzz"]).stderr


def test_streams_that_a_program_put_there_are_left_alone(monkeypatch):
    kept = io.StringIO()
    monkeypatch.setattr(sys, "stdout", kept)
    root._mend_streams()
    assert sys.stdout is kept


def test_descriptors_below_a_closed_stream_are_filled_first():
    program = (
        "import os, sys; from bellrock.cli import root\n"
        "os.close(0); os.close(1); sys.stdout = None; root._mend_streams()\n"
        "print(os.readlink('/proc/self/fd/0'), os.readlink('/proc/self/fd/1'), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], stderr=subprocess.PIPE, text=True, env=BUFFERED, check=False)
    assert done.stderr == "/dev/null /dev/null\n"


def test_stdout_that_fails_at_the_end_is_replaced(monkeypatch, tmp_path):
    with open("/dev/full", "w") as full:
        monkeypatch.setattr(sys, "stdout", full)
        full.write("x")
        root._let_go_of_stdout()
        assert os.readlink(f"/proc/self/fd/{full.fileno()}") == "/dev/null"
        monkeypatch.undo()


@pytest.mark.parametrize(
    ("module", "told"), [("bellrock.region.server", True), ("litestar", True), ("bellrock.none", False)]
)
def test_what_is_not_installed_is_one_line_and_what_is_missing_by_mistake_is_not_hidden(
    module, told, monkeypatch, capsys
):
    def missing(**_):
        raise ModuleNotFoundError(f"No module named {module!r}", name=module)

    monkeypatch.setattr(root.cli, "main", missing)
    with pytest.raises(SystemExit if told else ModuleNotFoundError) as caught:
        main()
    if told:
        assert caught.value.code == 2
        assert capsys.readouterr().err == (
            f"Error: {module} is not part of this installation, which is an agent's; install bellrock[region]\n"
        )
