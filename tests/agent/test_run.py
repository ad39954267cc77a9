"""Parts of one agent: that an order is over is said behind what it brought; raw frames for DHCP, or one line why not."""

import pytest

from bellrock.agent import run as module
from bellrock.agent.run import _answer, _open_taps
from bellrock.contract import Done
from bellrock.link.device import LinkError


class Parts:
    """A loop whose disk does as the test says, and a stream."""

    def __init__(self, *, takes=True):
        self.takes, self.done = takes, []

    def report(self):
        self.done.append("report")
        return self.takes

    def say(self, message, *, behind_reports):
        self.done.append((message, behind_reports))


def test_reports_come_first():
    parts = Parts()
    _answer(parts, parts, Done("O"))
    assert parts.done == ["report", (Done("O"), True)]


@pytest.mark.parametrize(
    ("why", "said"), [("", "it is done, but this agent's disk takes no reports now"), ("no port", "no port")]
)
def test_where_the_disk_takes_no_report_the_answer_says_so(why, said):
    parts = Parts(takes=False)
    _answer(parts, parts, Done("O", why))
    assert parts.done[1][0].why.startswith(said)


def test_without_the_right_to_raw_frames_it_runs_and_says_what_it_cannot(monkeypatch, caplog):
    def refuse():
        raise LinkError("no right to raw frames")

    monkeypatch.setattr(module, "open_dhcp_taps", refuse)
    assert _open_taps() is None
    assert "no right to raw frames; this agent cannot ask for DHCP" in caplog.text
