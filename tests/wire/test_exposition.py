"""Prometheus' text format, held against its own parser."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from bellrock.wire import exposition
from bellrock.wire.exposition import Counts, Family, Histogram, Process, gauge, own, render, total


def parsed(*metrics):
    found = {}
    for family in text_string_to_metric_families(render(metrics).decode()):
        for sample in family.samples:
            key = (sample.name, *sorted(sample.labels.items()))
            assert key not in found, key
            found[key] = sample.value
    return found


@given(
    st.lists(st.tuples(st.text(), st.text()), unique=True), st.floats() | st.integers(-(2**53), 2**53) | st.booleans()
)
def test_any_label_and_number_come_back_as_they_were(values, number):
    # A lone surrogate is no text: UTF-8 has no octets for it, so that it is told as a question mark.
    values = list(dict.fromkeys(tuple(one.encode("utf-8", "replace").decode() for one in pair) for pair in values))
    found = parsed(Family("a", "gauge", 'what\\it "is"\nsaid', ("x", "y"), [(pair, number) for pair in values]))
    assert found.keys() == {("a", ("x", x), ("y", y)) for x, y in values}
    assert all(value == number or (math.isnan(value) and math.isnan(number)) for value in found.values())


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (1, "1"),
        (True, "1"),
        (1.0, "1.0"),
        (0.1, "0.1"),
        (math.inf, "+Inf"),
        (-math.inf, "-Inf"),
        (math.nan, "NaN"),
        (2**60, str(2**60)),
    ],
)
def test_how_numbers_are_written(number, text):
    assert render([gauge("a", "b", number)]) == f"# HELP a b\n# TYPE a gauge\na {text}\n".encode()


def test_a_help_is_one_line_and_told_as_it_was():
    (family,) = text_string_to_metric_families(render([total("a_total", "one\ntwo\\n", 1)]).decode())
    assert (family.name, family.type, family.documentation) == ("a", "counter", "one\ntwo\\n")


def test_counts_are_told_by_their_labels():
    counts = Counts("seen_total", "What was seen.", "kind")
    assert parsed(counts) == {}
    counts.add("b")
    counts.add("a", by=2)
    counts.add("b", by=0.5)
    assert parsed(counts) == {("seen_total", ("kind", "a")): 2, ("seen_total", ("kind", "b")): 1.5}
    assert counts.value("b") == 1.5


def test_what_is_expected_begins_at_nothing():
    counts = Counts("seen_total", "What was seen.", "kind")
    counts.expect("a")
    assert parsed(counts) == {("seen_total", ("kind", "a")): 0}


def test_a_count_without_labels_begins_with_nothing():
    counts = Counts("seen_total", "What was seen.")
    assert parsed(counts) == {("seen_total",): 0}
    counts.add()
    assert parsed(counts) == {("seen_total",): 1}


def test_a_histogram_is_cumulative_and_its_bounds_belong_to_the_lower_bucket():
    took = Histogram("took_seconds", "How long.", bounds=(1.0, 2.5))
    assert parsed(took) == {}
    for value in (0.5, 1.0, 2.0, 9.0):
        took.observe(value)
    assert parsed(took) == {
        ("took_seconds_bucket", ("le", "1.0")): 2,
        ("took_seconds_bucket", ("le", "2.5")): 3,
        ("took_seconds_bucket", ("le", "+Inf")): 4,
        ("took_seconds_sum",): 12.5,
        ("took_seconds_count",): 4,
    }
    assert took.count() == 4


def test_a_histogram_by_labels():
    took = Histogram("took_seconds", "How long.", "route", bounds=(1.0,))
    took.observe(0.5, 'a"b')
    assert parsed(took)["took_seconds_bucket", ("le", "1.0"), ("route", 'a"b')] == 1
    assert parsed(took)["took_seconds_count", ("route", 'a"b')] == 1
    assert took.count("c") == 0


@given(st.lists(st.floats(0, 100)))
def test_a_histogram_counts_each_once(values):
    took = Histogram("took_seconds", "How long.")
    for value in values:
        took.observe(value)
    assert took.count() == len(values)


def test_labels_that_grow_without_bound_are_counted_together(monkeypatch):
    monkeypatch.setattr(exposition, "MAX_SERIES", 2)
    counts, took = Counts("a_total", "x", "who"), Histogram("b", "x", "who", bounds=())
    for name in ("a", "b", "c", "d", "a", "other"):
        counts.add(name)
        took.observe(1.0, name)
    assert {key[-1][1]: value for key, value in parsed(counts).items()} == {"a": 2, "b": 1, "other": 3}
    assert [took.count(name) for name in ("a", "b", "other")] == [2, 1, 3]


def test_what_every_program_tells_of_itself():
    lag = Histogram("bellrock_loop_lag_seconds", "x")
    lag.observe(0.0)
    found = parsed(*own("1.2", Process(1.5, 4096, 7, 1024), lag))
    assert found["bellrock_build_info", ("version", "1.2")] == 1
    assert found["bellrock_process_cpu_seconds_total",] == 1.5
    assert found["bellrock_process_resident_memory_bytes",] == 4096
    assert (found["bellrock_process_open_fds",], found["bellrock_process_max_fds",]) == (7, 1024)
    assert found["bellrock_loop_lag_seconds_count",] == 1


def test_values_that_do_not_fit_their_labels_are_a_defect():
    with pytest.raises(ValueError, match="zip"):
        render([Family("a", "gauge", "x", ("y",), [(("1", "2"), 1)])])


@pytest.mark.parametrize("names", [("1a",), ("a-b",), ("a", "x y")])
def test_a_name_that_the_format_does_not_have_is_a_defect(names):
    with pytest.raises(ValueError, match="is no name"):
        Counts(names[0], "x", *names[1:])
