"""Asking the region, over its HTTP API."""

import http.client
import json
import os
import socket
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from typing_extensions import override

from bellrock.cli.address import parse_region
from bellrock.cli.output import EXIT_UNREADABLE, Failure

TIMEOUT: Final = 10.0
MAX_ANSWER: Final = 256 * 1024 * 1024
MAX_TOKEN: Final = 1024


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=TIMEOUT)
        self._path = path

    @override
    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(TIMEOUT)
        self.sock.connect(self._path)


def get(region: str, state_dir: Path, path: str, **query: str) -> Any:  # noqa: ANN401 -- whatever the API's JSON holds
    """The JSON answer to GET /api/v1`path`.

    Args:
        region: http://HOST:PORT or unix:PATH.
        state_dir: where the region keeps its `api-token`, readable by its owner.

    Raises:
        Failure: no region there, no token, or the region says no; one line each.
    """
    connection = _connection(region)
    token = _token(state_dir)
    if query:
        path += "?" + "&".join(f"{name}={quote(os.fsencode(value), safe='/')}" for name, value in query.items())
    try:
        connection.request("GET", "/api/v1" + path, headers={"Authorization": f"Bearer {token}"})
        response = connection.getresponse()
        body = response.read(MAX_ANSWER)
    except OSError as error:
        why = f"no answer within {TIMEOUT:g} s" if isinstance(error, TimeoutError) else error.strerror or error
        raise Failure(f"no region at {region}: {why}; `bellrock up` starts one", EXIT_UNREADABLE) from None
    except http.client.HTTPException as error:
        raise Failure(f"{region}: what answers there is not a region ({error!r})", EXIT_UNREADABLE) from None
    finally:
        connection.close()
    return _answer(region, response.status, body)


def _connection(region: str) -> http.client.HTTPConnection:
    where = parse_region(region)
    if isinstance(where, str):
        return _UnixConnection(where)
    return http.client.HTTPConnection(*where, timeout=TIMEOUT)


def _token(state_dir: Path) -> str:
    path = state_dir / "region" / "api-token"
    try:
        with path.open("rb") as file:
            token = file.read(MAX_TOKEN + 1).decode("ascii").strip()
    except OSError as error:
        raise Failure(
            f"{path}: {error.strerror}; it is made where the region runs: give its --state-dir", EXIT_UNREADABLE
        ) from None
    except UnicodeDecodeError:
        token = ""
    if not token.isprintable() or not token or len(token) > MAX_TOKEN:
        raise Failure(f"{path}: not a token; the region makes it anew when the file is removed", EXIT_UNREADABLE)
    return token


def _answer(region: str, status: int, body: bytes) -> Any:  # noqa: ANN401
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        raise Failure(
            f"{region}: what answers there is not a region (no JSON, status {status})", EXIT_UNREADABLE
        ) from None
    if status != 200:
        detail = answer.get("detail", "") if isinstance(answer, dict) else ""
        raise Failure(f"{region}: {detail or f'status {status}'}", EXIT_UNREADABLE)
    return answer
