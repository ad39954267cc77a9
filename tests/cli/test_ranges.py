"""Numbers that options take: real ones, within bounds; and no option of any command takes another."""

import importlib

import click
import pytest

from bellrock.cli.ranges import OCTETS, FiniteRange, WholeRange, amount
from bellrock.cli.root import COMMANDS


@pytest.mark.parametrize("text", ["nan", "NaN", "-nan", "inf", "-inf", "infinity", "1e999"])
@pytest.mark.parametrize("bounds", [{}, {"min": 0}, {"min": 0, "max": 10}])
def test_what_is_no_real_number_is_outside_of_every_range(bounds, text):
    with pytest.raises(click.BadParameter):
        FiniteRange(**bounds).convert(text, None, None)


@pytest.mark.parametrize(("text", "number"), [("0", 0.0), ("1e1", 10.0), (" 2.5 ", 2.5)])
def test_real_numbers_are_taken(text, number):
    assert FiniteRange(min=0, max=10).convert(text, None, None) == number


@pytest.mark.parametrize("text", ["-0.1", "10.1", "x", ""])
def test_what_click_refuses_stays_refused(text):
    with pytest.raises(click.BadParameter):
        FiniteRange(min=0, max=10).convert(text, None, None)


@pytest.mark.parametrize("text", ["abc", "1e4", "10,000", ""])
def test_what_is_no_whole_number_is_called_that(text):
    with pytest.raises(click.BadParameter) as error:
        WholeRange(1, 9).convert(text, None, None)
    assert error.value.message == f"{text!r} is not a whole number."


def test_whole_numbers_are_taken_within_bounds():
    assert WholeRange(1, 9).convert("9", None, None) == 9
    with pytest.raises(click.BadParameter, match="1<=x<=9"):
        WholeRange(1, 9).convert("10", None, None)


@pytest.mark.parametrize(
    ("units", "least", "most", "given", "why"),
    [
        (OCTETS, 16 << 20, 1 << 50, "5", "5 is too little; at least 16MiB is expected."),
        (OCTETS, 16 << 20, 1 << 34, "17GiB", "17GiB is too much; at most 16GiB is expected."),
        ({"": 1, "s": 1, "m": 60}, 90, 600, "1", "1 is too little; at least 90s is expected."),
    ],
)
def test_an_amount_beyond_its_bounds_is_told_the_bound(units, least, most, given, why):
    with pytest.raises(click.BadParameter) as error:
        amount(units, least, most)(None, None, given)
    assert error.value.message == why


def commands(command, path):
    """A command and all below it, each with its words."""
    yield path, command
    if isinstance(command, click.Group):
        for name, below in command.commands.items():
            yield from commands(below, (*path, name))


def floats():
    for name, (module, _) in COMMANDS.items():
        for path, command in commands(getattr(importlib.import_module(module), name), (name,)):
            for option in command.params:
                if isinstance(option.type, click.FloatRange):
                    yield " ".join((*path, option.name)), option


def test_there_are_such_options():
    assert "vlan scan rate" in dict(floats())


@pytest.mark.parametrize("text", ["nan", "inf"])
@pytest.mark.parametrize("option", [pytest.param(option, id=words) for words, option in floats()])
def test_every_range_of_every_command_is_finite(option, text):
    context = click.Context(click.Command("x"))
    with pytest.raises(click.BadParameter):
        option.type_cast_value(context, text)


@pytest.mark.parametrize(
    ("text", "number"), [("0.5 GiB", 1 << 29), ("2GiB", 1 << 31), ("100MB", 10**8), ("4096", 4096), (None, None)]
)
def test_a_number_with_a_unit_is_one_of_octets(text, number):
    assert amount(OCTETS, 4096, 1 << 40)(None, None, text) == number


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("2 gib", "is not a number with one of kB"),
        ("-1GiB", "is not a number"),
        ("4095", "too little"),
        ("9999GiB", "too much"),
    ],
)
def test_what_is_no_amount_is_told(text, why):
    with pytest.raises(click.BadParameter, match=why):
        amount(OCTETS, 4096, 1 << 40)(None, None, text)
