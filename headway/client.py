"""The controller's REST API as the commands use it.

Owns addresses, tokens and the words of errors. Knows no route.
"""

import argparse
import http.client
import ipaddress
import json
import os
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from headway.errors import ClientError

DEFAULT_URL = "http://127.0.0.1:8080"
_WAIT_S = 150.0  # a change of a large network; the controller gives up before
_MOST_BYTES = 256 << 20


def add_api_arguments(parser: argparse.ArgumentParser) -> None:
    """--api, --token-file and --ca, of whatever asks a running controller."""
    parser.add_argument("--api", metavar="URL", default=os.environ.get("HEADWAY_API_URL", ""),
                        help="of the controller (default: HEADWAY_API_URL, or "
                        f"{DEFAULT_URL})")  # fmt: skip
    parser.add_argument(
        "--token-file", type=Path, metavar="FILE",
        help="its line 'operator TOKEN' is who asks (default: HEADWAY_API_TOKENS, or what a "
        "controller of this user on this machine has left in its state folder)",
    )  # fmt: skip
    parser.add_argument("--ca", type=Path, metavar="FILE",
                        help="PEM certificates to believe, instead of the system's")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Client:
    """Who is asked, and as whom."""

    url: str
    host: str
    port: int
    token: str
    context: ssl.SSLContext | None

    @staticmethod
    def of(args: argparse.Namespace) -> "Client":
        """From `add_api_arguments`.

        Raises:
            ClientError: The URL, the token's file or the certificates can't be used.
        """
        url = args.api or DEFAULT_URL
        parts = urlsplit(url)
        try:
            host, port = parts.hostname, parts.port or {"http": 80, "https": 443}[parts.scheme]
        except (KeyError, ValueError):
            host = None
        if not host or parts.path.strip("/") or parts.query:
            raise ClientError(f"--api {url}: give http://HOST:PORT or https://HOST:PORT")
        secure = parts.scheme == "https"
        is_local = _is_local(host)
        if not (secure or is_local or os.environ.get("HEADWAY_API_INSECURE") == "1"):
            raise ClientError(
                f"--api {url}: the token would be readable on the way; use https, or set "
                "HEADWAY_API_INSECURE=1"
            )
        token = _token(args.token_file, port, is_local=is_local)
        return Client(url, host, port, token, _context(args.ca) if secure else None)

    def get(self, path: str) -> Any:
        """The answer to a question.

        Raises:
            ClientError: There is none, or an error.
        """
        return self._ask("GET", path, None)

    def post(self, path: str, body: dict[str, Any]) -> Any:
        """The answer to a change, or to a question with a policy in it; raises as `get` does."""
        return self._ask("POST", path, json.dumps(body).encode())

    def put(self, path: str, body: dict[str, Any]) -> Any:
        """The answer to something put in place of what was there; raises as `get` does."""
        return self._ask("PUT", path, json.dumps(body).encode())

    def delete(self, path: str) -> Any:
        """What was taken away; raises as `get` does."""
        return self._ask("DELETE", path, None)

    def _ask(self, method: str, path: str, body: bytes | None) -> Any:
        line = self._line()
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        try:
            line.request(method, path, body, headers)
            answer = line.getresponse()
            status, content = answer.status, answer.read(_MOST_BYTES)
        except ssl.SSLError as error:
            raise ClientError(
                f"{self.url}: {error.reason or error}; --ca FILE names certificates to believe"
            ) from error
        except (OSError, http.client.HTTPException) as error:
            raise ClientError(
                f"no controller answers at {self.url} ({error}); start one with 'headway run', or "
                "say with --api where it is"
            ) from error
        finally:
            line.close()
        return self._told(status, content)

    def _line(self) -> http.client.HTTPConnection:
        if self.context:
            return http.client.HTTPSConnection(
                self.host, self.port, timeout=_WAIT_S, context=self.context
            )
        return http.client.HTTPConnection(self.host, self.port, timeout=_WAIT_S)

    def _told(self, status: int, content: bytes) -> Any:
        try:
            told = json.loads(content)
            if status == http.HTTPStatus.OK:
                return told
            detail = str(told["detail"])
        except (ValueError, KeyError, TypeError) as error:
            raise ClientError(
                f"{self.url} answers, but not as a Headway controller does (status {status}); say "
                "with --api where one is"
            ) from error
        if status == http.HTTPStatus.UNAUTHORIZED:
            raise ClientError(f"{self.url}: {detail}; --token-file FILE says who asks")
        raise ClientError(detail)


def _is_local(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _context(ca: Path | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=str(ca) if ca else None)
    except OSError as error:
        raise ClientError(f"--ca {ca}: {error}; give a PEM file") from error


def _token(file: Path | None, port: int, *, is_local: bool) -> str:
    named = file or _from_environment()
    if named is None and not is_local:
        raise ClientError("say with --token-file who asks")
    path = named or _left_here(port)
    try:
        lines = path.read_text(encoding="ascii").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "not ASCII"
        raise ClientError(
            f"{path}: {why}; is a controller running here, as this user? Else give --token-file"
        ) from error
    words = [line.split() for line in lines if line.split() and not line.startswith("#")]
    known = [entry[1] for entry in sorted(words, key=_role) if len(entry) > 1]
    if not known:
        raise ClientError(f"{path}: no token in it; write 'operator TOKEN'")
    return known[0]


def _role(words: list[str]) -> str:
    return words[0]  # operators come before readers


def _from_environment() -> Path | None:
    named = os.environ.get("HEADWAY_API_TOKENS")
    return Path(named) if named else None


def _left_here(port: int) -> Path:
    from controller.advice.registry import default_folder  # noqa: PLC0415  (--help is quick)
    from controller.api.access import own_tokens  # noqa: PLC0415

    return own_tokens(default_folder(), port)
