"""Captures at several points."""

import pytest

from bellrock.lab.scenario import recording as module
from bellrock.lab.scenario.recording import recording
from bellrock.lab.schema import LabError

pytestmark = pytest.mark.lab


def test_what_passes_is_in_the_files_of_all_points(made):
    with recording(made, ("host-7", "router-1", "mirror-1")) as files:
        made.run("host-7", ["ping", "-c", "1", "-W", "5", "{mirror-1}"])
    assert [file.name for file in files] == ["host-7.pcapng", "router-1.pcapng", "mirror-1.pcapng"]
    for file in files:
        assert bytes([10, 10, 0, 77, 10, 30, 0, 4]) in file.read_bytes()


def test_a_capture_that_cannot_begin_is_told(made, monkeypatch):
    monkeypatch.setattr(module, "bellrock", lambda: ("false",))
    with pytest.raises(LabError, match="capture-host-7-7 ended"), recording(made, ("host-7",), 7):
        pass


def test_a_capture_that_fails_is_told(made):
    with pytest.raises(LabError, match="capture-host-7-8 failed"), recording(made, ("host-7",), 8):
        made.lab.kill("capture-host-7-8", 9)
