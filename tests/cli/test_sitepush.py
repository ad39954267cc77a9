"""`push_site`: checked here, given to the region as it stands."""

import pytest

from bellrock.cli import sitepush
from bellrock.cli.output import Failure


def test_the_text_goes_as_it_is_and_what_the_region_notices_comes_back(monkeypatch, tmp_path):
    told = []

    def ask(region, state_dir, shape, path, method, body):
        told.append((region, path, method, body))
        return shape("hall", "anna", ("look at this",))

    monkeypatch.setattr("bellrock.cli.asking.ask", ask)
    site = tmp_path / "site.toml"
    text = 'title = "hall" # ä\n[role.dns]\naddresses = ["10.0.0.53"]\n'
    site.write_text(text)
    assert sitepush.push_site(site, "unix:x", None).notices == ("look at this",)
    assert told == [("unix:x", "/site", "PUT", {"text": text})]


def test_an_empty_site_does_not_silently_take_the_place_of_a_full_one(monkeypatch, tmp_path):
    told = []
    monkeypatch.setattr("bellrock.cli.asking.ask", lambda *words: told.append(words) or words[2]("", "anna"))
    site = tmp_path / "site.toml"
    site.write_text("")
    with pytest.raises(Failure, match=r"site.toml: no role has an address, .* --force gives it all the same"):
        sitepush.push_site(site, "unix:x", None)
    assert told == []
    sitepush.push_site(site, "unix:x", None, force=True)
    assert len(told) == 1


def test_a_file_that_is_none_is_not_sent(tmp_path):
    with pytest.raises(Failure, match="No such file"):
        sitepush.push_site(tmp_path / "missing", "unix:x", None)
