"""Figures are told on this machine alone, and to nobody for long."""

import asyncio
import contextlib
import os
import socket
import stat

import pytest

from bellrock.agent import exposure as module
from bellrock.agent.exposure import AT_ONCE, MAX_HEAD, Exposure, keep_file, listen, place_of, why_not, write_whole
from bellrock.link.device import LinkError

TEXT = b"# HELP a b\n# TYPE a gauge\na 1\n"


@contextlib.asynccontextmanager
async def served(where, *, ready=True):
    with contextlib.closing(listen(where)) as listener:
        task = asyncio.ensure_future(Exposure(lambda: TEXT, lambda: ready).serve(listener))
        try:
            yield listener.getsockname()
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def connect(address):
    if isinstance(address, str):
        return await asyncio.open_unix_connection(address)
    return await asyncio.open_connection(*address[:2])


async def asked(address, octets):
    reader, writer = await connect(address)
    try:
        writer.write(octets)
        return await asyncio.wait_for(reader.read(), 30)
    finally:
        writer.close()


def run(scene):
    return asyncio.run(asyncio.wait_for(scene, 60))


@pytest.mark.parametrize("where", ["127.0.0.1:0", "[::1]:0", "unix:{}/metrics"])
def test_prometheus_is_answered(where, tmp_path):
    async def scene():
        async with served(where.format(tmp_path)) as address:
            return await asked(address, b"GET /metrics?x=1 HTTP/1.1\r\nHost: x\r\nAccept: */*\r\n\r\n")

    head, _, body = run(scene()).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n")
    assert f"Content-Length: {len(TEXT)}".encode() in head
    assert body == TEXT


@pytest.mark.parametrize(
    ("request_line", "ready", "status", "body"),
    [
        (b"GET /healthz HTTP/1.0", False, b"200", b"ok\n"),
        (b"GET /readyz HTTP/1.1", True, b"200", b"ok\n"),
        (b"GET /readyz HTTP/1.1", False, b"503", b"no region listens; reports wait on disk\n"),
        (b"HEAD /metrics HTTP/1.1", True, b"200", b""),
        (b"GET /etc/passwd HTTP/1.1", True, b"404", b"there are /metrics, /healthz and /readyz\n"),
        (b"POST /metrics HTTP/1.1", True, b"405", b"method not allowed\n"),
        (b"GET /metrics", True, b"400", b"bad request\n"),
        (b"\xff\x00 x y", True, b"400", b"bad request\n"),
        (b"GET /metrics HTTP/2.0", True, b"400", b"bad request\n"),
    ],
)
def test_requests(request_line, ready, status, body):
    async def scene():
        async with served("127.0.0.1:0", ready=ready) as address:
            return await asked(address, request_line + b"\r\n\r\n")

    head, _, told = run(scene()).partition(b"\r\n\r\n")
    assert (head.split()[1], told) == (status, body)


def test_a_request_without_end_is_refused():
    async def scene():
        async with served("127.0.0.1:0") as address:
            return await asked(address, b"GET /metrics HTTP/1.1\r\nX: " + b"a" * 4 * MAX_HEAD)

    assert run(scene()).startswith(b"HTTP/1.1 400 ")


def test_who_says_nothing_or_half_is_not_waited_for(monkeypatch):
    monkeypatch.setattr(module, "PATIENCE", 0.05)

    async def scene():
        async with served("127.0.0.1:0") as address:
            silent = await asked(address, b"GET /met")
            _, gone = await connect(address)
            gone.write(b"GET")
            gone.close()
            return silent, await asked(address, b"GET /healthz HTTP/1.1\r\n\r\n")

    silent, next_one = run(scene())
    assert silent == b""
    assert next_one.startswith(b"HTTP/1.1 200")


def test_more_than_a_few_at_once_are_closed():
    async def scene():
        async with served("127.0.0.1:0") as address:
            held = [await connect(address) for _ in range(AT_ONCE)]
            with contextlib.suppress(ConnectionError):
                assert await asked(address, b"GET /healthz HTTP/1.1\r\n\r\n") == b""
            for _, writer in held:
                writer.close()
            while True:
                with contextlib.suppress(ConnectionError):
                    if (await asked(address, b"GET /healthz HTTP/1.1\r\n\r\n")).startswith(b"HTTP/1.1 200"):
                        return

    run(scene())


def test_nothing_is_listened_at_where_nobody_asked():
    assert listen("") is None


@pytest.mark.parametrize("where", ["0.0.0.0:9100", "10.0.0.1:9100", "[::]:9100", "[fe80::1]:9100"])
def test_no_other_machine_is_told(where):
    with pytest.raises(LinkError, match="loopback or a Unix socket only"):
        listen(where)


@pytest.mark.parametrize(
    "where",
    [
        "9100",
        ":9100",
        "localhost:9100",
        "127.0.0.1:",
        "127.0.0.1:65536",
        "127.0.0.1:-1",
        "::1:9100",
        "[127.0.0.1]:1",
        "127.0.0.1:x",
        "127.0.0.1:9_1",
        "127.0.0.1:٩",
        "unix:",
    ],
)
def test_what_is_no_place_is_refused(where):
    with pytest.raises(LinkError) as error:
        listen(where)
    assert str(error.value) == f"--metrics {where}: expected 127.0.0.1:PORT, [::1]:PORT or unix:/PATH"


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("x", "a Unix socket needs an absolute path, unix:/PATH"),
        ("../x", "a Unix socket needs an absolute path, unix:/PATH"),
        ("/a\0b", "a Unix socket needs an absolute path, unix:/PATH"),
        ("/" + "ä" * 54, "the path of a Unix socket has at most 107 octets, not 109"),
    ],
    ids=ascii,
)
def test_a_socket_that_nobody_could_make_is_refused_before_anybody_tries(path, why):
    with pytest.raises(LinkError) as error:
        place_of(f"unix:{path}")
    assert str(error.value) == f"--metrics unix:{path}: {why}"


def test_beyond_this_machine_nothing_is_told():
    with pytest.raises(LinkError) as error:
        listen("192.0.2.1:9100")
    assert str(error.value).startswith("--metrics 192.0.2.1:9100: figures are told on loopback or a Unix socket only")
    assert "choose another place" not in str(error.value)


def test_a_place_that_is_taken_is_told_in_a_line(tmp_path):
    with contextlib.closing(listen("127.0.0.1:0")) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(
            LinkError, match=f"--metrics 127.0.0.1:{port}: Address already in use; choose another place"
        ):
            listen(f"127.0.0.1:{port}")
    with pytest.raises(LinkError, match="No such file or directory"):
        listen(f"unix:{tmp_path}/nobody/metrics")


def test_a_socket_of_one_that_was_killed_is_taken_and_one_in_use_is_not(tmp_path):
    path = tmp_path / "metrics"
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
    with contextlib.closing(listen(f"unix:{path}")):
        assert stat.S_IMODE(path.stat().st_mode) == 0o660
        with pytest.raises(LinkError, match="Address already in use"):
            listen(f"unix:{path}")


def test_a_file_of_others_is_left_alone(tmp_path):
    path = tmp_path / "precious"
    path.write_text("x")
    with pytest.raises(LinkError, match="Address already in use"):
        listen(f"unix:{path}")
    assert path.read_text() == "x"


def test_the_file_is_written_whole_and_for_everybody(tmp_path):
    path = tmp_path / "bellrock.prom"
    path.write_text("old")
    write_whole(path, TEXT)
    assert path.read_bytes() == TEXT
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert os.listdir(tmp_path) == ["bellrock.prom"]


def test_what_cannot_be_written_leaves_nothing(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module.os, "fchmod", full)
    with pytest.raises(OSError, match="No space left"):
        write_whole(tmp_path / "bellrock.prom", TEXT)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    "make", [os.mkfifo, lambda path: path.symlink_to("x"), os.mkdir], ids=["fifo", "link", "directory"]
)
def test_what_is_no_regular_file_is_never_replaced(tmp_path, make):
    path = tmp_path / "bellrock.prom"
    make(path)
    before = path.lstat()
    with pytest.raises(FileExistsError, match="regular file, which is not replaced"):
        write_whole(path, TEXT)
    assert (path.lstat().st_ino, path.lstat().st_mode) == (before.st_ino, before.st_mode)
    assert os.listdir(tmp_path) == ["bellrock.prom"]
    assert why_not(path).startswith(f"{path}: there is something else than a regular file")


def test_a_link_that_is_put_there_later_stays(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(module, "EVERY", 0.001)
    path, notes = tmp_path / "bellrock.prom", tmp_path / "notes"
    notes.write_text("mine")

    async def scene():
        task = asyncio.ensure_future(keep_file(path, lambda: TEXT))
        async with asyncio.timeout(10):
            while not path.exists():
                await asyncio.sleep(0.001)
            (tmp_path / "link").symlink_to(notes)
            (tmp_path / "link").replace(path)
            while not caplog.records:
                if not path.is_symlink():  # a writing that had looked already
                    (tmp_path / "again").symlink_to(notes)
                    (tmp_path / "again").replace(path)
                await asyncio.sleep(0.001)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    run(scene())
    assert path.is_symlink()
    assert notes.read_text() == "mine"


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("notes.txt", "only names that end with .prom"),
        ("", "only names that end with .prom"),
        ("gone/x.prom", "there is no directory"),
        ("notes/x.prom", "Not a directory"),
    ],
)
def test_where_figures_cannot_be_kept(tmp_path, name, why):
    (tmp_path / "notes").write_text("mine")
    assert why in why_not(tmp_path / name)


def test_where_figures_can_be_kept(tmp_path):
    path = tmp_path / "x.prom"
    assert why_not(path) == ""
    write_whole(path, TEXT)
    assert why_not(path) == ""


def test_the_file_is_kept_and_a_fault_is_told_once(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(module, "EVERY", 0.001)
    path, times = tmp_path / "there" / "bellrock.prom", []

    def text():
        times.append(1)
        return b"%d" % len(times)

    async def scene():
        task = asyncio.ensure_future(keep_file(path, text))
        while len(times) < 3:
            await asyncio.sleep(0.001)
        path.parent.mkdir()
        while not path.exists():
            await asyncio.sleep(0.001)
        first = path.read_bytes()
        while path.read_bytes() == first:
            await asyncio.sleep(0.001)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    run(scene())
    (said,) = caplog.records
    assert said.msg.event == "metrics-not-written"
