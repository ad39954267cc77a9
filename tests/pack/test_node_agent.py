"""The agent in one file: what is in it, and that it runs where nothing is installed but Python."""

import json
import os
import platform
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
VERSIONS = ("3.11", "3.12", "3.13", "3.14")
MACHINE = {"x86_64": 62, "aarch64": 183}
"""Architectures, and `e_machine` of their ELF files (System V gABI, chapter 4)."""

pytestmark = pytest.mark.pack


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """The file for an architecture, each built once."""
    built = {}

    def file(arch):
        if arch not in built:
            built[arch] = tmp_path_factory.mktemp(arch) / "bellrock.pyz"
            command = [sys.executable, ROOT / "tools" / "node-agent", "--arch", arch, "--output", built[arch]]
            subprocess.run(command, check=True, timeout=240, capture_output=True)
        return built[arch]

    return file


@pytest.fixture(params=sorted(MACHINE))
def packed(request, files):
    """Each architecture, with its file."""
    return request.param, files(request.param)


@pytest.fixture
def ours(files):
    """The file for this machine's architecture."""
    return files(platform.machine())


def bare(version):
    """An interpreter of that version without any of our packages; None where this machine has none that runs."""
    here = f"{sys.version_info.major}.{sys.version_info.minor}"
    found = sys._base_executable if version == here else shutil.which(f"python{version}")
    candidates = [found, *map(str, Path.home().glob(f".pyenv/versions/{version}.*/bin/python{version}"))]
    for path in filter(None, candidates):
        if subprocess.run([path, "-I", "-c", ""], capture_output=True, check=False).returncode == 0:
            return path
    return None


def run(path, python, tmp_path, *arguments):
    """Run it with an empty environment and without site-packages."""
    command = ["env", "-i", f"SHIV_ROOT={tmp_path}", python, "-I", "-S", path, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, cwd="/")


def test_it_is_small_and_has_the_compiled_modules_of_every_version(packed):
    arch, path = packed
    assert path.stat().st_size < 30 << 20
    with zipfile.ZipFile(path) as archive:
        modules = [name for name in archive.namelist() if name.endswith(".so")]
        for name in modules:
            with archive.open(name) as module:
                head = module.read(20)
            assert head[:4] == b"\x7fELF"
            assert int.from_bytes(head[18:20], "little") == MACHINE[arch], name
    by_module = {}
    for name in modules:
        module, tag = re.fullmatch(r"site-packages/([^.]+)\.(.+)\.so", name).groups()
        by_module.setdefault(module, set()).add(tag)
    linux = f"{arch}-linux-gnu"
    every = {f"cpython-{version.replace('.', '')}-{linux}" for version in VERSIONS}
    assert {"bson/_cbson", "msgspec/_core", "_cffi_backend"} <= by_module.keys()
    assert all(tags in (every, {"abi3"}) for tags in by_module.values()), by_module


def test_it_has_no_region_and_no_page_and_no_bytecode(packed):
    with zipfile.ZipFile(packed[1]) as archive:
        names = archive.namelist()
    parts = {Path(name).parts[2] for name in names if name.startswith("site-packages/bellrock/")}
    assert {"agent", "beacon", "cli", "link", "wire"} <= parts
    assert not {"region", "_page", "lab", "__pycache__"} & parts
    assert not any(name.split("/")[1] in {"litestar", "sqlalchemy", "numpy"} for name in names if "/" in name)


@pytest.mark.parametrize("version", VERSIONS)
def test_it_runs_on_a_bare_python(ours, version, tmp_path):
    python = bare(version)
    if python is None:
        pytest.skip(f"no Python {version} on this machine")
    told = run(ours, python, tmp_path, "version")
    assert (told.returncode, told.stderr) == (0, "")
    assert f"Python {version}." in told.stdout
    there = run(ours, python, tmp_path, "interfaces", "--json")
    assert (there.returncode, there.stdout[:1]) == (0, "["), there.stderr


def test_a_node_says_how_it_is_used(ours, tmp_path):
    told = run(ours, sys._base_executable, tmp_path, "node", "--help")
    assert (told.returncode, told.stderr) == (0, "")
    assert "bellrock node" in told.stdout


@pytest.mark.lab
def test_a_node_looks_around_and_says_that_nobody_is_there(ours, tmp_path):
    """A whole run: sockets, netlink, keys and JSON, in a network of its own with one interface and nobody else."""
    secret = tmp_path / "secret"
    secret.write_text("00112233445566778899aabbccddeeff\n")
    secret.chmod(0o600)
    node = f"exec {sys._base_executable} -I -S {ours} node --json --within 2 --secret-file {secret}"
    script = f"ip link add left type veth peer name right && ip link set left up && ip link set right up && {node}"
    command = ["env", "-i", f"PATH={os.environ['PATH']}", f"SHIV_ROOT={tmp_path}", "unshare", "-n", "sh", "-c", script]
    told = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, cwd="/")
    assert told.returncode in (1, 4), told.stderr
    document = json.loads(told.stdout)
    assert {one["name"] for one in document["interfaces"]} >= {"left", "right"}
    assert not document["region"]


def test_what_an_agent_has_not_is_one_line(ours, tmp_path):
    for command in (("region",), ("lab", "list")):
        told = run(ours, sys._base_executable, tmp_path, *command)
        assert told.returncode == 2
        assert len(told.stderr.splitlines()) == 1
        assert "is not part of this installation" in told.stderr


def test_another_python_is_told_in_one_line(ours, tmp_path):
    other = next((path for path in map(bare, ("3.10", "3.9", "3.8")) if path), None)
    if other is None:
        pytest.skip("no older Python on this machine")
    told = run(ours, other, tmp_path, "version")
    assert told.returncode == 1
    assert told.stderr.startswith("Error: this file runs on CPython 3.11 to 3.14 with glibc on ")
    assert len(told.stderr.splitlines()) == 1


def as_in_the_how_to() -> str:
    """The MAAS script of docs/how-to/commissioning-nodes.md."""
    text = (ROOT / "docs" / "how-to" / "commissioning-nodes.md").read_text()
    return re.search(r"^```sh\n(#!/bin/sh\n.*?)^```$", text, re.MULTILINE | re.DOTALL)[1]


@pytest.mark.lab
def test_the_maas_script_leaves_nothing(ours, tmp_path):
    """Neither secret nor file nor what that unpacked, in the home directory or among temporary files."""
    files, home, scratch, results = (tmp_path / name for name in ("files", "home", "scratch", "results"))
    for directory in (files, home, scratch):
        directory.mkdir()
    (files / "secret").write_text("00112233445566778899aabbccddeeff\n")
    (files / "bellrock-node").symlink_to(ours)
    (tmp_path / "script").write_text(as_in_the_how_to())
    path = f"{Path(sys._base_executable).parent}:{os.environ['PATH']}"
    cables = "ip link add left type veth peer name right && ip link set left up && ip link set right up"
    environment = [
        f"PATH={path}",
        f"HOME={home}",
        f"TMPDIR={scratch}",
        f"BELLROCK_FILES=file://{files}",
        f"RESULT_PATH={results}",
    ]
    command = ["env", "-i", *environment, "unshare", "-n", "sh", "-c", f"{cables} && exec sh {tmp_path / 'script'}"]
    told = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, cwd="/")
    assert told.returncode == 4, told.stderr
    assert json.loads(results.read_text())["status"] == "failed"
    assert [*home.iterdir(), *scratch.iterdir()] == []
