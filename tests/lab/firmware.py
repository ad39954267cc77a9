"""Real firmware: a machine that qemu emulates (no KVM) boots by its own network card from real servers, captured at its port.

    machine -- tap0 -- br0 10.9.0.1 (dnsmasq: DHCP, TFTP; nginx) -- eth0 10.9.0.2 (a stranger)

BIOS is SeaBIOS with iPXE's option ROM, UEFI is EDK II (OVMF); the boot loader is iPXE for UEFI. Nothing has a clock of its own here: the
capture is read again and again until it shows what the test waits for, then the machine is switched off.
"""

import json
import shutil
import signal
import subprocess
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Final, Literal, Self

from bellrock.capture.reading.sight import read_wire
from bench._namespaces import Namespace
from tests.cli.programs import BELLROCK, Program, wait_until
from tests.conftest import SYSTEM_PATH
from tests.needs import require

Kind = Literal["bios", "uefi", "uefi-http"]
RACK, STRANGER, RACK6 = "10.9.0.1", "10.9.0.2", "fd00:9::1"
MAC: Final = "02:be:11:00:00:01"
"""Not one of qemu's own (52:54:00), by which libvirt's machines and its DHCP server are known."""
OVMF, LOADER, ROM = (
    Path("/usr/share/OVMF/OVMF_CODE_4M.fd"),
    Path("/usr/lib/ipxe/snponly.efi"),
    Path("/usr/lib/ipxe/qemu/pxe-virtio.rom"),
)
SCRIPT, NEXT = f"#!ipxe\nchain http://{RACK}/next.ipxe\n", "#!ipxe\nsleep 3600\n"
BOOTED: Final = 100.0
"""Seconds for the whole of a boot: emulated, on a machine that does something else as well, firmware takes 5 to 20."""
_NO = "opt/org.tianocore/IPv{}PXESupport"
_PXE_OFF: Final = [word for version in "46" for word in ("-fw_cfg", f"name={_NO.format(version)},string=n")]
"""OVMF then offers HTTP alone; its boot order has PXE first."""
_PXE6_OFF: Final = _PXE_OFF[2:]
_UEFI: Final = (
    "-drive", f"if=pflash,format=raw,unit=0,readonly=on,file={OVMF}",
    "-drive", "if=pflash,format=raw,unit=1,snapshot=on,file=/usr/share/OVMF/OVMF_VARS_4M.fd",
    "-device", f"virtio-net-pci,netdev=n0,romfile=,mac={MAC}", "-device", "virtio-rng-pci", "-m", "192",
)  # fmt: skip
_MACHINES: Final[dict[Kind, tuple[str, ...]]] = {
    "bios": ("-device", f"virtio-net-pci,netdev=n0,bootindex=1,mac={MAC}", "-m", "64"),
    "uefi": (*_UEFI, *_PXE6_OFF),
    "uefi-http": (*_UEFI, *_PXE_OFF),
}
_NGINX = """daemon off; master_process off; pid {at}/nginx.pid; error_log stderr;
events {{ worker_connections 64; }}
http {{ access_log off; client_body_temp_path {at}/t1; proxy_temp_path {at}/t2; fastcgi_temp_path {at}/t3; uwsgi_temp_path {at}/t4;
 scgi_temp_path {at}/t5; server {{ listen 80; root {at}/served; }} }}
"""
IPXE = ("--dhcp-match=set:ipxe,175",)
URL = f"--dhcp-boot=tag:http,tag:!ipxe,http://{RACK}/snponly.efi"
HTTP_CLASS = "--dhcp-option-force=tag:http,60,HTTPClient"
ROUTER = ("--enable-ra", "--dhcp-range=fd00:9::,ra-only,64,1h")
"""Addresses by IPv6 router advertisements: iPXE waits 16 s for one before it goes on over IPv4."""
KINDS = (
    *ROUTER,
    *IPXE,
    *(f"--dhcp-match=set:{name},option:client-arch,{arch}" for name, arch in (("bios", 0), ("uefi", 7), ("http", 16))),
)
FILES = (
    *KINDS, URL, HTTP_CLASS, "--dhcp-boot=tag:uefi,tag:!ipxe,snponly.efi", "--dhcp-boot=tag:bios,boot.ipxe",
    f"--dhcp-boot=tag:ipxe,tag:!bios,http://{RACK}/next.ipxe",
)  # fmt: skip
"""What each kind of machine is told to boot, as it is right."""


class Room:
    """A machine that is switched off, and a rack without servers. Use as a context manager."""

    def __init__(self) -> None:
        require([str(path) for path in (OVMF, LOADER, ROM) if not path.exists()])
        require([tool for tool in ("qemu-system-x86_64", "dnsmasq", "nginx", "tcpdump") if not _there(tool)])
        with ExitStack() as undo:
            self.directory = Path(undo.enter_context(tempfile.TemporaryDirectory(prefix="fw-")))
            self.directory.chmod(0o755)
            self.rack, self.stranger = (_namespace(undo) for _ in "12")
            self.rack.batch(
                [
                    "link add br0 type bridge", f"link add port type veth peer name eth0 netns {self.stranger.holder.pid}",
                    "tuntap add tap0 mode tap", "link set port master br0 up", "link set tap0 master br0 up", "link set br0 up",
                    f"addr add {RACK}/24 dev br0", f"addr add {RACK6}/64 dev br0 nodad",
                ]
            )  # fmt: skip
            self.stranger.batch(["link set eth0 up", f"addr add {STRANGER}/24 dev eth0"])
            self._served()
            self._programs: list[Program] = []
            undo.callback(self._end)
            self._undo = undo.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._undo.close()

    def serve(self, *options: str) -> None:
        """DHCP (where there is any option of it), TFTP and HTTP on the rack."""
        self.dnsmasq(self.rack, "br0", "--enable-tftp", f"--tftp-root={self.directory}/served", *options)
        self._start(self.rack, "nginx", "-p", self.directory, "-c", self.directory / "nginx.conf")
        wait_until(lambda: ":80 " in self.rack.run("ss", "-Hltn"), "nginx does not listen")

    def dnsmasq(self, where: Namespace, interface: str, *options: str, host: int = 50) -> None:
        """A DHCP server (where there are options of it), on the rack or at the stranger; its addresses are 10.9.0.`host` and above."""
        pool = [f"--dhcp-range=10.9.0.{host},10.9.0.{host + 20},1h"] if any("dhcp" in one for one in options) else []
        self._start(
            where, "dnsmasq", "-k", "-C", "/dev/null", "-p", "0", "--no-ping", "--user=root", "--pid-file=", f"--interface={interface}",
            f"--dhcp-leasefile={self.directory}/leases-{host}", *pool, *options,
        )  # fmt: skip
        wait_until(lambda: ":6" in where.run("ss", "-Hlun"), "dnsmasq does not listen")

    def captured(self, kind: Kind, shown, interface: str = "tap0") -> dict:
        """Boot until the capture has `shown` (Wire → bool) what is waited for; what `bellrock diagnose --json` says of it."""
        file = self.directory / "boot.pcap"
        dump = self._start(self.rack, "tcpdump", "-U", "-i", interface, "-w", file)
        dump.says("listening on")
        machine = self._start(
            self.rack, "qemu-system-x86_64", "-accel", "tcg", "-nodefaults", "-display", "none", "-serial", "stdio",
            "-no-reboot", "-netdev", "tap,id=n0,ifname=tap0,script=no,downscript=no", *_MACHINES[kind],
        )  # fmt: skip
        size = 0

        def seen() -> bool:
            nonlocal size
            before, size = size, file.stat().st_size
            assert machine.process.poll() is None, f"qemu ended: {machine.out!r} {machine.err!r}"
            return size != before and shown(read_wire([str(file)]))

        wait_until(seen, lambda: f"{diagnosed(file)}\n{machine.out[-2000:]}", BOOTED)
        machine.close()
        dump.ends(signal.SIGINT)
        return json.loads(diagnosed(file, "--json"))

    def _served(self) -> None:
        served = self.directory / "served"
        served.mkdir()
        (served / "boot.ipxe").write_text(SCRIPT)
        (served / "next.ipxe").write_text(NEXT)
        shutil.copy(LOADER, served / "snponly.efi")
        (self.directory / "nginx.conf").write_text(_NGINX.format(at=self.directory))

    def _start(self, where: Namespace, *command: object) -> Program:
        self._programs.append(Program(where.command(*map(str, command)), self.directory, {"PATH": SYSTEM_PATH}))
        return self._programs[-1]

    def _end(self) -> None:
        for program in reversed(self._programs):
            program.close()


def diagnosed(file: Path, *words: str) -> str:
    """What `bellrock diagnose` says of a capture."""
    done = subprocess.run(
        [BELLROCK, "diagnose", str(file), *words], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode in (0, 1), done.stderr
    return done.stdout


def _there(tool: str) -> bool:
    return shutil.which(tool, path=SYSTEM_PATH) is not None


def _namespace(undo: ExitStack) -> Namespace:
    space = Namespace()
    undo.callback(space.close)
    space.run("sysctl", "-qw", "net.ipv6.conf.all.accept_dad=0", "net.ipv6.conf.default.accept_dad=0")
    return space
