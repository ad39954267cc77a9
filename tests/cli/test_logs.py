"""Log lines of the long-running commands."""

import json
import logging
import time
from datetime import datetime

import pytest

from bellrock.cli.logs import TOLD, configure, hush
from bellrock.wire.logline import line

pytestmark = pytest.mark.usefixtures("restored_logging")


@pytest.mark.parametrize(
    ("verbose", "ours", "others"),
    [
        (0, ["warning"], ["warning"]),
        (1, ["info", "warning"], ["warning"]),
        (2, ["debug", "info", "warning"], ["warning"]),
        (3, ["debug", "info", "warning"], ["warning"]),
    ],
)
def test_how_much_is_said(capsys, verbose, ours, others):
    configure(verbose=verbose)
    for name in ("bellrock.agent", "websockets"):
        for level in ("debug", "info", "warning"):
            getattr(logging.getLogger(name), level)("%s-%s", name, level)
    said = [line.split()[-1] for line in capsys.readouterr().err.splitlines()]
    assert said == [f"bellrock.agent-{level}" for level in ours] + [f"websockets-{level}" for level in others]


def test_a_line_says_when_how_grave_and_who(capsys):
    configure(verbose=0)
    logging.getLogger("bellrock.x").warning("peer=%s left", "rack-2")
    time, level, name, *rest = capsys.readouterr().err.split()
    assert (len(time), level, name, rest) == (24, "WARNING", "bellrock.x", ["peer=rack-2", "left"])


def test_a_name_from_the_network_reaches_no_terminal_as_it_is(capsys):
    configure(verbose=0)
    logging.getLogger("bellrock.x").warning("peer=%s", "a\x1b[2J\nroot WARNING forged\u202e")
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert said.endswith("peer=a\\x1b[2J\\x0aroot WARNING forged\\x202e\n")


def test_configured_twice_it_says_each_line_once(capsys):
    configure(verbose=0)
    configure(verbose=0)
    logging.getLogger("bellrock.x").warning("once")
    assert capsys.readouterr().err.count("once") == 1


@pytest.mark.parametrize("verbose", [0, 1])
def test_which_region_was_joined_is_told_unless_that_is_all_a_command_says(capsys, verbose):
    configure(verbose=verbose)
    for name in TOLD:
        logging.getLogger(name).info("news")
    assert capsys.readouterr().err.count("news") == len(TOLD)
    hush()
    for name in TOLD:
        logging.getLogger(name).info("news")
        logging.getLogger(name).warning("trouble")
    said = capsys.readouterr().err
    assert (said.count("news"), said.count("trouble")) == (0, len(TOLD))
    configure(verbose=0)
    logging.getLogger(TOLD[0]).info("news again")
    assert "news again" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("level", "ours", "others"),
    [
        ("debug", ["debug", "info", "warning", "error"], ["warning", "error"]),
        ("info", ["info", "warning", "error"], ["warning", "error"]),
        ("warning", ["warning", "error"], ["warning", "error"]),
        ("error", ["error"], ["error"]),
    ],
)
def test_a_level_counts_in_place_of_v(capsys, level, ours, others):
    configure(verbose=1, level=level)
    for name in ("bellrock.agent", TOLD[0], "websockets"):
        for each in ("debug", "info", "warning", "error"):
            getattr(logging.getLogger(name), each)("%s-%s", name, each)
    said = [line.split()[-1] for line in capsys.readouterr().err.splitlines()]
    assert said == [
        f"{name}-{each}"
        for name, told in (("bellrock.agent", ours), (TOLD[0], ours), ("websockets", others))
        for each in told
    ]


def test_for_programs_each_line_is_a_document(capsys):
    configure(verbose=0, style="json")
    logging.getLogger("bellrock.x").warning(line("store-full", error="no space\nleft", agent="01A"))
    logging.getLogger("websockets").warning("%s of %d", "one", 2)
    first, second = map(json.loads, capsys.readouterr().err.splitlines())
    assert (first["event"], first["level"], first["agent"]) == ("store-full", "warning", "01A")
    assert first["fields"] == {"error": "no space\nleft"}
    assert abs(datetime.fromisoformat(first["time"]).timestamp() - time.time()) < 60
    assert (second["event"], second["message"], second["fields"]) == ("websockets", "one of 2", {})


def test_a_traceback_stays_on_the_line_of_its_document(capsys):
    configure(verbose=0, style="json")
    try:
        raise ValueError("here")
    except ValueError as error:
        logging.getLogger("bellrock.x").error(line("fault"), exc_info=error)
    (said,) = capsys.readouterr().err.splitlines()
    assert json.loads(said)["trace"].endswith("ValueError: here")
