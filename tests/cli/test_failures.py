"""Errors of the rooms below: which are told in a line, which are defects."""

import os
import socket
from pathlib import Path

import pytest

from bellrock.agent.identity import IdentityError
from bellrock.agent.spool import SpoolError
from bellrock.cli.failures import as_failure
from bellrock.cli.output import Failure
from bellrock.link.device import LinkError
from bellrock.region.addresses import AddressError
from bellrock.region.errors import RegionError
from bellrock.region.store import StoreError
from bellrock.wire.keys import SecretError


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (SecretError("no hex"), 2),
        (IdentityError("no id"), 3),
        (SpoolError("no spool"), 3),
        (LinkError("no link"), 3),
        (RegionError("no region"), 3),
        (AddressError("port taken"), 3),
        (StoreError("corrupt"), 3),
        (Failure("said already", 2), 2),
    ],
)
@pytest.mark.parametrize("depth", [0, 1, 3])
def test_an_expected_error_is_a_line_and_a_code_however_deep(error, code, depth):
    wrapped = error
    for _ in range(depth):
        wrapped = BaseExceptionGroup("tasks", [wrapped, KeyboardInterrupt()])
    failure = as_failure(wrapped)
    assert failure is not None
    assert (failure.message, failure.exit_code) == (str(error), code)


def test_lines_of_one_error_stay_apart_in_its_one_line():
    failure = as_failure(RegionError("site:1: role\nsite:2: ports"))
    assert failure is not None
    assert failure.message == "site:1: role; site:2: ports"


@pytest.mark.parametrize("error", [ValueError("defect"), KeyError("x"), ExceptionGroup("tasks", [TypeError("x")])])
def test_a_defect_keeps_its_traceback(error):
    assert as_failure(error) is None


def test_a_port_that_is_held_is_told_with_its_holder():
    def failure(port):
        error = RegionError("cannot listen on X: the port is held by another process; stop it")
        error.port = port
        return as_failure(error)

    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        held = failure(port)
    name = Path("/proc/self/comm").read_text().strip()
    assert held.message == f"cannot listen on X: the port is held by {name} (pid {os.getpid()}); stop it"
    assert held.exit_code == 3
    gone = failure(port)
    assert gone.message == "cannot listen on X: the port is held by another process; stop it"
