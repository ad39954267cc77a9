"""`bellrock capture summary` of what real servers and real tools have made: dnsmasq asked for a name and a file, captured by tcpdump and dumpcap."""

import json
import shutil
import signal
import socket
import struct
import subprocess
from functools import cache

import pytest

from bench._namespaces import pair
from tests.cli.programs import BELLROCK, Program, wait_until

pytestmark = pytest.mark.lab
HERE, THERE = "10.77.0.1", "10.77.0.2"
TOOLS = {
    "eth0.pcap": ("tcpdump", "-U", "-i", "eth0", "-w"),
    "any.pcap": ("tcpdump", "-U", "-i", "any", "-y", "LINUX_SLL2", "-w"),
    "cooked.pcap": ("tcpdump", "-U", "-i", "any", "-y", "LINUX_SLL", "-w"),
    "cut.pcap": ("tcpdump", "-U", "-s", "64", "--time-stamp-precision=nano", "-i", "eth0", "-w"),
    "eth0.pcapng": ("dumpcap", "-q", "-i", "eth0", "-w"),
}


def ask_for_a_name():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(10)
        sock.sendto(struct.pack("!6H", 7, 0x100, 1, 0, 0, 0) + b"\4boot\4test\0\0\1\0\1", (THERE, 53))
        return sock.recv(512)


@pytest.fixture(scope="module")
def captures(tmp_path_factory):
    """Captures of the same exchange by each tool, by their names."""
    missing = [name for name in ("tcpdump", "dumpcap", "dnsmasq", "curl") if not shutil.which(name)]
    assert not missing, f"{missing} are not here; tools/setup installs them"
    folder = tmp_path_factory.mktemp("captures")
    (folder / "grub.efi").write_bytes(bytes(5000))
    running = []
    with pair(1) as (here, there):
        for space, address in ((here, HERE), (there, THERE)):
            space.run("ip", "addr", "add", f"{address}/24", "dev", "eth0")
            space.run("ip", "link", "set", "lo", "up")
        try:
            for name, command in TOOLS.items():
                tool = Program(there.command(*command, str(folder / name)), folder, {})
                running.append(tool)
                wait_until(
                    lambda tool=tool: "listening on" in tool.err or "File:" in tool.err, lambda tool=tool: tool.err
                )
            server = there.command(
                "dnsmasq", "-k", "-C", "/dev/null", "--pid-file=", "--user=root", "--no-resolv", "--no-hosts", "--bind-interfaces",
                f"--listen-address={THERE}", f"--address=/boot.test/{THERE}", "--enable-tftp", f"--tftp-root={folder}",
            )  # fmt: skip
            running.append(Program(server, folder, {}))
            wait_until(
                lambda: ":53 " in there.run("ss", "-Hlun") and ":69 " in there.run("ss", "-Hlun"), "dnsmasq listens"
            )
            assert here.inside(ask_for_a_name)[-4:] == socket.inet_aton(THERE)
            here.run("curl", "-sS", "--max-time", "20", "-o", str(folder / "got"), f"tftp://{THERE}/grub.efi")
            assert (folder / "got").stat().st_size == 5000
            # The last acknowledgement is in each file: its block is 10 (RFC 1350 §2: 5000 octets are ten blocks of 512).
            last = b"\0\4\0\x0a"
            for name in TOOLS:
                wait_until(lambda name=name: last in (folder / name).read_bytes(), f"the end of the file in {name}")
        finally:
            for program in reversed(running):
                program.process.send_signal(signal.SIGTERM)
                program.process.wait(20)
                program.close()
    return folder


@cache
def summary(path):
    command = [BELLROCK, "capture", "summary", "--json", path]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    return json.loads(done.stdout), done.stderr


@pytest.mark.parametrize("name", TOOLS)
def test_what_went_on(captures, name):
    found, said = summary(captures / name)
    lines = {line["flow"]: line for line in found["flows"]}
    dns, tftp = lines["dns"], lines["tftp"]
    assert (dns["source"], dns["destination"], dns["ports"], dns["packets"], dns["replies"]) == (
        HERE,
        THERE,
        [53],
        2,
        1,
    )
    assert (tftp["source"], tftp["destination"]) == (HERE, THERE)
    assert tftp["packets"] >= 1 + 2 * 10
    assert tftp["replies"] >= 10
    assert found["unexplained"] == []
    assert ("cut while capturing" in said) is (name == "cut.pcap")


@pytest.mark.parametrize("name", TOOLS)
def test_no_packet_is_lost_on_the_way(captures, name):
    lines = subprocess.run(
        ["tcpdump", "-n", "-r", captures / name], capture_output=True, text=True, check=True, timeout=60
    )
    assert summary(captures / name)[0]["packets"] == len(lines.stdout.splitlines())


def test_packed_and_through_a_pipe(captures):
    command = f"zstd -q -c {captures}/eth0.pcapng | {BELLROCK} capture summary --json -"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True, timeout=60)
    plain = summary(captures / "eth0.pcapng")[0]
    assert json.loads(done.stdout) == plain
