"""`bellrock capture`."""

import json

import click
import pytest
from click.testing import CliRunner

from bellrock.cli import capture as module
from bellrock.cli.capture import capture, duration, octets

CRIB = {
    ("dhcp",): "(port 67 or port 68)",
    ("tftp",): "udp port 69",
    ("dns",): "port 53",
    ("http-boot", "--rack", "10.0.0.2"): "tcp port 80 and host 10.0.0.2",
    ("http-boot",): "tcp port 80 and host <rack-ip>",
    ("api", "--region", "10.0.0.3"): "tcp port 5240 and host 10.0.0.3",
    ("api",): "tcp port 5240 and host <region-ip>",
    ("ntp",): "udp port 123",
}


def run(*arguments):
    done = CliRunner().invoke(capture, list(map(str, arguments)), prog_name="bellrock capture")
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done


@pytest.mark.parametrize("arguments", CRIB, ids=" ".join)
def test_the_crib(arguments):
    assert run("filter", *arguments, "--plain").stdout == CRIB[arguments] + "\n"
    assert json.loads(run("filter", *arguments, "--plain", "--json").stdout)["filter"] == CRIB[arguments]


def test_filters():
    done = run("filter", "http-boot", "--rack", "10.0.0.2")
    assert done.exit_code == 0
    assert done.stdout.count("vlan") == 2
    assert "dst host 10.0.0.2" in done.stdout
    shown = json.loads(run("filter", "tftp", "--json").stdout)
    assert shown["instructions"] > 100
    assert "opcode" in shown["notes"][0]
    assert "Note: TFTP" in run("filter", "tftp").stderr


def test_instructions_and_display_filter():
    lines = run("filter", "ntp", "--bpf").stdout.splitlines()
    assert lines[0].split() == ["(000)", "ldh", "[12]"]
    assert len(json.loads(run("filter", "ntp", "--bpf", "--json").stdout)["program"]) == len(lines)
    assert "udp.dstport == 123" in run("filter", "ntp", "--wireshark").stdout
    assert len(run("filter", "--all", "--bpf").stdout.splitlines()) <= 4096


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("tfpt",), "no flow 'tfpt'; did you mean 'tftp'?"),
        ((), "which flows?"),
        (("dhcp", "--all"), "--all is all flows"),
        (("dhcp", "--plain", "--bpf"), "choose one"),
        (("dhcp", "--plain", "--host", "10.0.0.1"), "--plain knows flows"),
        (("dhcp", "--rack", "rack1"), "no address and no prefix"),
        (("dhcp", "--role", "rcak=10.0.0.1"), "did you mean 'rack'"),
        (("dhcp", "--profile", "maas"), "no profile 'maas'"),
        (("dhcpv6", "--host", "10.0.0.1", "--role", "relay=10.0.0.9", "--rack", "10.0.0.2", "--tags", "3"), "--tags"),
        (("libvirt-dnsmasq", "--role", "libvirt-host=2001:db8::1", "--role", "relay=2001:db8::2"), "other IP version"),
        (
            ("libvirt-dnsmasq", "--role", "libvirt-host=2001:db8::1", "--role", "relay=2001:db8::2", "--wireshark"),
            "other IP version",
        ),
    ],
)
def test_bad_input_is_one_line(arguments, said):
    done = run("filter", *arguments)
    assert done.exit_code == 2
    assert said in done.stderr
    assert done.stdout == ""


def test_no_libpcap(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "pcapy", None)
    done = run("filter", "ntp", "--bpf")
    assert done.exit_code == 3
    assert "install bellrock[capture]" in done.stderr
    assert "not compiled" in run("filter", "ntp").stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("-o", "-", "--json"), "standard output takes one capture"),
        (("-o", "-", "--size", "1MiB"), "standard output takes one capture"),
        (("-o", "x", "--headers-only", "--blank-secrets"), "choose one of the two"),
        (("-o", "x", "--on", "a", "--headers-only", "--payloads"), "--headers-only leaves no payloads"),
        (("-o", "x", "--payloads"), "--payloads goes with --on"),
        (("-o", "x", "--size", "64 miles"), "is not a number with one of kB"),
        (("-o", "x", "--size", "1"), "too little"),
        (("-o", "x", "--rotate-every", "10000d"), "too much"),
        ((), "Missing option"),
        (("tfpt", "-o", "x"), "did you mean 'tftp'"),
        (
            ("libvirt-dnsmasq", "--role", "libvirt-host=2001:db8::1", "--role", "relay=2001:db8::2", "-o", "x"),
            "other IP version",
        ),
    ],
)
def test_what_cannot_be_run(arguments, said):
    done = run("run", *arguments)
    assert done.exit_code == 2
    assert said in done.stderr


def test_the_plan(monkeypatch):
    import bellrock.cli.capture_run as running

    plans = []
    monkeypatch.setattr(running, "run_plan", lambda plan, as_json: plans.append((plan, as_json)))
    assert (
        run(
            "run",
            "dns",
            "-i",
            "a",
            "-i",
            "b",
            "-o",
            "f",
            "--size",
            "64MiB",
            "--rotate-every",
            "10m",
            "--files",
            "3",
            "--json",
        ).exit_code
        == 0
    )
    assert run("run", "-o", "-", "--no-promiscuous", "--seconds", "2").exit_code == 0
    (first, as_json), (second, _) = plans
    assert as_json
    assert (first.turns.size, first.turns.seconds, first.turns.files) == (64 << 20, 600.0, 3)
    assert first.interfaces == ("a", "b")
    assert first.program
    assert first.wanted.flows[0].id == "dns"
    assert (second.wanted, second.program, second.expression, second.promiscuous) == (None, (), "", False)
    assert second.limits.seconds == 2


@pytest.mark.parametrize(
    ("text", "amount"), [("64MiB", 64 << 20), ("1.5 GB", 15 * 10**8), ("5000", 5000), (None, None)]
)
def test_sizes(text, amount):
    assert octets(None, None, text) == amount


def test_durations():
    assert duration(None, None, "1.5h") == 5400
    with pytest.raises(click.BadParameter):
        duration(None, None, "ten")


@pytest.mark.parametrize("command", [(), ("filter",), ("run",)])
def test_help_has_an_example(command):
    text = run(*command, "--help").stdout
    assert "Example: " in text
    assert module.capture.name == "capture"
