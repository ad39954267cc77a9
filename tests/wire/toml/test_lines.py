"""Every key of a TOML text is found on its line, whatever way it is written."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.wire.toml.lines import key_lines, line_of

TEXT = '''\
title = "a # b = c"   # a comment with [brackets] and = signs

[host.rack-1]
role = 'rack'
interface.eth0 = { to = "sw0", trunk = [10, 20], addresses = ["a", "b"] }
interface."eth0.10" = {}

[host . "node 1".interface]
eth1.to = """
three
lines"""
eth2 = { vlans = [
  10,   # ten
  20,
] }

[[link]]
between = ["sw0", "sw1"]
native = { sw0 = 1, sw1 = 2 }
[link.deep]
x = 1979-05-27T07:32:00Z
[[link]]
between = [ ["a"], [] ]
'''

PLACES = [
    (("title",), 1),
    (("host", "rack-1"), 3),
    (("host", "rack-1", "role"), 4),
    (("host", "rack-1", "interface", "eth0"), 5),
    (("host", "rack-1", "interface", "eth0", "addresses", 1), 5),
    (("host", "rack-1", "interface", "eth0.10"), 6),
    (("host", "node 1"), 8),
    (("host", "node 1", "interface", "eth1", "to"), 9),
    (("host", "node 1", "interface", "eth2", "vlans", 0), 13),
    (("host", "node 1", "interface", "eth2", "vlans", 1), 14),
    (("link", 0), 17),
    (("link", 0, "between", 1), 18),
    (("link", 0, "native", "sw1"), 19),
    (("link", 0, "deep", "x"), 21),
    (("link", 1, "between", 0, 0), 23),
]


@pytest.mark.parametrize(("path", "line"), PLACES)
def test_every_key_has_its_line(path, line):
    assert key_lines(TEXT)[path] == line


def test_the_line_of_what_is_not_there_is_that_of_what_is_around_it():
    lines = key_lines(TEXT)
    assert line_of(lines, ("host", "rack-1", "interface", "eth0", "mtu")) == 5
    assert line_of(lines, ("nothing",)) == 1


def test_an_empty_text_has_no_lines():
    assert key_lines("# only this\n\n") == {}


keys = st.text("abcXYZ019_-", min_size=1, max_size=4)
scalars = st.one_of(
    st.integers(),
    st.booleans(),
    st.text("ab =#[]{},.'", max_size=8),
)
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3))


def written(value):
    match value:
        case bool():
            return str(value).lower()
        case int():
            return str(value)
        case str():
            return '"' + value + '"'
        case list():
            return "[" + ", ".join(map(written, value)) + "]"
        case dict():
            return "{ " + ", ".join(f"{key} = {written(item)}" for key, item in value.items()) + " }"


def paths(value, path=()):
    if path:
        yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from paths(item, (*path, key))


@given(st.dictionaries(keys, st.dictionaries(keys, values, max_size=3), max_size=4))
def test_all_keys_of_any_document_are_found_on_their_line(document):
    text, expected = "", {}
    for table, content in document.items():
        text += f"# {table}\n[{table}]\n"
        for key, value in content.items():
            line = text.count("\n") + 1
            expected.update((path, line) for path in paths({key: value}, (table,)) if path != (table,))
            text += f"{key} = {written(value)}\n"
    assert tomllib.loads(text) == document
    found = key_lines(text)
    assert {path: found[path] for path in expected} == expected
