"""`bellrock capture summary`."""

import builtins
import gzip
import json
import sys

import pytest
from click.testing import CliRunner

from bellrock.cli.capture import capture
from bellrock.cli.capture_summary import reading_progress
from tests.capture.packets import Packet
from tests.capture.reading.made import BEGIN, NS, classic

DISCOVER = Packet(4, 17, "0.0.0.0", "255.255.255.255", 68, 67).frame((0x8100, 10))
QUERY, ANSWER = Packet(4, 17, "10.0.0.57", "10.0.0.4", 5353, 53), Packet(4, 17, "10.0.0.4", "10.0.0.57", 53, 5353)
STRANGE = Packet(4, 17, "10.0.0.57", "10.0.0.9", 7777, 9999)
ARP = bytes(12) + b"\x08\x06" + bytes(46)
FRAMES = (DISCOVER, QUERY.frame(), ANSWER.frame(), STRANGE.frame(), ARP)
SITE = '[role.node]\naddresses = ["10.0.0.57"]\n[role.rack]\naddresses = ["10.0.0.2"]\n[role.dns]\naddresses = ["10.0.0.4"]\n'


@pytest.fixture
def boot(tmp_path):
    path = tmp_path / "boot.pcap"
    path.write_bytes(classic([(at / 4, frame) for at, frame in enumerate(FRAMES)], unit=NS))
    return path


def run(*arguments, code=0, **more):
    done = CliRunner().invoke(capture, ["summary", *map(str, arguments)], prog_name="bellrock capture", **more)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    assert done.exit_code == code, done.output
    return done


def test_the_shape_that_stays_fixed(boot):
    said = json.loads(run(boot, "--json").stdout)
    assert said["packets"] == 5
    dhcp, dns = sorted(said["flows"], key=lambda one: one["flow"], reverse=True)[::-1]
    assert (dhcp["flow"], dhcp["source"], dhcp["destination"], dhcp["vlans"]) == (
        "dhcp",
        "0.0.0.0",
        "255.255.255.255",
        [10],
    )
    assert (dns["flow"], dns["source"], dns["destination"], dns["packets"], dns["vlans"]) == (
        "dns",
        "10.0.0.57",
        "10.0.0.4",
        2,
        [],
    )
    assert (dns["bytes"], dns["first"], dns["last"]) == (len(FRAMES[1]) + len(FRAMES[2]), BEGIN + 0.25, BEGIN + 0.5)
    (strange,) = said["unexplained"]
    assert (strange["source"], strange["destination"], strange["ports"]) == ("10.0.0.57", "10.0.0.9", [9999])
    assert said["below"] == [{"kind": "arp", "packets": 1, "bytes": 60}]
    assert (said["damaged"], said["troubles"]) == (False, [])


def test_as_a_table(boot):
    lines = run(boot).stdout.splitlines()
    assert lines[0] == f"5 packets, {sum(map(len, FRAMES))} octets in 1 s"
    rows = [line.split() for line in lines]
    assert ["dns", "10.0.0.57", "10.0.0.4", "2", "1", f"{len(FRAMES[1]) * 2}", "0.25"] in rows
    assert ["udp/9999", "10.0.0.57", "10.0.0.9", "1", "none", f"{len(FRAMES[3])}", "0"] in rows
    assert [
        "dhcp",
        "0.0.0.0",
        "(02:00:00:00:00:01)",
        "255.255.255.255",
        "10",
        "1",
        "–",
        f"{len(DISCOVER)}",
        "0",
    ] in rows
    assert lines[-1] == "Not IP: arp 1"


def test_with_a_site(boot, tmp_path):
    (tmp_path / "site.toml").write_text(SITE)
    lines = run(boot, "--site", tmp_path / "site.toml").stdout.splitlines()
    assert "  tftp: TFTP (legacy PXE), node to rack" in lines
    assert any(line.startswith("Not seen, of ") for line in lines)
    assert not any(line.startswith("  dns:") for line in lines)


def test_all_that_the_site_needs(tmp_path, boot):
    (tmp_path / "site.toml").write_text(
        '[role.dns]\naddresses = ["10.0.0.4"]\n[role.node]\naddresses = ["10.0.0.57"]\n'
    )
    said = run(boot, "--site", tmp_path / "site.toml").stdout
    assert "All flows that the site needs (1) were seen." in said


def test_a_flow_that_it_may_be_as_well(tmp_path):
    (tmp_path / "a").write_bytes(classic([(0, Packet(4, 6, "10.0.0.57", "10.0.0.2", 40000, 80).frame())]))
    assert "http-boot or apt" in run(tmp_path / "a").stdout


def test_a_stranger_is_told_by_what_he_does(tmp_path):
    site = SITE + '[role.relay]\naddresses = ["10.0.0.1"]\n'
    (tmp_path / "site.toml").write_text(site)
    (tmp_path / "a").write_bytes(classic([(0, Packet(4, 17, "10.0.0.9", "10.0.0.57", 67, 68).frame())]))
    assert "udp/68 (like dhcp, between others)" in run(tmp_path / "a", "--site", tmp_path / "site.toml").stdout


def test_long_times_are_told_in_digits(tmp_path):
    frame = Packet(4, 17, "10.0.0.57", "10.0.0.9", 997, 996).frame()
    (tmp_path / "a").write_bytes(classic([(0, frame), (3600, frame)]))
    out = run(tmp_path / "a").stdout
    assert (out.splitlines()[0].endswith("octets in 3,600 s"), "e+" in out) == (True, False)


def test_replies_that_come_from_elsewhere_are_not_said_to_lack(tmp_path):
    asked = [
        ("0.0.0.0", "255.255.255.255", 68, 67),
        ("10.0.0.57", "224.0.0.251", 999, 998),
        ("10.0.0.57", "10.0.0.9", 997, 996),
    ]
    frames = [(at, Packet(4, 17, *ends).frame()) for at, ends in enumerate(asked)]
    (tmp_path / "a").write_bytes(classic(frames))
    shown = [line for line in run(tmp_path / "a").stdout.splitlines() if "10.0.0.57" in line or "0.0.0.0" in line]
    assert ["none" in line for line in shown] == ["10.0.0.9" in line for line in shown]
    assert sum(" – " in line for line in shown) == 2


def test_a_picture(boot, tmp_path):
    run(boot, "--svg", tmp_path / "who.svg")
    drawn = (tmp_path / "who.svg").read_text()
    assert drawn.startswith("<svg ")
    assert "dns · 10.0.0.4" in drawn
    before = boot.read_bytes()
    assert "is what is read" in run(boot, "--svg", boot, "--force", code=2).stderr
    assert boot.read_bytes() == before
    assert "is there already" in run(boot, "--svg", tmp_path / "who.svg", code=3).stderr


def test_from_standard_input(boot, tmp_path, monkeypatch):
    packed = tmp_path / "boot.pcap.gz"
    packed.write_bytes(gzip.compress(boot.read_bytes()))
    with packed.open("rb") as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        from bellrock.capture.reading.summary import summarise
        from bellrock.flows.catalogue import CATALOGUE

        assert summarise(["-"], CATALOGUE, {}).packets == 5


@pytest.mark.parametrize(
    ("octets", "said"),
    [
        (None, "No such file or directory"),
        (b"", "is empty: not even the header of a capture is there"),
        (b"no capture at all, really", "is no capture"),
        (classic([])[:20], "is cut: 20 octets"),
        (b"\xfd7zXZ\0\0\0", "is compressed with xz, which is not read"),
        (gzip.compress(b"no capture"), "is no capture"),
    ],
    ids=["absent", "empty", "text", "cut", "xz", "packed text"],
)
def test_what_cannot_be_read_is_one_line(tmp_path, octets, said):
    if octets is not None:
        (tmp_path / "a").write_bytes(octets)
    done = run(tmp_path / "a", code=3)
    (line,) = done.stderr.splitlines()
    assert said in line
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("tail", "code", "said"), [(b"\xff" * 99, 3, "is damaged"), (b"\0" * 9, 0, "it is cut: 9 octets")]
)
def test_what_can_be_read_of_the_rest_is_told(boot, tail, code, said):
    boot.write_bytes(boot.read_bytes() + tail)
    done = run(boot, code=code)
    assert "5 packets" in done.stdout
    (line,) = done.stderr.splitlines()
    assert line.startswith("Note: ")
    assert said in line


def test_usage():
    assert "Missing argument" in run(code=2).stderr


@pytest.mark.parametrize(("text", "code"), [("[role.rock]\naddresses = []", 2), (None, 3)])
def test_a_site_that_is_none(boot, tmp_path, text, code):
    if text is not None:
        (tmp_path / "site.toml").write_text(text)
    run(boot, "--site", tmp_path / "site.toml", code=code)


def test_a_picture_that_cannot_be_written(boot, tmp_path):
    assert "Is a directory" in run(boot, "--svg", tmp_path, code=3).stderr


def without(module, monkeypatch):
    """Reading captures finds that this module is not installed."""
    real = builtins.__import__

    def importing(name, *more):
        if name == "bellrock.capture.reading.summary":
            raise ModuleNotFoundError(f"No module named '{module}'", name=module)
        return real(name, *more)

    monkeypatch.setattr(builtins, "__import__", importing)


def test_without_numpy_captures_are_not_read(boot, monkeypatch):
    without("numpy", monkeypatch)
    assert "install bellrock[capture]" in run(boot, code=3).stderr


def test_another_module_that_is_missing_is_not_hidden(boot, monkeypatch):
    without("other", monkeypatch)
    done = CliRunner().invoke(capture, ["summary", str(boot)])
    assert isinstance(done.exception, ModuleNotFoundError)


def test_lines_left_out(boot, monkeypatch):
    from bellrock.capture.reading import grouped, summary

    monkeypatch.setattr(summary, "groups", lambda keys, packets: grouped.groups(keys, packets, most=1))
    assert "Not told: 1 more lines, 0 packets" in run(boot).stdout


def test_progress_is_for_terminals(monkeypatch, capsys):
    tell = reading_progress()
    tell(3_000_000)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    tell(3_000_000)
    tell(3_500_000)
    assert capsys.readouterr().err == "3,000,000 packets read\n"
