"""`push_site`: checked here, given to the region as it stands."""

from types import SimpleNamespace

import pytest

from bellrock.cli import sitepush
from bellrock.cli.output import Failure


class Region:
    """Takes what it is given, and says so."""

    def __init__(self, *notices: str) -> None:
        self.told = []
        self._notices = notices

    def put_site(self, site):
        self.told.append(site.text)
        return SimpleNamespace(title="hall", by="anna", notices=self._notices)


def test_the_text_goes_as_it_is_and_what_the_region_notices_comes_back(monkeypatch, tmp_path):
    asked, region = [], Region("look at this")
    monkeypatch.setattr("bellrock.cli.asking.api", lambda *where: asked.append(where) or region)
    site = tmp_path / "site.toml"
    text = 'title = "hall" # ä\n[role.dns]\naddresses = ["10.0.0.53"]\n'
    site.write_text(text)
    assert sitepush.push_site(site, "unix:x", None).notices == ("look at this",)
    assert (asked, region.told) == ([("unix:x", None)], [text])


def test_an_empty_site_does_not_silently_take_the_place_of_a_full_one(monkeypatch, tmp_path):
    region = Region()
    monkeypatch.setattr("bellrock.cli.asking.api", lambda *_: region)
    site = tmp_path / "site.toml"
    site.write_text("")
    with pytest.raises(Failure, match=r"site.toml: no role has an address, .* --force gives it all the same"):
        sitepush.push_site(site, "unix:x", None)
    assert region.told == []
    sitepush.push_site(site, "unix:x", None, force=True)
    assert region.told == [""]
