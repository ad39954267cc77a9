"""The kinds of service: each known by one path of its own."""

from hypothesis import given
from hypothesis import strategies as st

from bellrock.probe.api_kinds import KINDS, MAX_LISTED
from bellrock.probe.http import Answer


def answered(body, status=200):
    return Answer(
        status=status,
        reason="",
        version="1.1",
        headers=(),
        body=body,
        size=len(body),
        length=None,
        complete=True,
        first=0.0,
        seconds=0.0,
    )


def test_names_and_paths_are_their_own():
    assert len({kind.id for kind in KINDS}) == len({kind.path for kind in KINDS}) == len(KINDS)


@given(body=st.binary(max_size=200), status=st.sampled_from([200, 300, 204, 401, 404, 500]))
def test_any_body_is_read_or_not(body, status):
    for kind in KINDS:
        found = kind.reads(answered(body, status))
        assert found is None or isinstance(found, dict)
        for also in kind.also:
            assert also.fits(answered(body, status)) in (True, False)


def test_listings_are_bounded():
    (ec2,) = (kind for kind in KINDS if kind.id == "ec2")
    assert len(ec2.reads(answered(b"instance-id\n" + b"x\n" * 500))["metadata"]) == MAX_LISTED
    assert ec2.reads(answered(b"instance-id\n" + b"x\n" * 5000)) is None
