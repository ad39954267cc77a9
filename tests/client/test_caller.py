"""How requests are worded."""

from __future__ import annotations

import pytest

from bellrock.client.caller import decoded, encoded, segment, target
from bellrock.client.shapes import NewName


@pytest.mark.parametrize(
    ("text", "made"), [("rack1", "rack1"), ("a/b c", "a%2Fb%20c"), ("ä", "%C3%A4"), ("\udcff", "%FF"), ("..", "..")]
)
def test_segments(text, made):
    assert segment(text) == made


def test_targets():
    assert target("/x", None) == "/x"
    assert target("/x", {"a": None}) == "/x"
    assert (
        target("/x", {"a": "r 1/e&", "b": 2, "c": True, "d": None, "e": 1.5, "f": ""})
        == "/x?a=r%201/e%26&b=2&c=true&e=1.5&f="
    )


def test_bodies():
    assert decoded(encoded(NewName(name="pxe")), NewName) == NewName(name="pxe")
    assert decoded(b'{"name": "pxe", "more": 1}', NewName) == NewName(name="pxe")
