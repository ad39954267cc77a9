import pytest

from bellrock.firewall.compile.vendors.readback.curly import DEPTH, Statement, parse
from bellrock.firewall.compile.vendors.rules import ReadbackError


def test_blocks_lists_and_comments():
    text = 'a b { /* x { */ c [ 1 2 ]; "d e" f; }\ng;'
    inner = (Statement(("c", "1", "2")), Statement(('"d e"', "f")))
    assert parse(text) == (Statement(("a", "b"), inner), Statement(("g",)))


@pytest.mark.parametrize("text", ["a {", "a }", "}", "a", "a { b }", "a { " * (DEPTH + 1) + "}" * (DEPTH + 1)])
def test_what_does_not_end_is_refused(text):
    with pytest.raises(ReadbackError):
        parse(text)
