"""The page of an evidence bundle: what it shows, and what it must not do."""

import pytest

from bellrock.cli.bundlepage import MAX_FINDINGS, page
from bellrock.diagnosis.findings_document import all_told
from bellrock.model import Finding, Severity
from tests.cli.bundles import FINDING

PART = {"path": "host/state.json", "about": "The host.", "octets": 7, "sha256": ""}


def shown(findings=(), parts=(PART,), left_out=()):
    return page({"made": 0.0, "host": "rack1", "bellrock": "9", "parts": parts, "left_out": left_out}, findings)


def test_whose_it_is_and_of_when_and_what_is_in_it():
    html = shown(left_out=[{"what": "the region", "why": "nobody answers"}])
    assert "<h1>Evidence from rack1</h1><p>1970-01-01 00:00:00 UTC, Bellrock 9</p>" in html
    assert '<a href="host/state.json">host/state.json</a></td><td>The host.</td><td>7</td>' in html
    assert "<li>the region: nobody answers</li>" in html
    assert "Left out" not in shown()


def test_it_runs_nothing_and_fetches_nothing():
    assert "default-src 'none'" in shown()
    assert "<script" not in shown()


def test_findings_by_where_they_are_from():
    told = all_told(
        [Finding(id="a", severity=Severity.WARNING, what="w", proof=("p1", "p2"), cause="c", fix=("mend it",))]
    )
    html = shown([("this host", told), ("the region", [])])
    assert '<article class="warning"><h3>w</h3>' in html
    assert "<b>Proof</b><ul><li>p1</li><li>p2</li></ul>" in html
    assert "<b>What to do</b><ul><li>mend it</li></ul>" in html
    assert html.index("by this host") < html.index("by the region") < html.index("Nothing was found.")


def test_there_is_an_end_to_it():
    html = shown([("x", [FINDING] * (MAX_FINDINGS + 3))])
    assert html.count("<article") == MAX_FINDINGS
    assert "And 3 more, in its file." in html
    assert "more, in its file" not in shown([("x", [FINDING] * MAX_FINDINGS)])


@pytest.mark.parametrize(
    "html",
    [
        shown([("<b>", [{"what": "<b>", "id": "<b>", "cause": "<b>", "proof": ["<b>"], "fix": ["<b>"], "severity": "<b>"}])], []),
        shown(parts=[{"path": '"><b>', "about": "<b>", "octets": 1}]),
        shown(left_out=[{"what": "<b>", "why": "<b>"}]),
    ],
    ids=["finding", "part", "left out"],
)  # fmt: skip
def test_words_of_others_are_words(html):
    assert "&lt;b&gt;" in html
    bold = html.replace("<b></b>", "").replace("<b>Proof</b>", "").replace("<b>What to do</b>", "")
    assert "<b>" not in bold


def test_documents_of_others_may_lack_anything():
    html = shown([("x", [{}, {"proof": "text", "fix": 5, "severity": "new"}])])
    assert html.count('<article class="notice"><h3></h3>') == 2
    assert "Proof" not in html
