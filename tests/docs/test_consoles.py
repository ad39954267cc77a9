"""Every command of docs/ is run, in the order of its page, and what the page shows is compared with what comes."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.consoles import PAGES, ROOT, Command, SavedFile, Unrun, as_shown, loose, steps
from tests.docs.worlds import WORLDS, Setting, Theatre, World

UNRUN_AT_MOST = 24
"""Blocks that no test can run: another vendor's commands, a site's own hardware, hours. It may shrink, and not grow."""

LOOKS = ("bellrock findings", "bellrock topology show")
"""What only looks at a site that is still being found out is asked again until it is."""
PATIENCE = 60.0


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def runs(page: Path) -> list[Command]:
    return [step for step in steps(page.read_text()) if isinstance(step, Command)]


def in_lab(page: Path) -> bool:
    return WORLDS.get(name(page), Setting()).stage is not None or any(
        "bellrock lab" in command.words for command in runs(page)
    )


PARAMETERS = [
    pytest.param(page, id=name(page), marks=[pytest.mark.lab] if in_lab(page) else []) for page in PAGES if runs(page)
]


@pytest.fixture(scope="module")
def theatre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Theatre]:
    stages = Theatre(tmp_path_factory.mktemp("stages"))
    yield stages
    stages.close()


@pytest.mark.parametrize("page", PARAMETERS)
def test_the_commands_of_a_page_do_what_it_shows(page: Path, theatre: Theatre, tmp_path: Path):
    with theatre.world(name(page), tmp_path) as world:
        for step in steps(page.read_text()):
            if isinstance(step, SavedFile):
                world.save(step.name, step.text)
            elif isinstance(step, Command):
                follow(world, step)


def follow(world: World, command: Command) -> None:
    said, code = world.follow(command)
    end = time.monotonic() + PATIENCE
    while command.words.startswith(LOOKS) and not as_shown(command, said) and time.monotonic() < end:
        time.sleep(0.5)
        said, code = world.follow(command)
    assert "Traceback" not in said, f"{command.words}\n{said}"
    assert command.goes_on or code == command.code, f"exit {code}: {command.words}\n{said}"
    assert as_shown(command, said), f"{command.words}\n{said}\nthe page shows\n" + "\n".join(command.shown)


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_no_command_is_shown_where_it_is_not_run(page: Path):
    assert loose(page.read_text()) == [], "commands stand in blocks of the language `console`"


def unrun() -> dict[str, str]:
    """Page and first line → why it is not run."""
    return {
        f"{name(page)}: {step.text.splitlines()[0]}": step.reason
        for page in PAGES
        for step in steps(page.read_text())
        if isinstance(step, Unrun)
    }


def test_what_is_not_run_says_why_and_is_little():
    found = unrun()
    assert [where for where, why in found.items() if len(why) < 10] == []
    assert len(found) <= UNRUN_AT_MOST, "\n".join(f"{where} — {why}" for where, why in found.items())


def test_worlds_are_those_of_pages_that_run_something():
    assert sorted(WORLDS) == sorted(name(page) for page in PAGES if name(page) in WORLDS and runs(page))


PAGE = """Save it as `a.txt`:

```
one
two
```

```console
$ cat a.txt
one
…
$ false
```

```console exit=1
rack-1$ grep three \\
    a.txt
```

```console no-run it takes an hour
$ sleep 3600
```
"""


def test_the_steps_of_a_page():
    assert steps(PAGE) == [
        SavedFile("a.txt", "one\ntwo\n"),
        Command("cat a.txt", shown=["one", "…"]),
        Command("false"),
        Command("grep three \\\n    a.txt", "rack-1", code=1),
        Unrun("it takes an hour", "$ sleep 3600\n"),
    ]


def test_commands_in_other_blocks_are_found():
    assert loose("```\nbellrock check\n```\n\n```sh\n$ ls\n```\n") == ["bellrock check\n", "$ ls\n"]
    assert loose(PAGE) == []


@pytest.mark.parametrize(
    ("shown", "said", "same"),
    [
        (["a  b"], "a b\n", True),
        (["a …"], "a b c\n", True),
        (["a …"], "b\n", False),
        (["a … c"], "a c\n", True),
        (["a … c"], "a b b c\n", True),
        (["a … c"], "a bc\n", False),
        (["a"], "a\nb\n", False),
        (["a", "…"], "a\nb\nc\n", True),
        (["…", "c"], "a\nb\nc\n", True),
        (["a", "…", "c"], "a\nc\n", True),
        ([" ──── "], "────────\n", True),
        ([], "anything\n", True),
        (["a", "^C"], "a\nmore\n", True),
        (["a", "^C"], "", False),
    ],
)  # fmt: skip
def test_what_is_shown_and_what_is_said(shown: list[str], said: str, same: bool):
    assert as_shown(Command("x", shown=shown), said) is same


def test_a_world_remembers(tmp_path: Path):
    world = World(tmp_path)
    assert world.do("mkdir d && cd d && export A=1") == ("", 0)
    assert world.do("echo $A $(basename $PWD); false") == ("1 d\n", 1)
    assert world.do("echo now; sleep 60", until=lambda said: "now" in said)[0] == "now\n"
    assert world.here == world.desk / "d"
    world.close()
