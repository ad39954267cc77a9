"""Namespaces without names: they are held by descriptors, and vanish with the process that holds them."""

import ctypes
import errno
import fcntl
import os
import socket
import struct
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

from bellrock.lab.rtnetlink import Netlink
from bellrock.lab.schema import LabError

CLONE_NEWNS = 0x00020000
CLONE_NEWUTS = 0x04000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000
_MS_REC, _MS_PRIVATE, _MS_NOSUID, _MS_NODEV, _MS_NOEXEC = 0x4000, 1 << 18, 2, 4, 8
_NEEDED = 1 << 12 | 1 << 21
_SIOCETHTOOL = 0x8946
_ETHTOOL_STXCSUM = 0x17

_libc = ctypes.CDLL(None, use_errno=True)

HOW_TO_ALLOW = (
    "sysctl kernel.unprivileged_userns_clone=1 (Debian), kernel.apparmor_restrict_unprivileged_userns=0 (Ubuntu), "
    "user.max_user_namespaces above 0"
)
QUIET_IPV6 = ("all/accept_dad", "default/accept_dad", "default/router_solicitations")
"""Set to 0, so that an address is usable at once and a lab's only frames are those that somebody meant to send."""
_NO_IPV6 = "default/disable_ipv6"


class Space(Struct):
    """A host's (or the switches') namespaces, by descriptors of this process."""

    name: str
    net: int
    uts: int
    mount: int
    netlink: Netlink
    control: socket.socket
    """Any socket of the namespace, for ioctls."""

    def close(self) -> None:
        """Let go; the namespaces vanish once no process is in them."""
        self.netlink.close()
        self.control.close()
        for descriptor in (self.net, self.uts, self.mount):
            os.close(descriptor)


class Home(Struct):
    """The namespaces to come back to."""

    net: int
    uts: int
    mount: int


def unshare(flags: int, what: str) -> None:
    """Leave namespaces for new ones.

    Raises:
        LabError: the kernel does not allow it.
    """
    if _libc.unshare(flags) != 0:
        raise LabError(f"{what}: {os.strerror(ctypes.get_errno())}")


def privileged() -> bool:
    """Whether this process may make namespaces as it is (capabilities(7): CAP_NET_ADMIN and CAP_SYS_ADMIN, in effect)."""
    status = Path("/proc/thread-self/status").read_text()
    effective = int(status.partition("CapEff:")[2].split()[0], 16)
    return effective & _NEEDED == _NEEDED


def own_processes() -> None:
    """Have the next child be the first process of a new process namespace.

    Raises:
        LabError: the kernel does not allow it.
    """
    unshare(CLONE_NEWPID, "process namespace")


def own_user() -> None:
    """Become root of a new user namespace, for a user without privilege, and then as `own_processes`.

    Raises:
        LabError: the kernel does not allow it; the line says what would.
    """
    uid, gid = os.geteuid(), os.getegid()
    try:
        unshare(CLONE_NEWUSER, "user namespace")
        Path("/proc/thread-self/setgroups").write_text("deny")
        Path("/proc/thread-self/uid_map").write_text(f"0 {uid} 1")
        Path("/proc/thread-self/gid_map").write_text(f"0 {gid} 1")
        own_processes()  # refused where AppArmor lets users have the namespace and not its privileges
    except (LabError, OSError) as error:
        hint = "run it as root, or allow it: " + HOW_TO_ALLOW
        raise LabError(f"this kernel gives user {uid} no user namespace ({error}); {hint}") from None


def leave() -> bool:
    """Namespaces of our own to come back to, and a /proc of our own processes; False where the kernel allows no new /proc."""
    unshare(CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWNET, "namespaces of the supervisor")
    _mount("none", "/", "", _MS_REC | _MS_PRIVATE)
    with suppress(OSError):
        _mount("proc", "/proc", "proc", _MS_NOSUID | _MS_NODEV | _MS_NOEXEC)
        return True
    return False


def home() -> Home:
    """Where this process is now."""
    return Home(net=_open("net"), uts=_open("uts"), mount=_open("mnt"))


def make(name: str, back: Home, *, silent: bool = False) -> Space:
    """New namespaces for one host: network, host name, and mounts with a /sys that shows this network.

    A silent one has no IPv6: the kernel would announce the switches' ends of cables as if they were hosts.

    Raises:
        LabError: the kernel does not allow it.
    """
    try:
        unshare(CLONE_NEWNET | CLONE_NEWUTS | CLONE_NEWNS, f"namespaces of {name}")
        socket.sethostname(name)
        with suppress(OSError):  # not allowed in some containers; then /sys shows the outer network
            _mount("sysfs", "/sys", "sysfs", _MS_NOSUID | _MS_NODEV | _MS_NOEXEC)
        _quiet(silent=silent)
        control = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        return Space(name, _open("net"), _open("uts"), _open("mnt"), Netlink(), control)
    finally:
        enter(back)


def enter(space: Space | Home) -> None:
    """Go there, with this thread; a process that has one thread goes there whole.

    Raises:
        LabError: the kernel does not allow it.
    """
    for descriptor in (space.mount, space.uts, space.net):
        if _libc.setns(descriptor, 0) != 0:
            raise LabError(f"entering a namespace: {os.strerror(ctypes.get_errno())}")


def enter_network(descriptor: int) -> None:
    """Go into a network namespace, with this thread alone.

    Raises:
        LabError: the kernel does not allow it.
    """
    if _libc.setns(descriptor, CLONE_NEWNET) != 0:
        raise LabError(f"entering a network namespace: {os.strerror(ctypes.get_errno())}")


def plain_checksums(space: Space, interface: str) -> None:
    """As `ethtool -K IF tx off`: checksums are filled in before the cable, as on a real one.

    The userspace switch passes frames on as they are, and without this TCP hangs while ping works.
    """
    value = ctypes.create_string_buffer(struct.pack("=II", _ETHTOOL_STXCSUM, 0))
    request = struct.pack("16sP16x", interface.encode(), ctypes.addressof(value))
    fcntl.ioctl(space.control, _SIOCETHTOOL, request)


def _quiet(*, silent: bool) -> None:
    for setting, value in (*((one, "0") for one in QUIET_IPV6), *(((_NO_IPV6, "1"),) if silent else ())):
        with suppress(OSError):  # a kernel without IPv6, or a read-only /proc/sys
            Path("/proc/sys/net/ipv6/conf", setting).write_text(value)


def _open(kind: str) -> int:
    return os.open(f"/proc/thread-self/ns/{kind}", os.O_RDONLY | os.O_CLOEXEC)


def _mount(source: str, target: str, kind: str, flags: int) -> None:
    if _libc.mount(source.encode(), target.encode(), kind.encode(), flags, None) != 0:
        code = ctypes.get_errno()
        raise OSError(code or errno.EIO, os.strerror(code), target)
