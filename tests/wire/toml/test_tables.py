"""Tables become Structs; what does not fit is told by its keys, in TOML's words, and all at once."""

from enum import StrEnum
from typing import Annotated

import pytest
from msgspec import Meta, Struct

from bellrock.wire.toml.tables import Tables, kind_of


class Thing(Struct, forbid_unknown_fields=True):
    size: int
    names: tuple[str, ...] = ()
    colour: str | None = None
    code: Annotated[str, Meta(pattern="^[a-z]+$")] = "a"


def test_tables_by_name_and_in_order():
    tables = Tables()
    assert tables.mapping({"thing": {"a": {"size": 1}}}, "thing", Thing, ()) == {"a": Thing(1)}
    assert tables.rows({"thing": [{"size": 1}, {"size": 2}]}, "thing", Thing) == (Thing(1), Thing(2))
    assert tables.head({"size": 3, "thing": {}}, Thing, ("thing",), ()) == Thing(3)
    assert tables.rows({}, "thing", Thing) == ()
    assert tables.problems == []


def test_what_does_not_fit_leaves_its_place():
    tables = Tables()
    assert tables.places({"thing": [{"size": 1}, {}, {"size": 3}]}, "thing", Thing) == (Thing(1), None, Thing(3))
    assert tables.problems == [(("thing", 1), "missing key size")]


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        ({"size": "x"}, (("t", "size"), "expected an integer, got a string")),
        ({"size": 1, "names": ["a", 2]}, (("t", "names", 1), "expected a string, got an integer")),
        ({"size": 1, "colour": 2}, (("t", "colour"), "expected a string, got an integer")),
        ({"size": 1, "sise": 2}, (("t", "sise"), "unknown key; expected one of code, colour, names, size")),
        ({"size": 1, "code": "A"}, (("t", "code"), "expected small letters")),
        ([], (("t",), "expected a table, got an array")),
    ],
)
def test_a_mistake_has_its_keys(raw, problem):
    tables = Tables(words={"regex '^x$'": "an x", "regex '^[a-z]+$'": "small letters"})
    assert tables.convert(raw, Thing, ("t",)) is None
    assert tables.problems == [problem]


def test_what_has_no_words_is_told_as_it_is():
    tables = Tables()
    tables.convert({"size": 1, "code": "A"}, Thing, ())
    assert tables.problems == [(("code",), "expected a string matching regex '^[a-z]+$'")]


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        ({"thing": 1}, (("thing",), "expected a table of names, got an integer")),
        ({"thing": {"a": 1.5}}, (("thing", "a"), "expected a table, got a number")),
    ],
)
def test_what_is_no_table_is_told(document, problem):
    tables = Tables()
    assert tables.mapping(document, "thing", Thing, ()) == {}
    assert tables.problems == [problem]


def test_what_is_no_list_of_tables_is_told():
    tables = Tables()
    assert tables.rows({"thing": {}}, "thing", Thing) == ()
    assert tables.problems == [(("thing",), "expected [[thing]], a list of tables, got a table")]


def test_choices_are_named():
    class Colour(StrEnum):
        RED = "red"

    class Painted(Struct):
        colour: Colour

    named, unnamed = Tables({"colour": ("red",)}), Tables()
    for tables in (named, unnamed):
        tables.convert({"colour": "blue"}, Painted, ())
    assert named.problems == [(("colour",), "expected one of red, got 'blue'")]
    assert unnamed.problems == [(("colour",), "invalid enum value 'blue'")]


def test_what_is_no_struct_is_converted_too():
    tables = Tables()
    assert tables.convert("x", int, ("a",)) is None
    assert tables.problems == [(("a",), "expected an integer, got a string")]


@pytest.mark.parametrize(
    ("value", "told"), [([], "an array"), ({}, "a table"), (True, "a boolean"), (1.5, "a number"), (None, "NoneType")]
)
def test_values_are_named_in_tomls_words(value, told):
    assert kind_of(value) == told


def test_every_key_of_a_table_that_does_not_fit_is_told():
    tables = Tables()
    assert tables.convert({"names": 1, "code": 2, "sise": 3, "colour": "red"}, Thing, ("t",)) is None
    assert tables.problems == [
        (("t", "names"), "expected an array, got an integer"),
        (("t", "code"), "expected a string, got an integer"),
        (("t", "sise"), "unknown key; expected one of code, colour, names, size"),
        (("t",), "missing key size"),
    ]


def test_keys_that_nobody_knows_pass_where_a_table_is_open():
    class Open(Struct):
        size: int

    tables = Tables()
    tables.convert({"size": "x", "more": 1}, Open, ())
    assert tables.problems == [(("size",), "expected an integer, got a string")]


def test_a_table_in_a_list_of_a_table():
    class Box(Struct):
        things: tuple[Thing, ...]

    tables = Tables()
    tables.convert({"things": [{"size": 1}, {"size": 1, "sise": 2}]}, Box, ("box",))
    assert tables.problems == [(("box", "things", 1, "sise"), "unknown key")]
