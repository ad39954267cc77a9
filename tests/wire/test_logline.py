"""Log lines as text and as JSON."""

import json
import math
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.wire.logline import MAX_TEXT, Line, document, line, sentence


def test_one_line_whatever_the_values_hold():
    assert line("event") == "event"
    assert line("event", a=1, b="x.y:z", c=1.23456, d="two words", e='a"b\nc', f="") == (
        'event a=1 b=x.y:z c=1.235 d="two words" e="a\\"b\\nc" f=""'
    )


def test_a_sentence_reads_as_it_stands_and_has_its_fields():
    said = sentence("region-away", "region={region}: {why}; trying again", region="http://a", why="refused")
    assert said == "region=http://a: refused; trying again"
    assert (said.event, said.fields) == ("region-away", {"region": "http://a", "why": "refused"})


def test_what_came_from_the_network_is_no_template():
    assert sentence("x", "{why}", why="{region} %s") == "{region} %s"


def test_a_line_as_a_document():
    said = line("agent-silent", agent="01A", seconds=75.5, known=True, who=None, request="01R", odd=math.inf)
    told = json.loads(document(1.5, "WARNING", "bellrock.region", said))
    assert told == {
        "time": "1970-01-01T00:00:01.500000Z", "level": "warning", "event": "agent-silent", "logger": "bellrock.region",
        "agent": "01A", "request_id": "01R", "message": str(said),
        "fields": {"seconds": 75.5, "known": True, "who": None, "odd": "inf"},
    }  # fmt: skip


def test_a_text_of_others_has_no_fields():
    told = json.loads(document(0.0, "ERROR", "uvicorn.error", "no", "Traceback …"))
    assert (told["event"], told["fields"], told["trace"]) == ("uvicorn.error", {}, "Traceback …")
    assert "agent" not in told


@given(st.text(), st.text() | st.floats() | st.integers() | st.binary() | st.none(), st.floats(0, 4e9))
def test_any_values_give_one_line_of_ascii_that_can_be_read_back(text, value, at):
    said = document(at, "INFO", "x", line(text, a=value, agent=text), text)
    assert said.isascii()
    assert said.isprintable()
    told = json.loads(said)
    assert told["event"] == text
    assert told["agent"] == text[:MAX_TEXT]
    assert abs(datetime.fromisoformat(told["time"]).timestamp() - at) < 1e-5


@pytest.mark.parametrize("octets", [b"\xff", b"\x80abc"])
def test_octets_that_are_no_text_are_escaped(octets):
    assert "\\udc" in document(0.0, "INFO", "x", line("x", a=octets.decode("utf-8", "surrogateescape")))


def test_what_is_too_long_is_cut():
    assert len(json.loads(document(0.0, "INFO", "x", line("x", a="y" * 100_000)))["fields"]["a"]) == MAX_TEXT


def test_a_line_is_text():
    assert isinstance(line("x"), Line)
    assert f"{line('x', a=1)}" == "x a=1"
