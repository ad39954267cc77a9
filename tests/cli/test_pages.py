"""Pages of findings: found, read, and a word where there is none."""

import pytest

from bellrock.cli.output import EXIT_NO, Failure
from bellrock.cli.pages import ids, page, title


def test_every_page_has_a_title():
    assert "no-carrier" in ids()
    assert list(ids()) == sorted(ids())
    assert all(title(page(one)) for one in ids())


def test_the_title_is_the_line_below_the_heading():
    assert title("# a\n\nWhat it says.\n\n## Symptom\n") == "What it says."
    assert title("# a\n") == ""


@pytest.mark.parametrize(
    ("asked", "word"),
    [
        ("no-carier", "did you mean 'no-carrier'"),
        ("zzzz", "--list shows all"),
        ("../findings", "no finding has the id"),
        ("", "--list"),
    ],
    ids=["near", "far", "path", "empty"],
)
def test_what_has_no_page_is_told_so(asked, word):
    with pytest.raises(Failure, match=word) as refused:
        page(asked)
    assert refused.value.exit_code == EXIT_NO
