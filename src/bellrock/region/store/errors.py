"""Why the store cannot be used, or did not take what was to be written."""

from bellrock.region.errors import RegionError


class StoreError(RegionError):
    """The store cannot be used: which file or database, what is wrong with it, and what to do."""


class NotStored(Exception):  # noqa: N818 -- says what it is
    """Nothing was written: what the database said."""

    event = "store-refuses"
    """What the log calls it."""


class StoreFull(NotStored):
    """The disk is full, locked or failing: the same may be written later."""

    event = "store-full"


class StoreAway(NotStored):
    """The database is not there now: restarting, cut off, or busy with others. The same may be written later.

    Whether the last transaction was committed is not known where its end was being told: read the feed (or the rows) again.
    """

    event = "store-away"


class StoreRefused(NotStored):
    """The database does not take these values: to try them again is of no use."""


class FeedLost(Exception):  # noqa: N818 -- says what it is
    """The feed no longer reaches back to where the member was: it must load everything again."""
