"""The Debian package: built twice alike, installed, upgraded, run, removed and purged.

The machine that it is installed on has the files of this one beneath it (an overlay in memory), without what is installed by hand and
without Debian's Python packages. Nothing of it is booted: systemd judges the units that are installed there, and both programs run as
those have them run (user, capabilities, no new privileges, what is told to a service manager), in a network of their own. Filters of
system calls and views of the file system are systemd's own to apply; tests/deploy holds what they leave exposed.
"""

import gzip
import hashlib
import json
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.needs import require

ROOT = Path(__file__).parents[2]
SECRET = "00112233445566778899aabbccddeeff\n"
GONE = ("usr/local", "usr/lib/python3/dist-packages", "root", "opt", "home")
"""What a fresh machine does not have."""
EPOCH = "1700000000"

pytestmark = pytest.mark.pack


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """The package, compressed in haste."""
    require([tool for tool in ("dpkg-deb", "readelf") if not shutil.which(tool)])
    return built(tmp_path_factory.mktemp("deb") / "bellrock.deb")


def built(file):
    command = [sys.executable, ROOT / "tools" / "deb", "--level", "0", "--output", file]
    environment = os.environ | {"SOURCE_DATE_EPOCH": EPOCH}
    done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    return file


@pytest.fixture(scope="module")
def lower(package):
    """The same package of a lower version, with another configuration file."""
    tree = Path(f"{package}.tree")
    subprocess.run(["dpkg-deb", "-R", package, tree], check=True, timeout=300)
    control, conffile = tree / "DEBIAN/control", tree / "etc/bellrock/bellrock.toml"
    control.write_text(re.sub(r"^Version: .*$", "Version: 0.0.9-1", control.read_text(), flags=re.MULTILINE))
    conffile.write_text("# as it was\n")
    # It need not run, and the upgrade brings what it has not.
    for path in (tree / "usr/lib/bellrock").iterdir():
        if path.is_dir() and path.name != "bellrock":
            shutil.rmtree(path)
    sums = [
        line for line in (tree / "DEBIAN/md5sums").read_text().splitlines()
        if not line.endswith("bellrock.toml") and (tree / line.split("  ", 1)[1]).exists()
    ]  # fmt: skip
    digest = hashlib.md5(conffile.read_bytes()).hexdigest()
    (tree / "DEBIAN/md5sums").write_text("\n".join([*sums, f"{digest}  etc/bellrock/bellrock.toml", ""]))
    file = package.with_name("lower.deb")
    subprocess.run(
        ["dpkg-deb", "--root-owner-group", "-Znone", "-b", tree, file],
        check=True,
        timeout=300,
        capture_output=True,
    )
    shutil.rmtree(tree)
    return file


class Machine:
    """A root directory of its own."""

    def __init__(self, root):
        self.root = root

    def words(self, *command):
        clean = ("env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND=noninteractive", "LC_ALL=C.UTF-8")
        return ["chroot", str(self.root), *clean, *command]

    def run(self, *command, check=True, seconds=600):
        done = subprocess.run(
            self.words(*command), capture_output=True, text=True, timeout=seconds, check=False, stdin=subprocess.DEVNULL
        )
        assert not check or done.returncode == 0, f"{done.stdout}{done.stderr}"
        return done

    def dpkg(self, *words, check=True):
        return self.run("dpkg", *words, check=check)

    def give(self, file):
        shutil.copy(file, self.root / "tmp" / file.name)
        return f"/tmp/{file.name}"

    def path(self, name):
        return self.root / name.removeprefix("/")


@pytest.fixture(scope="module")
def machine(tmp_path_factory):
    """An overlay over this machine's files; its dpkg knows what is installed here, but for what only the test brings."""
    require([] if os.geteuid() == 0 else ["root"])
    base = tmp_path_factory.mktemp("machine")
    # Memory of its own: /dev/shm may be small, and an overlay cannot keep its changes on another overlay.
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2g,mode=0755", "tmpfs", base], check=True)
    mounted = [base]
    try:
        yield assembled(base, mounted)
    finally:
        for where in reversed(mounted):
            subprocess.run(["umount", "--lazy", where], check=True)


def assembled(base, mounted):
    for name in ("upper", "work", "root"):
        (base / name).mkdir(parents=True)
    for gone in GONE:
        directory = base / "upper" / gone
        directory.mkdir(parents=True)
        os.setxattr(directory, "trusted.overlay.opaque", b"y")
    root = base / "root"
    options = f"lowerdir=/,upperdir={base / 'upper'},workdir={base / 'work'}"
    subprocess.run(["mount", "-t", "overlay", "overlay", "-o", options, root], check=True)
    mounted.append(root)
    for kind, where in (("proc", "proc"), ("tmpfs", "run"), ("tmpfs", "tmp")):
        subprocess.run(["mount", "-t", kind, kind, root / where], check=True)
        mounted.append(root / where)
    subprocess.run(["mount", "--bind", "/dev", root / "dev"], check=True)
    mounted.append(root / "dev")
    # What installs may start nothing: these are this machine's processes.
    (root / "usr/sbin/policy-rc.d").write_text("#!/bin/sh\nexit 101\n")
    (root / "usr/sbin/policy-rc.d").chmod(0o755)
    for ours in ("etc/bellrock", "var/lib/bellrock"):
        shutil.rmtree(root / ours, ignore_errors=True)
    return Machine(root)


def test_it_is_what_it_says(package):
    told = subprocess.run(["dpkg-deb", "-f", package], capture_output=True, text=True, check=True).stdout
    fields = dict(line.split(": ", 1) for line in told.splitlines() if not line.startswith(" "))
    python = subprocess.run(
        ["/usr/bin/python3", "-c", "import sys; print('%d.%d' % sys.version_info[:2])"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    assert fields["Package"] == "bellrock"
    assert f"python3 (>= {python}~)" in fields["Depends"]
    assert not re.search(r"python3-\w", fields["Depends"])
    listed = subprocess.run(["dpkg-deb", "-c", package], capture_output=True, text=True, check=True).stdout
    names = {line.split()[5] for line in listed.splitlines()}
    wanted = {
        "./usr/bin/bellrock", "./lib/systemd/system/bellrock-region.service", "./lib/systemd/system/bellrock-rack.service",
        "./usr/share/man/man1/bellrock.1.gz", "./usr/share/man/man5/bellrock.toml.5.gz", "./usr/share/doc/bellrock/copyright",
        "./usr/share/bash-completion/completions/bellrock", "./usr/lib/sysusers.d/bellrock.conf",
        "./usr/lib/bellrock/bellrock/_page/index.html",
    }  # fmt: skip
    assert wanted <= names
    assert not any("__pycache__" in name or name.endswith(".pyc") for name in names)
    owners = {line.split()[1] for line in listed.splitlines()}
    assert owners == {"root/root"}


def test_the_same_sources_give_the_same_octets(package, tmp_path):
    again = built(tmp_path / "again.deb")
    assert hashlib.sha256(again.read_bytes()).hexdigest() == hashlib.sha256(package.read_bytes()).hexdigest()


def test_lintian_has_nothing_to_say(package):
    require([] if shutil.which("lintian") else ["lintian"])
    command = ["lintian", "--allow-root", "--fail-on=error", "--tag-display-limit=0", "--profile=debian", package]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    errors = [line for line in done.stdout.splitlines() if line.startswith("E:")]
    assert errors == []


def test_it_is_installed_upgraded_removed_and_purged(machine, package, lower):
    """One machine's life, in this order."""
    machine.dpkg("-i", machine.give(lower))
    assert "bellrock:" in machine.path("/etc/passwd").read_text()
    config = machine.path("/etc/bellrock/bellrock.toml")
    assert (
        config.stat().st_mode & 0o777,
        config.owner(),
        machine.path("/var/lib/bellrock").stat().st_mode & 0o777,
    ) == (0o640, "root", 0o700)
    config.write_text(
        '[region]\nlisten = ["unix:/run/bellrock/region.sock", "127.0.0.1:5240"]\n[rack]\nregion = "http://127.0.0.1:5240"\n'
    )

    machine.dpkg("-i", "--force-confdef", "--force-confold", machine.give(package))
    assert "127.0.0.1:5240" in config.read_text()
    assert machine.path("/etc/bellrock/bellrock.toml.dpkg-dist").exists()
    told = json.loads(machine.run("bellrock", "version", "--json").stdout)
    assert told["bellrock"]
    assert machine.run("bellrock", "config", "check").stdout.endswith("no mistakes\n")
    assert machine.dpkg("--verify", "bellrock").stdout.splitlines() in ([], ["??5?????? c /etc/bellrock/bellrock.toml"])
    assert list(machine.path("/usr/lib/bellrock/bellrock/cli/__pycache__").glob("*.pyc"))
    with gzip.open(machine.path("/usr/share/man/man1/bellrock.1.gz"), "rt") as page:
        assert "bellrock" in page.read()

    machine.run(
        "setpriv",
        "--reuid=bellrock",
        "--regid=bellrock",
        "--clear-groups",
        "bellrock",
        "secret",
        "new",
        "/var/lib/bellrock/secret",
    )
    services_run(machine)

    machine.dpkg("-r", "bellrock")
    assert config.exists()
    assert machine.path("/var/lib/bellrock/region").exists()
    assert not machine.path("/usr/bin/bellrock").exists()
    assert not machine.path("/usr/lib/bellrock").exists()
    machine.dpkg("-P", "bellrock")
    left = [
        path
        for path in ("/etc/bellrock/bellrock.toml", "/var/lib/bellrock", "/etc/systemd/system/bellrock-region.service")
        if machine.path(path).exists()
    ]
    assert left == []
    assert machine.run("dpkg", "-s", "bellrock", check=False).returncode != 0


BOUNDING = {"bellrock-region": (), "bellrock-rack": ("net_bind_service", "net_admin", "net_raw")}
"""What the units leave of the capabilities, as setpriv calls them."""
WITHIN = 120
"""Seconds for whatever is waited for."""


def services_run(machine):
    """systemd finds the installed units right; both programs start as these have them, the region answers, they end when told to."""
    require([tool for tool in ("systemd-analyze", "setpriv", "unshare", "nsenter", "ip") if not shutil.which(tool)])
    units = [f"/lib/systemd/system/{name}.service" for name in BOUNDING]
    judged = machine.run("systemd-analyze", "verify", "--man=no", "--recursive-errors=no", *units)
    assert (judged.stdout, judged.stderr) == ("", "")
    for name in BOUNDING:
        held_to(machine, name)
    machine.run("install", "-d", "-o", "bellrock", "-g", "bellrock", "/run/bellrock", "/run/told")
    with ExitStack() as undo:
        region = undo.enter_context(
            Service(machine, "bellrock-region", "unshare", "--net", "sh", "-c", 'ip link set lo up; exec "$@"', "sh")
        )
        inside = ("nsenter", f"--target={region.pid}", "--net")
        rack = undo.enter_context(Service(machine, "bellrock-rack", *inside))
        assert region.status("CapBnd", "CapEff", "NoNewPrivs") == ["0000000000000000", "0000000000000000", "1"]
        # CAP_NET_BIND_SERVICE, CAP_NET_ADMIN, CAP_NET_RAW; a rack gives up what it has once its sockets are open.
        assert rack.status("CapBnd", "CapEff", "NoNewPrivs") == ["0000000000003400", "0000000000000000", "1"]
        assert region.owner() == rack.owner() == "bellrock"
        assert healthz(machine.path("/run/bellrock/region.sock")) == {"status": "ok"}
        shown = [*inside, *machine.words("bellrock", "topology", "show", "--json")]
        until(
            lambda: (
                "fabrics" in subprocess.run(shown, capture_output=True, text=True, timeout=WITHIN, check=False).stdout
            ),
            rack,
        )
        # ExecReload: the secrets are read again, and one that is gone is complained of.
        machine.path("/var/lib/bellrock/secret").rename(machine.path("/var/lib/bellrock/away"))
        region.process.send_signal(signal.SIGHUP)
        until(lambda: "the secrets so far stay in use" in region.said(), region)
        assert healthz(machine.path("/run/bellrock/region.sock")) == {"status": "ok"}
        for service in (rack, region):
            assert service.stop() == 0, service.said()


def held_to(machine, name):
    """The unit as installed is the one that tests/deploy judges, and says what its program is run with here."""
    text = machine.path(f"/lib/systemd/system/{name}.service").read_text()
    assert text == (ROOT / f"deploy/systemd/{name}.service").read_text()
    told = dict(line.split("=", 1) for line in text.splitlines() if "=" in line and not line.startswith("#"))
    assert {one.removeprefix("CAP_").lower() for one in told["CapabilityBoundingSet"].split()} == set(BOUNDING[name])
    assert told["AmbientCapabilities"] == told["CapabilityBoundingSet"]
    assert (told["User"], told["Group"], told["NoNewPrivileges"], told["Type"]) == (
        "bellrock",
        "bellrock",
        "yes",
        "notify",
    )
    assert told["ExecStart"] == f"/usr/bin/bellrock {name.removeprefix('bellrock-')}"


def until(true, service):
    bound = time.monotonic() + WITHIN
    while not true():
        assert service.process.poll() is None, service.said()
        assert time.monotonic() < bound, service.said()
        select.select([], [], [], 0.2)


def healthz(path):
    with socket.socket(socket.AF_UNIX) as one:
        one.settimeout(WITHIN)
        one.connect(str(path))
        one.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        with one.makefile("rb") as answer:
            return json.loads(answer.read().split(b"\r\n\r\n", 1)[1])


class Service:
    """A program that is run as its unit has it: here is the service manager's end of it."""

    def __init__(self, machine, name, *where):
        self.machine = machine
        self.log = tempfile.TemporaryFile()  # noqa: SIM115 (closed by __exit__)
        self.manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.manager.settimeout(WITHIN)
        notified = machine.path(f"/run/told/{name}")
        self.manager.bind(str(notified))
        notified.chmod(0o777)
        capabilities = "".join(f",+{one}" for one in BOUNDING[name])
        command = [
            *where, "chroot", machine.root, "env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8",
            f"NOTIFY_SOCKET=/run/told/{name}", "STATE_DIRECTORY=/var/lib/bellrock", "RUNTIME_DIRECTORY=/run/bellrock",
            "setpriv", "--reuid=bellrock", "--regid=bellrock", "--clear-groups", f"--bounding-set=-all{capabilities}",
            f"--inh-caps=-all{capabilities}", f"--ambient-caps=-all{capabilities}", "--no-new-privs",
            "/usr/bin/bellrock", name.removeprefix("bellrock-"),
        ]  # fmt: skip
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        self.pid = self.process.pid

    def __enter__(self):
        try:
            self.hears("READY=1")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.manager.close()
        self.log.close()

    def said(self):
        self.log.seek(0)
        return self.log.read().decode(errors="replace")[-3000:]

    def hears(self, state):
        """Wait until the program has told this; a program that ended tells nothing more."""
        bound = time.monotonic() + WITHIN
        while time.monotonic() < bound and self.process.poll() is None:
            if select.select([self.manager], [], [], 0.2)[0] and state in self.manager.recv(4096).decode().splitlines():
                return
        pytest.fail(f"{state} was not told: {self.said()}", pytrace=False)

    def status(self, *keys):
        """Of the program itself, as the kernel has it."""
        told = dict(line.split(":\t", 1) for line in Path(f"/proc/{self.pid}/status").read_text().splitlines())
        return [told[key] for key in keys]

    def owner(self):
        """Name that the machine, not this one, has for the user."""
        number = self.status("Uid")[0].split()[0]
        entries = (line.split(":") for line in self.machine.path("/etc/passwd").read_text().splitlines())
        return next(entry[0] for entry in entries if entry[2] == number)

    def stop(self):
        self.process.terminate()
        return self.process.wait(WITHIN)
