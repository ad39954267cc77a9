"""`bellrock` on a terminal of a given width."""

import fcntl
import os
import pty
import struct
import subprocess
import termios

from tests.cli.programs import BELLROCK


def on_terminal(columns, *arguments, code=0, cwd=None):
    """What a command prints on a terminal of so many columns, without colours; it must end with `code`."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    environment = {**os.environ, "TERM": "xterm", "NO_COLOR": "1"}
    for name in ("COLUMNS", "LINES"):
        environment.pop(name, None)
    with subprocess.Popen(
        [BELLROCK, *arguments], stdout=slave, stderr=slave, stdin=slave, env=environment, cwd=cwd
    ) as process:
        os.close(slave)
        out = b""
        try:
            while part := os.read(master, 65536):
                out += part
        except OSError:
            pass  # EIO: the other side is closed
        finally:
            os.close(master)
    assert process.returncode == code, out
    return [line.rstrip() for line in out.decode().replace("\r\n", "\n").splitlines()]
