"""Of an evidence bundle: what the region knows, and why it is not there."""

import click
import pytest

from bellrock.cli.bundleregion import ANSWERS, region_parts
from bellrock.cli.output import Failure
from tests.cli.bundles import FINDING, bundled, parts_of, told, why_not
from tests.cli.test_client import tcp


@pytest.fixture(autouse=True)
def context():
    with click.Context(click.Command("x")):
        yield


@pytest.fixture
def state(tmp_path):
    (tmp_path / "region").mkdir()
    (tmp_path / "region" / "api-token").write_text("the-token\n")
    return tmp_path


def test_all_answers_are_kept_as_they_are(tmp_path, state):
    with tcp((200, b'{"findings": [], "new": 5}')) as server:
        url = f"http://127.0.0.1:{server.server_port}"
        manifest = bundled(tmp_path / "x.tar.gz", lambda bundle: region_parts(bundle, url, state))
    assert [path for path, _token in server.asked] == [f"/api/v1/{name}" for name, *_ in ANSWERS]
    assert {f"region/{name}.json" for name, *_ in ANSWERS} < parts_of(tmp_path / "x.tar.gz").keys()
    assert told(tmp_path / "x.tar.gz", "region/topology.json") == {"findings": [], "new": 5}
    assert manifest["left_out"] == []
    assert b"the-token" not in b"".join(parts_of(tmp_path / "x.tar.gz").values())


@pytest.mark.parametrize(
    ("answer", "listed"),
    [({"findings": [FINDING]}, [FINDING]), ([FINDING], [FINDING]), ({"findings": 5}, []), ({}, []), (None, [])],
    ids=["today's", "a list", "no list", "none", "null"],
)
def test_what_it_finds_is_on_the_page(tmp_path, monkeypatch, answer, listed):
    monkeypatch.setattr("bellrock.cli.regionapi.send", lambda *_, **__: answer)
    kept = []

    def add(bundle):
        region_parts(bundle, "", None)
        kept.extend(bundle.findings)

    bundled(tmp_path / "x.tar.gz", add)
    assert kept == [("the region", listed)]


def test_without_a_region_that_is_said_once(tmp_path):
    manifest = bundled(
        tmp_path / "x.tar.gz", lambda bundle: region_parts(bundle, "http://127.0.0.1:1", tmp_path / "none")
    )
    assert "api-token" in why_not(manifest, "what the region knows")
    assert len(manifest["left_out"]) == 1


def test_one_answer_that_cannot_be_had_is_left_out_alone(tmp_path, monkeypatch):
    def send(_url, _state, _method, path, _body, **_):
        if path == "/mtu":
            raise Failure("not for you")
        return []

    monkeypatch.setattr("bellrock.cli.regionapi.send", send)
    manifest = bundled(tmp_path / "x.tar.gz", lambda bundle: region_parts(bundle, "", None))
    assert manifest["left_out"] == [{"what": "region/mtu.json", "why": "not for you"}]
    assert len(parts_of(tmp_path / "x.tar.gz")) == len(ANSWERS) - 1 + 2
