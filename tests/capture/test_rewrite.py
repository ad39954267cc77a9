"""A capture written again with less in it."""

import pytest

from bellrock.capture.reading.values import CaptureError
from bellrock.capture.redact import headers_only
from bellrock.capture.rewrite import rewrite
from bellrock.capture.ring import FileError
from tests.capture.test_merge import capture, datagram, read


def test_headers_only(tmp_path):
    path = capture(tmp_path / "in.pcapng", [(0, datagram(1)), (5, datagram(2))])
    found = rewrite(path, str(tmp_path / "out.pcapng"), headers_only, "less")
    assert (found.packets, found.left_out, found.troubles) == (2, 0, ())
    assert [(at, place, len(data)) for at, place, data in read(tmp_path / "out.pcapng")] == [
        (0, "eth0", 42),
        (5, "eth0", 42),
    ]


def test_other_links_are_left_out(tmp_path):
    path = capture(tmp_path / "in.pcapng", [(0, b"\x45" + bytes(40))], link_type=101)
    assert rewrite(path, str(tmp_path / "out.pcapng"), headers_only, "").left_out == 1
    assert read(tmp_path / "out.pcapng") == []


def test_what_cannot_be(tmp_path):
    with pytest.raises(CaptureError):
        rewrite(str(tmp_path / "absent"), str(tmp_path / "out"), headers_only, "")
    path = capture(tmp_path / "in.pcapng", [])
    with pytest.raises(FileError):
        rewrite(path, path, headers_only, "")
