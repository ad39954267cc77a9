"""Octets of files and pipes, plain and packed."""

import builtins
import gzip
import io
import os
import sys
import threading

import pytest
import zstandard

from bellrock.capture.reading import source as module
from bellrock.capture.reading.source import Source, source
from bellrock.capture.reading.values import CaptureError

PLAIN = bytes(range(256)) * 4096
PACKED = {
    "plain": PLAIN,
    "gzip": gzip.compress(PLAIN),
    "gzip of two members": gzip.compress(PLAIN[:1000]) + gzip.compress(PLAIN[1000:]),
    "zstd": zstandard.compress(PLAIN),
    "zstd of two frames": zstandard.compress(PLAIN[:1000]) + zstandard.compress(PLAIN[1000:]),
}


def everything(origin, size=100_000):
    got, into = b"", bytearray(size)
    while count := origin.fill(memoryview(into)):
        got += into[:count]
    return got


@pytest.mark.parametrize("kind", PACKED)
@pytest.mark.parametrize("size", [100_000, 2_000_000])
def test_all_of_a_file(tmp_path, kind, size):
    (tmp_path / "a").write_bytes(PACKED[kind])
    origin = source(str(tmp_path / "a"))
    assert everything(origin, size) == PLAIN
    assert origin.trouble == ""
    assert origin.name == str(tmp_path / "a") == origin.path
    origin.close()


@pytest.mark.parametrize("kind", ["plain", "gzip", "zstd"])
def test_from_standard_input_in_drops(monkeypatch, kind):
    reading, writing = os.pipe()

    def drip():
        with os.fdopen(writing, "wb", buffering=0) as out:
            for at in range(3):
                out.write(PACKED[kind][at : at + 1])
            out.write(PACKED[kind][3:])

    writer = threading.Thread(target=drip)
    writer.start()
    with os.fdopen(reading, "rb") as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        origin = source("-")
        assert (origin.name, origin.path) == ("standard input", "")
        assert everything(origin) == PLAIN
        origin.close()
        os.fstat(reading)  # it stays open: it is not ours
    writer.join()


@pytest.mark.parametrize("kind", ["gzip", "zstd"])
def test_what_was_unpacked_before_the_end_is_missing_is_there(tmp_path, kind):
    noise = os.urandom(2_000_000)
    packed = {"gzip": gzip.compress(noise), "zstd": zstandard.compress(noise)}[kind]
    (tmp_path / "a").write_bytes(packed[: len(packed) // 2])
    origin = source(str(tmp_path / "a"))
    got = everything(origin)
    assert 500_000 < len(got) < len(noise)
    assert noise.startswith(got)
    # A zstd stream that just ends cannot be told from one that is whole; what is inside tells.
    assert origin.trouble == ("it ends in the middle of what gzip compressed" if kind == "gzip" else "")
    assert origin.fill(memoryview(bytearray(10))) == 0
    origin.close()


@pytest.mark.parametrize("kind", ["gzip", "zstd"])
def test_damage_inside(tmp_path, kind):
    packed = bytearray(PACKED[kind])
    packed[len(packed) // 2 :] = bytes(len(packed) - len(packed) // 2)
    packed[8:20] = b"\xff" * 12
    (tmp_path / "a").write_bytes(packed)
    origin = source(str(tmp_path / "a"))
    everything(origin)
    origin.close()
    assert origin.trouble.startswith(f"what {kind} compressed is damaged (")


@pytest.mark.parametrize(
    ("head", "kind"),
    [(b"BZh91AY", "bzip2"), (b"\xfd7zXZ\0\0", "xz"), (b"\x04\x22\x4d\x18..", "lz4"), (b"PK\x03\x04..", "zip")],
)
def test_packed_in_another_way(tmp_path, head, kind):
    (tmp_path / "a").write_bytes(head)
    with pytest.raises(CaptureError, match=f"compressed with {kind}, which is not read; unpack it"):
        source(str(tmp_path / "a"))


def test_a_zstd_window_is_bounded(tmp_path):
    parameters = zstandard.ZstdCompressionParameters(window_log=28)
    packer = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    (tmp_path / "a").write_bytes(packer.compress(bytes(1000)) + packer.flush())
    origin = source(str(tmp_path / "a"))
    assert origin.fill(memoryview(bytearray(10))) == 0
    assert "damaged" in origin.trouble
    origin.close()


def test_without_the_library_zstd_is_refused(tmp_path, monkeypatch):
    real = builtins.__import__

    def without(name, *more):
        if name == "zstandard":
            raise ImportError
        return real(name, *more)

    monkeypatch.setattr(builtins, "__import__", without)
    (tmp_path / "a").write_bytes(PACKED["zstd"])
    with pytest.raises(CaptureError, match=r"install bellrock\[capture\], or unpack it first"):
        source(str(tmp_path / "a"))


def test_no_such_file(tmp_path):
    with pytest.raises(CaptureError, match=r"nothing: No such file or directory$"):
        source(str(tmp_path / "nothing"))


def test_a_directory(tmp_path):
    with pytest.raises(CaptureError, match="Is a directory"):
        source(str(tmp_path))


def test_an_odd_name():
    with pytest.raises(CaptureError, match="null byte"):
        source("a\0b")


class Broken(io.RawIOBase):
    def readable(self):
        return True

    def readinto(self, into):
        raise OSError(5, "Input/output error")


def test_a_disk_that_fails_at_once(monkeypatch):
    monkeypatch.setattr(module.io, "FileIO", lambda *_: Broken())
    with pytest.raises(CaptureError, match=r"^disk: Input/output error$"):
        source("disk")


def test_a_disk_that_fails_later():
    origin = Source(Broken(), "disk")
    assert origin.fill(memoryview(bytearray(10))) == 0
    assert origin.trouble == "Input/output error"
    origin.close()


def test_what_nobody_foresaw_is_not_hidden():
    class Odd(Broken):
        def readinto(self, into):
            raise KeyError("odd")

    origin = Source(Odd(), "odd")
    with pytest.raises(KeyError):
        origin.fill(memoryview(bytearray(10)))
    origin.close()
