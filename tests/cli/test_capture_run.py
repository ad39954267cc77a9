"""A capture from its plan to its summary, in a namespace."""

import json
import os
import signal
import threading

import pytest

from bellrock.capture import ring
from bellrock.capture.accepted import accepted
from bellrock.capture.live import Limits
from bellrock.capture.ring import Turns
from bellrock.capture.values import Wanted
from bellrock.cli import capture_run
from bellrock.cli.capture_run import Plan, run_plan
from bellrock.cli.output import Failure
from bellrock.flows.catalogue import flow
from bellrock.link.device import LinkError
from tests.capture.packets import Packet
from tests.capture.reader import read
from tests.capture.test_live import QUERY, send
from tests.link.namespaces import network_namespace

pytestmark = pytest.mark.lab
LOGIN = Packet(
    4,
    6,
    "10.0.0.1",
    "10.0.0.2",
    40000,
    5240,
    payload=b"GET / HTTP/1.1\r\nAuthorization: OAuth s3cr3t-t0k3n\r\n\r\nBODY",
)


@pytest.fixture
def space():
    with network_namespace() as inside:
        inside.veth("fg-a", "fg-b")
        yield inside


@pytest.fixture
def plan(tmp_path, monkeypatch):
    """A plan for `packets` packets; what is sent goes out once the capture is told to begin."""

    def make(*frames, packets=None, ids=(), **more):
        made, program = accepted(Wanted(flows=tuple(map(flow, ids)))) if ids else (None, ())
        whole = Plan(
            wanted=made.wanted if made else None, expression=made.expression if made else "", program=program,
            interfaces=("fg-b",), output=str(tmp_path / "a.pcapng"), turns=more.pop("turns", Turns()),
            limits=Limits(packets=packets or len(frames), seconds=20), **more,
        )  # fmt: skip
        real = capture_run._open_files

        def opened(*arguments):
            files = real(*arguments)
            send("fg-a", *frames)
            return files

        monkeypatch.setattr(capture_run, "_open_files", opened)
        return whole

    return make


def test_into_a_file(space, plan, tmp_path, capsys):
    run_plan(plan(QUERY.frame(), ids=("dns",)), as_json=False)
    contents = read((tmp_path / "a.pcapng").read_bytes())
    assert contents.sections[0][1] == [b"flows: dns"]
    assert contents.sections[0][4][0].startswith(b"bellrock ")
    assert contents.interfaces[0][1][11][0].startswith(b"\0((udp port 53 or ")
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.splitlines()[0] == f"capturing on fg-b into {tmp_path}/a.pcapng; Ctrl-C ends it"
    assert "1 packets, 162 octets, 0 dropped; ended: 1 packets" in said.err
    assert "\r" not in said.err


def test_a_file_that_goes_again_is_told_to_nobody(space, plan, tmp_path, capsys):
    run_plan(plan(QUERY.frame(), passing=True), as_json=False)
    said = capsys.readouterr().err
    assert said.startswith("capturing on fg-b; Ctrl-C ends it\n")
    assert str(tmp_path) not in said


def test_json(space, plan, tmp_path, capsys):
    run_plan(plan(QUERY.frame(), QUERY.frame()), as_json=True)
    assert json.loads(capsys.readouterr().out) == {
        "packets": 2, "octets": 2 * len(QUERY.frame()), "dropped": 0, "interfaces": {"fg-b": 2}, "files": [f"{tmp_path}/a.pcapng"],
        "ended": "2 packets", "blanked": None,
    }  # fmt: skip


def test_secrets_are_nowhere_in_the_file(space, plan, tmp_path, capsys):
    run_plan(plan(LOGIN.frame((0x8100, 5)), blank_secrets=True, snaplen=100), as_json=False)
    octets = (tmp_path / "a.pcapng").read_bytes()
    assert b"s3cr3t" not in octets
    assert b"t0k3n" not in octets
    assert b"Authorization: xxxxx" in octets
    (packet,) = read(octets).packets
    assert (len(packet[2]), packet[3]) == (100, len(LOGIN.frame((0x8100, 5))))
    assert read(octets).sections[0][1] == [b"secrets in payloads were blanked while capturing"]
    assert "secrets were blanked in 1 packets" in capsys.readouterr().err


def test_headers_only(space, plan, tmp_path):
    run_plan(plan(LOGIN.frame((0x8100, 5)), headers_only=True), as_json=False)
    octets = (tmp_path / "a.pcapng").read_bytes()
    for secret in (b"s3cr3t", b"BODY", b"GET"):
        assert secret not in octets
    assert len(read(octets).packets[0][2]) == 58


def test_a_terminal_sees_progress(space, plan, monkeypatch, capsys):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    monkeypatch.setattr("bellrock.capture.live.TICK", 0.01)
    whole = plan(QUERY.frame(), packets=2)
    later = threading.Timer(0.3, lambda: os.kill(os.getpid(), signal.SIGTERM))
    later.start()
    run_plan(whole, as_json=False)
    later.join()
    said = capsys.readouterr().err
    assert "\r\x1b[K1 packets, 162 octets, 0 dropped  " in said
    assert "ended: stopped" in said


def test_complaints_are_told(space, plan, monkeypatch, capsys):
    whole = plan(QUERY.frame(), packets=5)
    monkeypatch.setattr("bellrock.capture.live.TICK", 0.05)
    opened = capture_run._open_files

    def down(*arguments):
        files = opened(*arguments)
        space.ip("link set fg-b down")
        threading.Timer(0.5, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
        return files

    monkeypatch.setattr(capture_run, "_open_files", down)
    run_plan(whole, as_json=False)
    assert "Warning: fg-b is not heard: network is down" in capsys.readouterr().err


def test_a_full_disk(space, plan, tmp_path, monkeypatch, capsys):
    frame = QUERY.frame()
    whole = plan(*[frame] * 40)
    opened = capture_run._open_files

    def filled(*arguments):
        files = opened(*arguments)
        real = os.write

        def write(descriptor, octets):
            if len(octets) > 4000:
                return real(descriptor, octets[:4000])
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(ring.os, "write", write)
        return files

    monkeypatch.setattr(capture_run, "_open_files", filled)
    with pytest.raises(Failure, match="No space left on device; the capture ends here") as caught:
        run_plan(whole, as_json=False)
    assert caught.value.exit_code == 3
    assert 0 < len(read((tmp_path / "a.pcapng").read_bytes()).packets) < 40
    assert "ended: no more can be written" in capsys.readouterr().err


def test_nobody_reads_any_more(space, plan, monkeypatch, capsys):
    whole = plan(QUERY.frame())

    def gone(*_):
        raise BrokenPipeError

    monkeypatch.setattr("bellrock.capture.live.Capture.run", gone)
    run_plan(whole, as_json=False)
    assert "ended: the reader is gone" in capsys.readouterr().err


def test_what_cannot_begin(space, plan, tmp_path, monkeypatch):
    whole = plan(QUERY.frame())
    (tmp_path / "a.pcapng").write_text("mine")
    with pytest.raises(Failure, match="is there already") as caught:
        run_plan(whole, as_json=False)
    assert caught.value.exit_code == 3

    def refused(*_, **__):
        raise LinkError("no raw frames can be received", 1)

    monkeypatch.setattr(capture_run, "Capture", refused)
    with pytest.raises(Failure, match="to allow it: sudo setcap cap_net_raw"):
        run_plan(whole, as_json=False)


def test_directory_ports_of_a_site():
    bare = Plan(
        wanted=Wanted(flows=(flow("ldap"),)), expression="", interfaces=(), output="x", turns=Turns(), limits=Limits()
    )
    assert capture_run._directory_ports(bare) == {389}
    assert capture_run._size(3 << 20) == "3.0 MiB"
