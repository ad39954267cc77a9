"""The player of raw frames."""

import msgspec
import pytest

from bellrock.lab.scenario.inside import inside
from bellrock.lab.scenario.play import frames, main
from bellrock.lab.scenario.recording import recording
from bellrock.lab.scenario.schema import PlaySpec

FRAME = "ffffffffffff 020000000007 88b5" + "ab" * 50


def test_frames_of_a_maker_and_in_hex():
    assert frames(PlaySpec(frames=(FRAME,)), "")[0][12:14] == b"\x88\xb5"
    assert len(frames(PlaySpec(maker="bpdu"), "02:00:00:00:00:07")[0]) > 50


@pytest.mark.lab
def test_rounds_are_sent(made, capsys):
    spec = PlaySpec(frames=(FRAME, FRAME.replace("ab", "cd")), every=0.01, times=3)
    with recording(made, ("rack-1",)) as files:
        assert inside(made.lab, "host-7", lambda: main([msgspec.json.encode(spec).decode()])) == 0
    octets = files[0].read_bytes()
    assert (octets.count(b"\xab" * 50), octets.count(b"\xcd" * 50)) == (3, 3)
    assert capsys.readouterr().out == "playing\n"


@pytest.mark.lab
def test_what_makes_no_frame_is_told(made, capsys):
    spec = PlaySpec(frames=("zz",))
    assert inside(made.lab, "host-7", lambda: main([msgspec.json.encode(spec).decode()])) == 2
    assert capsys.readouterr().err.startswith("a frame in hex: ")
