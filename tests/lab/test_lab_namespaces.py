"""Namespaces that are held by descriptors alone."""

import os
import socket
import struct
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from bellrock.lab import namespaces, rtnetlink
from bellrock.lab.schema import LabError
from tests.lab.apart import apart, descriptors

pytestmark = pytest.mark.lab


def test_a_host_has_a_network_a_name_and_a_sys_of_its_own():
    def work():
        back = namespaces.home()
        space = namespaces.make("rack-1", back)
        outside = socket.gethostname(), sorted(os.listdir("/sys/class/net"))
        space.netlink.do([rtnetlink.veth(rtnetlink.End(name="bll0", mtu=1500), rtnetlink.End(name="bll1", mtu=1500))])
        namespaces.enter(space)
        inside = socket.gethostname(), sorted(os.listdir("/sys/class/net"))
        quiet = Path("/proc/thread-self/net/if_inet6").exists()
        namespaces.enter(back)
        space.close()
        return outside, inside, quiet

    (outer_name, outer_devices), (name, devices), quiet = apart(work)
    assert name == "rack-1" != outer_name
    assert devices == ["bll0", "bll1", "lo"]
    assert "bll0" not in outer_devices
    assert quiet


def test_addresses_are_usable_at_once():
    def work():
        space = namespaces.make("a", namespaces.home())
        namespaces.enter(space)
        found = [Path("/proc/sys/net/ipv6/conf", setting).read_text().strip() for setting in namespaces.QUIET_IPV6]
        space.close()
        return found

    assert apart(work) == ["0", "0", "0"]


def test_checksums_are_filled_in_before_the_cable():
    def features(control):
        import ctypes
        import fcntl

        value = ctypes.create_string_buffer(struct.pack("=II", 0x16, 1))  # ETHTOOL_GTXCSUM
        fcntl.ioctl(control, 0x8946, struct.pack("16sP16x", b"bll0", ctypes.addressof(value)))
        return struct.unpack("=II", value.raw[:8])[1]

    def work():
        space = namespaces.make("a", namespaces.home())
        space.netlink.do([rtnetlink.veth(rtnetlink.End(name="bll0", mtu=1500), rtnetlink.End(name="bll1", mtu=1500))])
        before = features(space.control)
        namespaces.plain_checksums(space, "bll0")
        after = features(space.control)
        space.close()
        return before, after

    assert apart(work) == (1, 0)


def test_who_may_make_namespaces():
    def work():
        before = os.readlink("/proc/thread-self/ns/pid_for_children")
        namespaces.own_processes()
        return namespaces.privileged(), before

    allowed, before = apart(work)
    assert allowed
    assert before.startswith("pid:")
    done = subprocess.run(
        ["setpriv", "--reuid=65534", "--clear-groups", sys.executable, "-c",
         "from bellrock.lab.namespaces import privileged; print(privileged())"],
        capture_output=True, text=True, check=True, cwd="/",
    )  # fmt: skip
    assert done.stdout == "False\n"


def test_without_a_new_proc_the_old_one_serves(monkeypatch):
    def refuse(*_):
        raise OSError(1, "Operation not permitted")

    def work():
        namespaces.unshare(namespaces.CLONE_NEWNS, "x")
        mount = namespaces._mount
        monkeypatch.setattr(namespaces, "_mount", lambda *it: refuse() if it[2] == "proc" else mount(*it))
        return namespaces.leave()

    assert apart(work) is False


def test_closing_leaves_no_descriptor():
    def work():
        back = namespaces.home()
        before = descriptors()
        namespaces.make("a", back).close()
        return before, descriptors()

    before, after = apart(work)
    assert after == before


def test_what_the_kernel_does_not_allow_is_said():
    with pytest.raises(LabError, match=r"^everything: Invalid argument$"):
        namespaces.unshare(0x1, "everything")
    with pytest.raises(LabError, match="entering a namespace"):
        namespaces.enter(namespaces.Home(net=0, uts=0, mount=0))


def test_a_process_with_threads_gets_no_user_namespace_and_is_told_what_would_help():
    stop = threading.Event()
    other = threading.Thread(target=stop.wait, args=(30,))
    other.start()
    try:
        with pytest.raises(
            LabError, match=r"gives user \d+ no user namespace .*run it as root, or allow it: sysctl kernel"
        ):
            namespaces.own_user()
    finally:
        stop.set()
        other.join()


def test_a_user_namespace_makes_root_of_anybody():
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        try:
            os.setresgid(65534, 65534, 65534)
            os.setresuid(65534, 65534, 65534)
            # A process that changed its ids is not dumpable, and its files in /proc are root's (proc(5)).
            namespaces._libc.prctl(4, 1, 0, 0, 0)
            namespaces.own_user()
            os.write(write, f"{os.geteuid()}".encode())
        except BaseException as error:
            os.write(write, str(error).encode())
        os._exit(0)
    os.close(write)
    told = os.read(read, 500).decode()
    os.close(read)
    os.waitpid(child, 0)
    assert told == "0"
