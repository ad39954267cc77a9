"""Profiles by name."""

import pytest

from bellrock.flows import CATALOGUE, PROFILES, UnknownProfileError
from bellrock.flows.profiles import catalogue


def test_every_profile_is_a_catalogue():
    assert catalogue() == catalogue("standard") == CATALOGUE
    assert list(PROFILES) == ["standard", "maas-3"]
    for name, profile in PROFILES.items():
        assert (profile.name, catalogue(name)) == (name, profile.flows)


def test_an_unknown_profile_suggests_the_nearest():
    with pytest.raises(UnknownProfileError, match="no profile 'maas3'; did you mean 'maas-3'"):
        catalogue("maas3")
