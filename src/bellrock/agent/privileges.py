"""Giving up privileges once the sockets that need them are open."""

import ctypes
import os
from collections.abc import Collection
from pathlib import Path
from typing import Final

_PR_CAPBSET_DROP: Final = 24
_PR_SET_NO_NEW_PRIVS: Final = 38
_PR_CAP_AMBIENT: Final = 47
_PR_CAP_AMBIENT_RAISE: Final = 2
_PR_CAP_AMBIENT_CLEAR_ALL: Final = 4
_LINUX_CAPABILITY_VERSION_3: Final = 0x20080522


def drop(state_dir: Path) -> bool:
    """Give up every capability of this thread and of those it starts later, and the way to regain any.

    An open AF_PACKET or netlink socket stays usable. Root without capabilities may still use what root owns, so the
    state directory must be this user's own; if it is not, nothing is dropped and False is returned.
    capabilities(7); prctl(2).
    """
    if state_dir.stat().st_uid != os.geteuid():
        return False
    return keep(())


def keep(capabilities: Collection[int]) -> bool:
    """Give up every capability but these (numbers of linux/capability.h, below 32), and the way to regain any.

    Programs that this process runs have them too. Those that it does not have now it does not get.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
    last = int(Path("/proc/sys/kernel/cap_last_cap").read_text())
    for capability in range(last + 1):
        if capability not in capabilities:
            libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)  # fails harmlessly without CAP_SETPCAP
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    header = (ctypes.c_uint32 * 2)(_LINUX_CAPABILITY_VERSION_3, 0)
    had = (ctypes.c_uint32 * 6)()
    libc.capget(header, had)
    wanted = sum(1 << one for one in capabilities) & had[1]
    # struct __user_cap_data_struct, twice: effective, permitted, inheritable of the capabilities below 32, and of those above.
    kept = (ctypes.c_uint32 * 6)(wanted, wanted, wanted, 0, 0, 0)
    done = bool(libc.capset(header, kept) == 0)
    for capability in capabilities:
        libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, capability, 0, 0)
    return done
