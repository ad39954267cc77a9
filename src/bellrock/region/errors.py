"""What stops a region, in one line for its operator."""


class RegionError(Exception):
    """The region cannot start or go on: what, where, why and what to do, in one line.

    Attributes:
        port: the TCP port that somebody else holds, where that is the reason; who it is, whoever may look can add.
    """

    port: int | None = None
