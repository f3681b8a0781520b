"""A client of the WSGI application in this process, under the checks of wsgiref.validate."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_to_bytes
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

from prewarm.layout import LayoutReader
from prewarm.serve.app import Application, Served
from prewarm.serve.catalogue import Catalogue


@dataclass(frozen=True, slots=True)
class Answer:
    """A response as a server would send it; the headers' names are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def document(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """The code of the one error in the body."""
        (error,) = self.document["errors"]
        assert sorted(error) == ["code", "message"] and error["message"]
        code: str = error["code"]
        return code


class Mirror:
    """The application over a store."""

    def __init__(self, reader: LayoutReader) -> None:
        self.served: list[Served] = []
        self._application = validator(Application(Catalogue(reader), self.served.append))

    def ask(self, target: str, method: str = "GET", **headers: str) -> Answer:
        """One request; `target` is a path and query as a client sends them."""
        path, _, query = target.partition("?")
        environ: dict[str, Any] = {
            "REQUEST_METHOD": method,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
            "QUERY_STRING": query,
            **{f"HTTP_{name.upper()}": value for name, value in headers.items()},
        }
        setup_testing_defaults(environ)
        started: list[tuple[str, list[tuple[str, str]]]] = []

        def start(status: str, headers: list[tuple[str, str]], exc_info: object = None) -> Any:
            started.append((status, headers))
            return lambda data: None

        chunks = self._application(environ, start)
        try:
            body = b"".join(chunks)
        finally:
            chunks.close()  # type: ignore[attr-defined]
        ((status, fields),) = started
        named = {name.lower(): value for name, value in fields}
        assert len(named) == len(fields), "a header twice"
        return Answer(int(status[:3]), named, body)
