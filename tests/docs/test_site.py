"""tools/site builds the documentation: every link leads somewhere, nothing is loaded from the network, and no page is left out."""

import importlib.machinery
import importlib.util
import re
import shutil
import subprocess
import sys
import tomllib
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOOL = ROOT / "tools" / "site"
LOADED = {("script", "src"), ("img", "src"), ("iframe", "src"), ("link", "href"), ("source", "src")}


class Page(HTMLParser):
    """What a page loads, where it leads, and which anchors it has."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.leads: list[str] = []
        self.anchors: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "id" and value:
                self.anchors.add(value)
            elif (tag, name) in LOADED and value:
                self.loads.append(value)
            elif (tag, name) == ("a", "href") and value:
                self.leads.append(value)


def build(docs: Path, out: Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, TOOL, "--docs", docs, "--out", out]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("site") / "site"
    built = build(ROOT / "docs", out)
    assert built.returncode == 0, built.stderr
    assert "no server is needed" in built.stdout
    return out


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, Page]:
    return {path: Page(path.read_text()) for path in site.rglob("*.html") if path.name != "404.html"}


def test_every_page_is_built(site: Path):
    wanted = {path.relative_to(ROOT / "docs").with_suffix(".html") for path in (ROOT / "docs").rglob("*.md")}
    wanted = {Path("index.html") if path == Path("README.html") else path for path in wanted}
    assert wanted <= {path.relative_to(site) for path in site.rglob("*.html")}


def test_every_finding_has_a_page(site: Path):
    ids = {path.stem for path in (ROOT / "src/bellrock/diagnosis/explained").glob("*.md")}
    assert ids
    assert {path.stem for path in (site / "reference" / "findings").glob("*.html")} == ids


def test_nothing_is_loaded_from_the_network(pages: dict[Path, Page]):
    loaded = [address for page in pages.values() for address in page.loads]
    assert any("iframe-worker.js" in address for address in loaded)
    assert [address for address in loaded if "//" in address] == []


def test_styles_load_nothing_from_the_network(site: Path):
    styles = [path.read_text() for path in site.rglob("*.css")]
    assert styles
    assert [found for text in styles for found in re.findall(r"url\(\s*['\"]?(https?:[^)]*)", text)] == []


def test_links_and_anchors_of_the_built_pages_lead_somewhere(pages: dict[Path, Page]):
    lost = []
    for path, page in pages.items():
        for address in page.leads + page.loads:
            target, anchor = urldefrag(unquote(address))
            if "//" in target or target.startswith("mailto:"):
                continue
            place = (path.parent / target).resolve() if target else path
            known = pages[place].anchors if place in pages else None
            if not place.exists() or (anchor and known is not None and anchor not in known):
                lost.append(f"{path.name}: {address}")
    assert lost == []


def named(nav: object) -> list[str]:
    """The pages of a table of contents."""
    if isinstance(nav, str):
        return [nav]
    children = nav.values() if isinstance(nav, dict) else nav
    return [page for child in children for page in named(child)]


def test_every_page_is_in_the_table_of_contents_once():
    nav = named(tomllib.loads((ROOT / "zensical.toml").read_text())["project"]["nav"])
    pages = [str(path.relative_to(ROOT / "docs")) for path in (ROOT / "docs").rglob("*.md")]
    assert sorted(nav) == sorted(pages), "zensical.toml names each page of docs/ once, in `nav`"


def test_every_page_of_a_section_is_in_its_index():
    for index in (ROOT / "docs").glob("*/index.md"):
        text = index.read_text()
        beside = [path.name for path in index.parent.glob("*.md") if path != index]
        assert [name for name in beside if f"]({name})" not in text] == [], index.parent.name


NOWHERE = {"[a](nowhere.md)": "nowhere.md", "[a](map.md#nowhere)": "map.md#nowhere", "[a](../src/no.md)": "src/no.md"}


def test_links_that_lead_nowhere_end_it(tmp_path: Path):
    shutil.copytree(ROOT / "docs", tmp_path / "docs")
    page = tmp_path / "docs" / "manners.md"
    page.write_text("\n\n".join([page.read_text(), *NOWHERE]))
    built = build(tmp_path / "docs", tmp_path / "site")
    assert built.returncode == 1
    assert [told for told in NOWHERE.values() if told not in built.stderr] == []
    assert f"{len(NOWHERE)} issues found" in built.stderr
    assert "Traceback" not in built.stderr
    assert not (tmp_path / "site").exists()


def test_a_file_that_is_not_there_is_no_target(tool, tmp_path: Path):
    (tmp_path / "page.html").write_text(
        '<a href="there.json">a</a> <a href="gone.json#x">b</a> <a href="https://x.example/">c</a>'
    )
    (tmp_path / "there.json").touch()
    assert list(tool.lead_nowhere(tmp_path)) == ["page.html: gone.json"]


@pytest.fixture(scope="module")
def tool():
    loader = importlib.machinery.SourceFileLoader("tools_site", str(TOOL))
    spec = importlib.util.spec_from_loader("tools_site", loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        ("text:\n- one\n- two", "text:\n\n- one\n- two\n"),
        ("| `a\\|b` | c\\|d |", "| `a|b` | c\\|d |\n"),
        ("```console no-run since\n$ a\n- b\n```", "```console\n$ a\n- b\n```\n"),
        ("`one`\n`two`", "`one`\n\n`two`\n"),
        ("```mermaid\nstateDiagram-v2\n  [*] --> a\n  a --> b: c d\n```", "| state | when | next |\n|---|---|---|\n|  |  | a |\n| a | c d | b |\n"),
        ("[x](../../examples/site.toml)", "[x](../examples/site.toml)\n"),
        ("[x](../../src/bellrock/diagnosis/explained/a.md)", "[x](../reference/findings/a.md)\n"),
    ],
    ids=["list", "bar", "console", "commands", "diagram", "example", "finding"],
)  # fmt: skip
def test_pages_are_written_as_the_generator_wants_them(tool, written: str, wanted: str):
    assert tool.adapted(written, Path("how-to/page.md")) == wanted
