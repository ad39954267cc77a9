"""Asks the region of a lab over its Unix socket, which leads past the lab's network."""

import http.client
import json
import socket
from pathlib import Path
from typing import Any, Final

from bellrock.lab.schema import LabError

TIMEOUT: Final = 10.0
"""Seconds for an answer."""
MAX_ANSWER: Final = 64 << 20
"""Octets."""


class Asker:
    """The region's API, with the token that lies in its state directory."""

    def __init__(self, path: Path, token_file: Path) -> None:
        self.path = path
        """The region's socket."""
        self._token_file = token_file

    def get(self, path: str) -> Any:  # noqa: ANN401 - JSON
        """The answer to GET.

        Raises:
            LabError: no answer, or not the one hoped for.
        """
        return self._ask("GET", path)

    def post(self, path: str) -> Any:  # noqa: ANN401 - JSON
        """The answer to POST without a body.

        Raises:
            LabError: as `get`.
        """
        return self._ask("POST", path)

    def up(self) -> bool:
        """Whether the region answers."""
        try:
            return bool(self.get("/healthz") == {"status": "ok"})
        except LabError:
            return False

    def _ask(self, method: str, path: str) -> Any:  # noqa: ANN401 - JSON
        connection = _Connection("localhost", timeout=TIMEOUT)
        connection.path = str(self.path)
        try:
            connection.request(method, path, headers=self._headers(path))
            response = connection.getresponse()
            body = response.read(MAX_ANSWER)
        except (OSError, http.client.HTTPException) as error:
            raise LabError(f"the region does not answer at {self.path}: {error}") from None
        finally:
            connection.close()
        if response.status not in (200, 201):
            raise LabError(
                f"the region answers {response.status} to {method} {path}: {body[:200].decode('utf-8', 'replace')}"
            )
        try:
            return json.loads(body)
        except ValueError:
            raise LabError(f"the region answers {method} {path} with something that is not JSON") from None

    def _headers(self, path: str) -> dict[str, str]:
        if not path.startswith("/api/"):
            return {}
        try:
            return {"Authorization": f"Bearer {self._token_file.read_text().strip()}"}
        except OSError as error:
            raise LabError(f"{self._token_file}: {error.strerror}; the region writes it when it starts") from None


class _Connection(http.client.HTTPConnection):
    path = ""

    def connect(self) -> None:  # type: ignore[explicit-override] # typing.override is of Python 3.12
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(TIMEOUT)
        self.sock.connect(self.path)
