"""What options name on a disk: regular files are read within bounds, and everything else is left alone."""

import os
import pty

import pytest

from bellrock.model import Verdict
from bellrock.probe import files
from bellrock.probe.files import Unusable, contents
from tests.probe.peers import probe, tcp_server
from tests.probe.secure import to_the_end


def test_a_file_as_large_as_may_be(tmp_path):
    (path := tmp_path / "file").write_bytes(b"x" * 100)
    assert contents(str(path), 100) == b"x" * 100
    with pytest.raises(Unusable, match="larger than 0 MiB"):
        contents(str(path), 99)


def test_what_waits_or_acts_when_it_is_opened_is_not_opened(tmp_path, monkeypatch):
    os.mkfifo(fifo := tmp_path / "fifo")
    ends = pty.openpty()
    monkeypatch.setattr(os, "open", lambda *_: pytest.fail("it was opened"))
    for path, says in (
        (fifo, "no regular file"), ("/dev/null", "no regular file"), (os.ttyname(ends[1]), "no regular file"), (tmp_path, "is a directory"),
    ):  # fmt: skip
        with pytest.raises(Unusable, match=says):
            contents(str(path), 100)
    for end in ends:
        os.close(end)


def test_what_becomes_a_pipe_between_the_look_and_the_opening_lets_nobody_wait(tmp_path, monkeypatch):
    (regular := tmp_path / "regular").touch()
    os.mkfifo(fifo := tmp_path / "fifo")
    looked = regular.stat()
    monkeypatch.setattr(files.os, "stat", lambda _: looked)
    with pytest.raises(Unusable, match="no regular file"):
        contents(str(fifo), 100)


@pytest.mark.parametrize(
    ("flow", "options", "says"),
    [
        ("redfish", ("authority",), "authority {}: no regular file"),
        ("lxd", ("certificate", "key"), "client certificate {0}, key {0}: no regular file"),
        ("apt", ("keyring",), "keyring {}: no regular file"),
    ],
)
def test_no_probe_waits_for_a_pipe(tmp_path, flow, options, says):
    os.mkfifo(fifo := tmp_path / "fifo")
    with tcp_server(to_the_end) as port:
        found = probe(flow, port, **dict.fromkeys(options, str(fifo)))
    assert (found.verdict, found.detail) == (Verdict.NOT_CHECKED, says.format(fifo))
