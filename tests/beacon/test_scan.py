"""What arrived of a scan, as text and back."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bellrock.beacon.scan import LAST_VID, read_heard, reception, write_heard
from bellrock.wire.document import MAX_LETTER

SAME = {vid: (vid,) for vid in range(1, 21)}
TABLE = [
    ("nothing", {}, 0, ()),
    ("as they were sent", SAME, 0, ("1-20",)),
    ("one", {7: (7,)}, 0, ("7",)),
    ("untagged", {5: (0,), 6: (0,)}, 0, ("5>0,6>0",)),
    ("untagged as sent", {0: (0,)}, 0, ("0",)),
    ("untagged to a native VLAN", {0: (10,)}, 0, ("0>10",)),
    ("translated, one and a run", {30: (40,), 50: (150,), 51: (151,)}, 0, ("30>40,50-51>150",)),
    ("on two VIDs", {10: (10, 20)}, 0, ("10,10>20",)),
    ("behind a service tag", {7: (reception(100, 7),), 8: (reception(100, 8),)}, 100, ("7-8",)),
    ("the service tag was taken off", {7: (7,)}, 100, ("7>7",)),
    ("another service tag", {7: (reception(200, 7),), 8: (reception(200, 8),)}, 100, ("7-8>200.7",)),
    ("a run ends where the service VID does", {4094: (4095,), 4095: (4096,)}, 0, ("4094>4095,4095>1.0",)),
]
heards = st.dictionaries(
    st.integers(0, 4095),
    st.lists(
        st.builds(reception, st.sampled_from((0, 0, 0, 100, 4095)), st.integers(0, 4095)), min_size=1, max_size=3, unique=True
    ),
    max_size=300,
)  # fmt: skip


@pytest.mark.parametrize(("heard", "outer", "texts"), [pytest.param(*row[1:], id=row[0]) for row in TABLE])
def test_written_and_read(heard, outer, texts):
    assert write_heard(heard, outer) == texts
    assert read(texts, outer) == pairs(heard)


def test_scattered_vids_are_a_bitmap_in_one_text():
    heard = {vid: (vid,) for vid in range(1, LAST_VID, 2)} | {2: (3,)}
    (text,) = write_heard(heard)
    assert text.startswith("=")
    assert text.endswith(";2>3")
    assert len(text) <= MAX_LETTER
    assert read_heard(text) == pairs(heard)


def test_what_does_not_fit_one_text_is_said_in_several():
    heard = {vid: (vid,) for vid in range(1, LAST_VID, 2)} | {vid: (4095 - vid,) for vid in range(2, 1000, 2)}
    texts = write_heard(heard)
    assert len(texts) > 2
    assert max(map(len, texts)) <= MAX_LETTER
    assert read(texts, 0) == pairs(heard)


@settings(deadline=None)
@given(heards, st.sampled_from((0, 100)))
def test_whatever_arrived_is_read_as_it_was_written(heard, outer):
    texts = write_heard(heard, outer)
    assert all(0 < len(text) <= MAX_LETTER for text in texts)
    assert read(texts, outer) == pairs(heard)


@settings(deadline=None)
@given(st.text(alphabet="=;,->.0123456789AZaz_", max_size=60))
def test_any_text_is_vids_or_the_one_error(text):
    try:
        found = read_heard(text)
    except ValueError:
        return
    assert all(0 <= sent <= 4095 and 0 <= got < 4096 * 4096 for sent, got in found)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x", "'x' is no VID"),
        ("1,,2", "'' is no VID"),
        ("5-3", "backwards"),
        ("4096", "beyond VID 4095"),
        ("1-4>4093", "beyond VID 4095"),
        ("1>4096.1", "beyond VID 4095"),
        ("1" * 1025, "1025 characters"),
        ("12;3", "no bitmap stands before"),
        ("=a;", "not base64"),
        ("=ä;", "not base64"),
        ("=" + "_" * 4 + ";", "not base64"),
        ("=" + "A" * 684 + ";", "4104 bits"),
        ("٣", "is no VID"),
    ],
)
def test_what_is_no_such_text_is_refused(text, words):
    with pytest.raises(ValueError, match=words):
        read_heard(text)


def pairs(heard):
    return {(sent, got) for sent, many in heard.items() for got in many}


def read(texts, outer):
    return set().union(*(read_heard(text, outer) for text in texts)) if texts else set()
