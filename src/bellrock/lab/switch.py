"""The VLAN switches of a lab: Open vSwitch in userspace, its daemons children of this process, never detached."""

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final

from bellrock.lab.schema import LabError, PortSpec

SCHEMA: Final = Path("/usr/share/openvswitch/vswitch.ovsschema")
START_TIMEOUT: Final = 10.0
"""Seconds for a daemon to answer."""
ETHERNET: Final = 14
"""Octets of a header without tags (IEEE 802.3 §3.1.1)."""
VLAN_TAG: Final = 4
_SIZE_TABLE = 1
"""The OpenFlow table in which a frame's size is judged."""
_SBIN = "/usr/sbin:/sbin:/usr/local/sbin"


class Switches:
    """One Open vSwitch with as many bridges as the lab has switches.

    `enter` is run in each child before it starts, and takes it into the switches' namespace.
    """

    def __init__(self, directory: Path, enter: Callable[[], None]) -> None:
        self._directory = directory
        self._enter = enter
        self._daemons: list[subprocess.Popen[bytes]] = []
        self._database = f"unix:{directory}/db.sock"
        paths = dict.fromkeys(("OVS_RUNDIR", "OVS_LOGDIR", "OVS_DBDIR", "OVS_SYSCONFDIR"), str(directory))
        self._environment = {**os.environ, **paths, "PATH": f"{os.environ.get('PATH', '/usr/bin:/bin')}:{_SBIN}"}

    def start(self) -> None:
        """Start the daemons.

        Raises:
            LabError: Open vSwitch is not installed, or a daemon does not come up.
        """
        if shutil.which("ovs-vswitchd", path=self._environment["PATH"]) is None or not SCHEMA.exists():
            raise LabError("Open vSwitch is not installed; on Debian and Ubuntu: apt-get install openvswitch-switch")
        self._directory.mkdir(mode=0o700)
        at = self._directory
        self._run("ovsdb-tool", "create", f"{at}/conf.db", str(SCHEMA))
        self._daemon("ovsdb-server", f"{at}/conf.db", f"--remote=punix:{at}/db.sock")
        self.configure(["init"], ["set", "Open_vSwitch", ".", "other_config:vlan-limit=2"], wait=False)
        # The dummy datapath is the userspace datapath, whose local ports need no /dev/net/tun.
        self._daemon("ovs-vswitchd", self._database, "--enable-dummy")

    def configure(self, *commands: Sequence[str], wait: bool = True) -> None:
        """Carry out ovs-vsctl commands in one transaction, and wait until the switches follow.

        Raises:
            LabError: it was refused, in Open vSwitch's own words.
        """
        words = [word for command in commands for word in ("--", *command)]
        how = f"--timeout={START_TIMEOUT:.0f}" if wait else "--no-wait"
        self._run("ovs-vsctl", f"--db={self._database}", "--retry", how, *words)

    def fault(self, switch: str, port: str, flag: str) -> None:
        """Set an OpenFlow port flag (`no-receive`, `no-forward`, `receive`, `forward`)."""
        self._run("ovs-ofctl", "mod-port", f"unix:{self._directory}/{switch}.mgmt", port, flag)

    def narrow_from(self, switch: str, port: str, mtu: int) -> None:
        """Have IP packets larger than `mtu` that come in at `port` vanish, as in a cable's far end that cannot take them."""
        for tag, size in (("0x0000/0x1000", mtu + ETHERNET), ("0x1000/0x1000", mtu + ETHERNET + VLAN_TAG)):
            check = f"check_pkt_larger({size})->NXM_NX_REG0[0],resubmit(,{_SIZE_TABLE})"
            self._flow(switch, f"table=0,priority=100,in_port={port},vlan_tci={tag},actions={check}")
        self._flow(switch, f"table={_SIZE_TABLE},priority=10,reg0=0x1/0x1,actions=drop")
        self._flow(switch, f"table={_SIZE_TABLE},priority=0,actions=NORMAL")

    def narrow_to(self, port: str, mtu: int) -> None:
        """Have IP packets larger than `mtu` that would leave by `port` vanish.

        They are sent to lo, where nobody takes them: a refused frame would take the rest of its batch with it, and a smaller MTU of
        the device would be felt by what the host sends, too.
        """
        chain = f"netdev narrow {port}"
        rules = (
            "add table netdev narrow",
            f'add chain {chain} {{ type filter hook egress device "{port}" priority 0; }}',
            f"add rule {chain} meta protocol 8021q meta length > {mtu + ETHERNET + VLAN_TAG} fwd to lo",
            f"add rule {chain} meta protocol != 8021q meta length > {mtu + ETHERNET} fwd to lo",
        )
        self._run("nft", "; ".join(rules))

    def _flow(self, switch: str, flow: str) -> None:
        self._run("ovs-ofctl", "add-flow", f"unix:{self._directory}/{switch}.mgmt", flow)

    def table(self) -> str:
        """The port table in words, for diagnostics."""
        columns = "--columns=name,tag,trunks,vlan_mode"
        return self._run("ovs-vsctl", f"--db={self._database}", "--timeout=2", columns, "-f", "table", "list", "port")

    def stop(self) -> None:
        """End the daemons at once; nothing of them is worth a clean exit."""
        for daemon in self._daemons:
            daemon.kill()
        for daemon in self._daemons:
            daemon.wait()
        self._daemons.clear()

    def poll(self, pid: int) -> bool:
        """Take note that a process ended; False if it is not one of these daemons."""
        found = [daemon for daemon in self._daemons if daemon.pid == pid]
        return any(daemon.poll() is not None for daemon in found)

    def dead(self) -> str | None:
        """The name of a daemon that ended by itself."""
        return next((str(daemon.args[0]) for daemon in self._daemons if daemon.poll() is not None), None)  # type: ignore[index]

    def _daemon(self, program: str, *arguments: str) -> None:
        at = self._directory
        control = f"--unixctl={at}/{program}.ctl"
        log = f"--log-file={at}/{program}.log"
        self._daemons.append(
            subprocess.Popen(
                [program, *arguments, control, log, f"--pidfile={at}/{program}.pid", "-vconsole:off"],
                env=self._environment,
                preexec_fn=self._enter,  # noqa: PLW1509 - this process has one thread
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        )
        self._await(program, at / f"{program}.ctl")

    def _await(self, program: str, control: Path) -> None:
        deadline = time.monotonic() + START_TIMEOUT
        while not control.exists():
            if self.dead() == program:
                raise LabError(f"{program} ended at its start; see {self._directory}/{program}.log")
            if time.monotonic() > deadline:
                raise LabError(f"{program} does not answer after {START_TIMEOUT:.0f} s; see {self._directory}")
            time.sleep(0.002)

    def _run(self, program: str, *arguments: str) -> str:
        done = subprocess.run(
            [program, *arguments],
            env=self._environment,
            preexec_fn=self._enter,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        if done.returncode:
            raise LabError(f"{program}: {done.stderr.strip().splitlines()[-1] if done.stderr.strip() else 'failed'}")
        return done.stdout


def bridge_command(name: str) -> list[str]:
    """Make a switch."""
    return ["add-br", name, "--", "set", "bridge", name, "datapath_type=dummy"]


def port_command(switch: str, device: str, port: PortSpec) -> list[str]:
    """Put a device into a switch."""
    return ["add-port", switch, device, *port_settings(port)]


def retag_command(device: str, port: PortSpec) -> list[list[str]]:
    """Treat a port differently from now on."""
    return [["clear", "port", device, "tag", "trunks", "vlan_mode"], ["set", "port", device, *port_settings(port)]]


def port_settings(port: PortSpec) -> list[str]:
    """The columns of Open vSwitch's Port table that make a port what it is (ovs-vswitchd.conf.db(5), VLAN Configuration)."""
    if port.trunk is None:
        return ["vlan_mode=access", f"tag={port.untagged}"]
    if port.native is None:
        # An empty list of trunks would mean all VLANs: a trunk without VLANs carries the reserved 4095, that is, nothing.
        return ["vlan_mode=trunk", f"trunks={_listed(port.trunk) or '4095'}"]
    trunks = _listed({*port.trunk, port.native})
    return ["vlan_mode=native-untagged", f"tag={port.native}", f"trunks={trunks}"]


def _listed(vids: Iterable[int]) -> str:
    return ",".join(str(vid) for vid in sorted(vids))
