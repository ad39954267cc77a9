"""A text is a document, or one line says why not; and mistakes are told with line and key."""

import pytest

from bellrock.wire.toml.text import TomlError, key, read, told


def reading(raw, most=1000):
    return read(raw, "f.toml", kind="site file", most=most, levels="four")


def test_text_and_document():
    assert reading(b'a = "\xc3\xa9"\n') == ('a = "é"\n', {"a": "é"})


@pytest.mark.parametrize(
    ("raw", "line"),
    [
        (b"#" * 1001, "f.toml: more than 1000 octets, the most that a site file may have"),
        (b"a = 1\nb = '\xff'\n", "f.toml:2: not UTF-8; TOML files are"),
        (b"a = 1\nb = \n", "f.toml:2: Invalid value"),
        (b"a = 1\na = 2\n", "f.toml:2: Cannot overwrite a value"),
        (
            b"\xef\xbb\xbfa = 1\n",
            "f.toml:1: begins with a byte order mark, which TOML does not have; save it as UTF-8 without one",
        ),
        (
            b"[role.rack]\n[role.rack]\n",
            "f.toml:2: the table [role.rack] stands here for the second time; put its keys into one table",
        ),
        (
            b'["it\'s"]\n["it\'s"]\n',
            "f.toml:2: the table [it's] stands here for the second time; put its keys into one table",
        ),
        (b"a = '", 'f.toml: Expected "\'" (at end of document)'),
    ],
)
def test_what_is_no_document_is_one_line(raw, line):
    with pytest.raises(TomlError) as error:
        reading(raw)
    assert str(error.value) == line


def test_what_is_nested_too_deeply_is_refused():
    with pytest.raises(TomlError, match="nested too deeply; a site file has at most four levels"):
        reading(b"a = " + b"[" * 50_000, most=1 << 20)


@pytest.mark.parametrize(("opening", "inside", "closing"), [("[", "", "]"), ("{ a = ", "1", " }")])
def test_no_depth_is_too_deep_to_be_told(opening, inside, closing):
    for depth in (20, 40, *range(480, 520)):
        text = f"a = {opening * depth}{inside}{closing * depth}"
        assert complaint(text.encode()) == (
            "" if depth == 20 else "f.toml: nested too deeply; a site file has at most four levels"
        )


def complaint(raw):
    """What is said of a text, or of a mistake at its top."""
    try:
        text, document = reading(raw, most=1 << 20)
    except TomlError as error:
        return str(error)
    assert told("f", text, [(tuple(document), "wrong")]) == "f:1: a: wrong"
    return ""


def test_mistakes_are_told_in_the_order_of_the_file():
    text = "[b]\nx = 1\n[a]\ny = [1, 2]\n"
    problems = [(("a", "y", 1), "too big"), (("b", "x"), "too small"), ((), "missing key c")]
    assert told("f", text, problems).split("\n") == [
        "f:1: missing key c",
        "f:2: b.x: too small",
        "f:4: a.y[1]: too big",
    ]


def test_many_mistakes_are_counted():
    lines = told("f", "a = 1", [(("a",), f"no {number:02}") for number in range(25)], 20).split("\n")
    assert lines[19:] == ["f:1: a: no 19", "f: and 5 more mistakes"]


def test_keys_are_spelled_as_people_say_them():
    assert key(("link", 0, "between")) == "link[0].between"
    assert key(("host", "a\x1b[2J\nb")) == "host.'a\\x1b[2J\\nb'"
    assert key(()) == ""
