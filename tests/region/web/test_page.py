"""The page from package data."""

from __future__ import annotations

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from bellrock.region.web import page as module
from bellrock.region.web.page import page_routes, read_page


@pytest.fixture
def page(tmp_path):
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<!doctype html>")
    (tmp_path / "assets/app-1234.js").write_text("let a")
    (tmp_path / "assets/app-1234.css").write_text("a{}")
    (tmp_path / "icon.svg").write_text("<svg/>")
    (tmp_path / "data.unknown").write_bytes(b"\0")
    (tmp_path / ".hidden").write_text("no")
    return tmp_path


def client(page) -> TestClient:
    return TestClient(Litestar([page_routes(page)], openapi_config=None))


def test_files_with_their_types_and_lifetimes(page):
    with client(page) as asking:
        for path, media_type, cache in (
            ("/", "text/html", "no-cache"),
            ("/index.html", "text/html", "no-cache"),
            ("/assets/app-1234.js", "text/javascript", "public, max-age=31536000, immutable"),
            ("/assets/app-1234.css", "text/css", "public, max-age=31536000, immutable"),
            ("/icon.svg", "image/svg+xml", "no-cache"),
            ("/data.unknown", "application/octet-stream", "no-cache"),
        ):
            answer = asking.get(path)
            assert answer.status_code == 200
            assert answer.headers["content-type"].partition(";")[0] == media_type, path
            assert answer.headers["cache-control"] == cache
            assert asking.head(path).status_code == 200
        for path in ("/.hidden", "/../pyproject.toml", "/assets", "/assets/", "/assets/%2e%2e/index.html"):
            assert asking.get(path).status_code in (404, 405), path
        assert asking.get("/").text == "<!doctype html>"


def test_an_unchanged_file_is_not_sent_again(page):
    with client(page) as asking:
        tag = asking.get("/").headers["etag"]
        again = asking.get("/", headers={"If-None-Match": tag})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
        assert asking.get("/", headers={"If-None-Match": '"other"'}).status_code == 200


def test_a_page_that_was_not_built_says_so(tmp_path):
    with client(tmp_path / "none") as asking:
        answer = asking.get("/")
        assert answer.status_code == 503
        assert "The page was not built" in answer.text
        assert "make setup" in answer.text


def test_files_are_bounded(page, monkeypatch):
    monkeypatch.setattr(module, "MAX_FILE", 6)
    assert "/icon.svg" in read_page(page)
    assert "/index.html" not in read_page(page)
