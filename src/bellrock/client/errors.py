"""What goes wrong between a program and a region."""


class ClientError(Exception):
    """The region was not asked, did not answer, or said no: one line."""


class NoRegion(ClientError):  # noqa: N818 -- says what it is
    """Nothing answers there, or not in time."""


class NotARegion(ClientError):  # noqa: N818 -- says what it is
    """What answers there is no region, or one of another version."""


class Refused(ClientError):  # noqa: N818 -- says what it is
    """The region says no."""

    def __init__(self, status: int, detail: str, request_id: str = "") -> None:
        """`detail`: its reason, one sentence; `request_id`: by which its log names the request."""
        super().__init__(f"{status}: {detail}")
        self.status = status
        self.detail = detail
        self.request_id = request_id
