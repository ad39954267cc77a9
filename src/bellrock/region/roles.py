"""Who asks, and what that entitles to."""

from enum import StrEnum

from msgspec import Struct


class UserRole(StrEnum):
    """What a user or token may do; each role includes those before it."""

    VIEWER = "viewer"
    """Sees what the region knows of the network."""
    OPERATOR = "operator"
    """Names things, has things measured, sees who waits to be let in."""
    ADMIN = "admin"
    """Lets agents and people in and out, and reads the audit log."""

    def may(self, needed: "UserRole") -> bool:
        """Whether this role includes what `needed` entitles to."""
        return RANKS.index(self) >= RANKS.index(needed)


RANKS: tuple[UserRole, ...] = tuple(UserRole)


class How(StrEnum):
    """How a caller showed who it is."""

    PASSWORD = "password"  # noqa: S105 -- a word, not a password
    ONE_TIME = "one-time"
    """A session bought with a one-time login token."""
    TOKEN = "token"  # noqa: S105 -- the same
    API_TOKEN = "api-token"  # noqa: S105 -- the same
    """The token in the region's state directory."""


class Caller(Struct, frozen=True):
    """Who asks."""

    user: str
    """The user's name; of what is no user, words with a space in them, which no user's name has."""
    role: UserRole
    how: How
    session: str = ""
    """The digest of its session, where it has one."""
    token: str = ""
    """The id of its token, where it came by one that was made for a program."""
