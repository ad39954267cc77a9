"""Options and secrets of probes, progress, rounds, exit codes."""

import asyncio
import os
import signal
import sys
from types import SimpleNamespace

import pytest
from msgspec import structs

from bellrock.cli import trying
from bellrock.cli.endpoints import EndpointError
from bellrock.cli.output import Failure
from bellrock.cli.trying import Progress, Todo, exit_code, milliseconds, options_of, rounds, site_options, try_all
from bellrock.model import Probed, Verdict
from bellrock.probe import Ask
from bellrock.probe.manners import Manners
from bellrock.probe.sweep import not_checked


def test_options_from_the_command_line_and_from_files(tmp_path):
    file = tmp_path / "options"
    file.write_text("# of ours\nurl = http://a/\n\npassword=secret one\n")
    file.chmod(0o600)
    assert options_of("proxy", ("user=me=you",), (file,)) == {
        "user": "me=you",
        "url": "http://a/",
        "password": "secret one",
    }


def test_a_secret_comes_from_the_file_that_is_named(tmp_path):
    file = tmp_path / "password"
    file.write_text("hunter2\n")
    file.chmod(0o600)
    assert options_of("proxy", (f"password-file={file}",)) == {"password": "hunter2"}
    assert site_options("proxy", {"password-file": str(file), "user": "me"}) == {"password": "hunter2", "user": "me"}


def test_a_secret_on_the_command_line_is_refused_and_not_repeated():
    with pytest.raises(
        Failure, match="-o password: it is secret, .* -o password-file=FILE, or --option-file"
    ) as caught:
        options_of("proxy", ("password=hunter2",))
    assert "hunter2" not in str(caught.value)


def test_a_secret_in_a_site_file_is_refused_and_not_repeated():
    with pytest.raises(Failure, match=r"\[probe.proxy\]: password is secret, and a site file is not") as caught:
        site_options("proxy", {"password": "hunter2"})
    assert "hunter2" not in str(caught.value)


def test_a_secret_in_a_file_that_everybody_reads_is_refused_and_not_repeated(tmp_path):
    file = tmp_path / "options"
    file.write_text("url=http://a/\npassword=hunter2\n")
    file.chmod(0o644)
    with pytest.raises(
        Failure, match="options:2: password is secret, and everybody may read the file; chmod 600"
    ) as caught:
        options_of("proxy", (), (file,))
    assert "hunter2" not in str(caught.value)
    file.write_text("url=http://a/\n")
    assert options_of("proxy", (), (file,)) == {"url": "http://a/"}


def test_what_is_given_twice(tmp_path):
    with pytest.raises(Failure, match="-o path: path is given twice"):
        options_of("tftp", ("path=a", "path=b"))
    secret = tmp_path / "password"
    secret.write_text("hunter2\n")
    secret.chmod(0o600)
    with pytest.raises(Failure, match="password is given twice"):
        options_of("proxy", (f"password-file={secret}", f"password-file={secret}"))


@pytest.mark.parametrize("text", ["path", "=x", ""])
def test_what_is_no_option(text):
    with pytest.raises(Failure, match="expected NAME=VALUE"):
        options_of("tftp", (text,))


def test_a_mistake_in_a_file_has_its_line(tmp_path):
    file = tmp_path / "options"
    file.write_text("# fine\nnonsense\n")
    with pytest.raises(Failure, match="options:2: expected NAME=VALUE"):
        options_of("tftp", (), (file,))
    file.write_text("x" * (trying.MAX_OPTION_FILE + 1))
    with pytest.raises(Failure, match="more than 65536 octets of options"):
        options_of("tftp", (), (file,))
    with pytest.raises(Failure, match="No such file"):
        options_of("tftp", (), (tmp_path / "none",))


def test_a_flow_that_nobody_tries():
    with pytest.raises(Failure, match="no probe tries 'tfpt'; there are dhcp, tftp"):
        options_of("tfpt", ())


def refused(port: int = 1, **more) -> Todo:
    return Todo(Ask(flow="ssh", address="127.0.0.1", port=port, **more))


def test_names_are_resolved_beside_what_needs_none(monkeypatch):
    async def resolve(name, within):
        assert within == 5.0
        if name == "good":
            return "127.0.0.1", "127.0.0.2"
        raise EndpointError(f"name {name} does not resolve: no")

    monkeypatch.setattr(trying, "resolve", resolve)
    told = []
    show = SimpleNamespace(
        begin=told.append,
        done=lambda place, results: told.append(results[0].verdict),
        clear=lambda: told.append("over"),
    )
    known = not_checked(Ask(flow="ssh", address="x"), "no address")
    work = [refused(), Todo(Ask(flow="ssh", port=1), "bad"), known, Todo(Ask(flow="ssh", port=1), "good")]
    found = asyncio.run(try_all(work, show, Manners()))
    assert [one.verdict for (one,) in found] == [
        Verdict.REFUSED,
        Verdict.NOT_CHECKED,
        Verdict.NOT_CHECKED,
        Verdict.REFUSED,
    ]
    assert found[1][0].detail == "name bad does not resolve: no"
    assert found[1][0].target == "bad"
    assert told[0] == 3
    assert sorted(told[1:-1]) == [Verdict.NOT_CHECKED, Verdict.REFUSED, Verdict.REFUSED]
    assert told[-1] == "over"


def test_all_addresses_of_a_name_are_tried_where_that_is_wanted(monkeypatch):
    async def resolve(name, within):
        return "127.0.0.1", "::1"

    monkeypatch.setattr(trying, "resolve", resolve)
    done = []
    show = SimpleNamespace(begin=done.append, done=lambda place, results: done.append(results), clear=lambda: None)
    work = [Todo(Ask(flow="ssh", port=1), "two", every_address=True), Todo(Ask(flow="ssh", port=1), "two")]
    both, first = asyncio.run(try_all(work, show, Manners()))
    assert [one.target for one in both] == ["127.0.0.1:1", "[::1]:1"]
    assert [one.target for one in first] == ["127.0.0.1:1"]
    assert done[0] == len(done) - 1 == 2


def test_names_that_are_tried_do_not_keep_others_from_being_resolved(monkeypatch):
    resolved = []

    async def resolve(name, within):
        resolved.append(name)
        return ("127.0.0.1",)

    async def sweep(asks, limits, **more):
        while asks and len(resolved) < 3:  # for as long as another name waits
            await asyncio.sleep(0)
        return [(not_checked(one, "enough"),) for one in asks]

    monkeypatch.setattr(trying, "RESOLVING_AT_ONCE", 1)
    monkeypatch.setattr(trying, "resolve", resolve)
    monkeypatch.setattr(trying, "sweep", sweep)
    show = SimpleNamespace(begin=lambda _: None, done=lambda *_: None, clear=lambda: None)
    found = asyncio.run(try_all([Todo(Ask(flow="ssh"), name) for name in "abc"], show, Manners()))
    assert len(found) == 3


@pytest.fixture
def _signals():
    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("_signals")
def test_one_round():
    told = []
    assert rounds([refused()], lambda results, number: told.append((results[0][0].verdict, number)) or 7, None) == 7
    assert told == [(Verdict.REFUSED, 0)]


@pytest.mark.usefixtures("_signals")
def test_rounds_until_somebody_asks_to_stop():
    told = []

    def tell(_, number):
        told.append(number)
        if number == 2:
            os.kill(os.getpid(), signal.SIGINT)
        return number

    assert rounds([refused()], tell, 0.01) == 2
    assert told == [0, 1, 2]


@pytest.mark.usefixtures("_signals")
def test_interrupted_before_anything_is_known(monkeypatch):
    async def hang(*_):
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.Event().wait()

    monkeypatch.setattr(trying, "try_all", hang)
    assert rounds([refused()], lambda *_: 0, None) == 130


def test_progress_is_for_terminals(monkeypatch, capsys):
    result = (Probed(flow="ssh", target="a\x1b[2J", verdict=Verdict.WORKS, detail=""),)
    quiet = Progress()
    quiet.begin(1)
    quiet.done(0, result)
    quiet.clear()
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    shown = Progress()
    shown.begin(2)
    shown.done(0, result)
    shown.clear()
    said = capsys.readouterr().err
    assert "1 of 2  ssh a\\x1b[2J: works" in said
    assert "\x1b" not in said


@pytest.mark.parametrize(
    ("verdicts", "code"),
    [
        ([Verdict.WORKS], 0),
        ([Verdict.WORKS, Verdict.REFUSED, Verdict.NOT_CHECKED], 1),
        ([Verdict.DEGRADED], 1),
        ([Verdict.WORKS, Verdict.NOT_CHECKED], 3),
        ([], 3),
    ],
)
def test_exit_codes(verdicts, code):
    assert exit_code(verdicts) == code


@pytest.mark.parametrize(("value", "text"), [(None, ""), (0.44, "0.4 ms"), (12.3, "12 ms")])
def test_round_trips(value, text):
    assert milliseconds(value) == text


def test_what_could_be_known_better():
    made = Probed(flow="syslog", target="x", verdict=Verdict.NOT_CHECKED, detail="", facts={"confirmed": False})
    assert not trying.to_be_known(made)
    assert trying.to_be_known(structs.replace(made, facts={}))
    assert trying.to_be_known(structs.replace(made, verdict=Verdict.DEGRADED))
