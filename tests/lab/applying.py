"""`bellrock firewall apply` in a namespace of its own, with an nft that can be made to wait or to fail."""

import os
import subprocess
from pathlib import Path

from bench._namespaces import Namespace
from tests.cli.programs import programs, wait_until
from tests.firewall.compile.terms import GOLDEN

SITE = GOLDEN / "small.toml"
BEFORE = """\
table inet bellrock {
	set kept { type ipv4_addr; flags interval; elements = { 10.0.0.0/24 }; }
	chain input {
		type filter hook input priority filter; policy accept;
		ip saddr @kept counter packets 41 bytes 4100 accept comment "by hand"
	}
}
"""
BESIDE = """\
table inet filter {
	chain input {
		type filter hook input priority 5; policy accept;
		counter packets 7 bytes 700 comment "of somebody else"
	}
}
"""
NFT = """\
#!/bin/sh
# In the scratch namespace that lists the new rules, nothing is held up.
test "$(readlink /proc/self/ns/net)" = "$(cat {place}/net)" || exec /usr/sbin/nft "$@"
case "$*" in
"-f -") if [ -e {place}/wait ]; then echo $$ > {place}/loading; read line < {place}/gate; fi
        if [ -e {place}/refuse-load ]; then echo 'Error: no memory' >&2; exit 1; fi
        if [ -e {place}/commit-and-fail ]; then
            /usr/sbin/nft -f -; echo 'netlink: Error: No buffer space' >&2; exit 1; fi
        if [ -e {place}/commit-once-and-hang ]; then
            rm {place}/commit-once-and-hang; /usr/sbin/nft -f -; : > {place}/committed; exec sleep 60; fi
        if [ -e {place}/commit-and-break ]; then
            if [ -e {place}/committed ]; then echo 'Error: broken' >&2; exit 1; fi
            : > {place}/committed; exec /usr/sbin/nft -f -; fi;;
"-c -f -") if [ -e {place}/refuse-check ]; then echo 'Error: syntax' >&2; exit 1; fi;;
"--version") if [ -e {place}/version ]; then cat {place}/version; exit; fi;;
esac
exec /usr/sbin/nft "$@"
"""


class Bench:
    """A namespace with tables, and the means to start, hold up and kill what loads rules there."""

    def __init__(self, directory, start):
        self.directory = directory
        self.state = directory / "state"
        self.space = Namespace()
        self._start = start
        os.mkfifo(directory / "gate")
        self.set("net", os.readlink(f"/proc/{self.space.holder.pid}/ns/net"))
        program = directory / "bin" / "nft"
        program.parent.mkdir()
        program.write_text(NFT.format(place=directory))
        program.chmod(0o755)

    def nft(self, *arguments, text=""):
        done = subprocess.run(
            self.space.command("/usr/sbin/nft", *arguments), input=text, capture_output=True, text=True, timeout=30
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def ruleset(self):
        return self.nft("list", "ruleset")

    def ours(self):
        """Our own table, without counters; empty where there is none."""
        done = subprocess.run(
            self.space.command("/usr/sbin/nft", "-s", "list", "table", "inet", "bellrock"),
            capture_output=True,
            text=True,
        )
        return done.stdout

    def given(self, *texts):
        """Start from these tables; the listing of them all."""
        self.nft("-f", "-", text="flush ruleset\n" + "".join(texts))
        return self.ruleset()

    def firewall(self, *arguments, prefix=()):
        path = f"{self.directory / 'bin'}:{os.environ['PATH']}"
        return self._start(
            "firewall", *arguments, inside=self.space, prefix=prefix, BELLROCK_STATE_DIR=str(self.state), PATH=path
        )

    def apply(self, *arguments, within=60, prefix=()):
        wanted = ("--site", SITE, "--for", "rack", "--confirm-within", within)
        return self.firewall("apply", *wanted, *arguments, prefix=prefix)

    def applied(self, **more):
        """`apply`, once its rules are in force and wait for an answer."""
        program = self.apply(**more)
        program.says("Can you still get in?")
        assert "dhcp/renew" in self.ours()
        return program

    def set(self, name, text=""):
        (self.directory / name).write_text(text)

    def let_go(self):
        """What waits in nft goes on, and nothing after it waits."""
        (self.directory / "wait").unlink()
        descriptor = os.open(self.directory / "gate", os.O_WRONLY)
        os.write(descriptor, b"\n")
        os.close(descriptor)

    def loading(self):
        """The pid of the nft that has been told to load, and waits."""
        return int(wait_until(lambda: self._read("loading"), "nft was not told to load"))

    def _read(self, name):
        path = self.directory / name
        return path.read_text().strip() if path.exists() else ""

    def keeper(self):
        """The pid of the keeper: it holds the lock (proc(5), /proc/locks)."""
        return wait_until(self._holder, "no keeper")

    def _holder(self):
        inodes = {str(path.stat().st_ino) for path in self.state.glob("firewall/*.lock")}
        for line in Path("/proc/locks").read_text().splitlines():
            words = line.split()
            if words[1] == "FLOCK" and words[5].rpartition(":")[2] in inodes:
                return int(words[4])
        return 0

    def over(self):
        """Wait until no keeper is left; nothing of it is, either."""
        wait_until(lambda: not self._holder(), "the keeper still runs")
        assert sorted(path.suffix for path in (self.state / "firewall").iterdir()) == [".lock"]

    def close(self):
        if self._holder():
            os.kill(self._holder(), 9)
        self.space.close()


__all__ = ["BEFORE", "BESIDE", "SITE", "Bench", "programs", "wait_until"]
