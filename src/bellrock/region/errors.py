"""What stops a region, in one line for its operator."""


class RegionError(Exception):
    """The region cannot start or go on: what, where, why and what to do, in one line."""
