"""Things that an application has one of."""

from types import SimpleNamespace

from litestar import Litestar

from bellrock.region.api.once import once


def test_it_is_made_once_for_each_application_and_name():
    one, other = (SimpleNamespace(app=Litestar()) for _ in range(2))
    made = once(one, "kept", list)
    assert once(one, "kept", dict) is made == []
    assert once(one, "changing", dict) == {}
    assert once(other, "kept", list) is not made
