"""The world of servers, one for each module of tests."""

import shutil

import pytest

from tests.lab.services.world import PATH, World
from tests.needs import require

BESIDE = {
    "test_apt": ("gpg", "apt-ftparchive"),
    "test_httpboot": ("ssh-keygen",),
    "test_lxd": ("lxc",),
    "test_proxy": ("htpasswd",),
    "test_redfish": ("htpasswd",),
    "test_registry": ("htpasswd",),
    "test_sight": ("curl", "ping", "tshark"),
    "test_ssh": ("ssh-keygen",),
    "test_syslog": ("ssh-keygen",),
}
"""Programs that a module runs beside its servers, whose names `World.start` knows."""


def pytest_runtest_setup(item):
    """Name what is missing, before anything is begun."""
    require([tool for tool in BESIDE.get(item.path.stem, ()) if not shutil.which(tool, path=PATH)])


@pytest.fixture(scope="module")
def world():
    with World() as one:
        yield one


@pytest.fixture(autouse=True)
def _unblocked(request):
    """No rules of one test are left for the next."""
    yield
    if "world" in request.fixturenames:
        request.getfixturevalue("world").unblock()
