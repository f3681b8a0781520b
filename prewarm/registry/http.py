"""One HTTP exchange: connections, time limits, redirects, and errors in our own family."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.cookiejar import DefaultCookiePolicy
from urllib.parse import urljoin, urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.utils import get_environ_proxies

from prewarm import __version__
from prewarm.errors import ContentError, TransferError
from prewarm.registry.endpoint import Endpoint, origin_of

MAX_REDIRECTS = 5
CHUNK = 1024 * 1024
"""Bytes read at a time; smaller ones cost more, larger ones gain nothing."""
_REDIRECTS = (301, 302, 303, 307, 308)
_HEADERS = {"User-Agent": f"prewarm/{__version__}", "Accept-Encoding": "identity"}


@dataclass(frozen=True, slots=True)
class Limits:
    """The numbers of the pull client; seconds, and tries in all."""

    connect: float = 10.0
    read: float = 30.0
    tries: int = 4
    first_pause: float = 0.5
    longest_pause: float = 60.0


@dataclass(frozen=True, slots=True)
class Request:
    """What to send, through which endpoint's trust, and on whose behalf (for the messages)."""

    method: str
    url: str
    endpoint: Endpoint
    subject: str
    headers: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, str] | None = None


class Response:
    """An answer whose body is read as it comes; never decoded."""

    def __init__(self, raw: requests.Response, subject: str) -> None:
        self._raw = raw
        self._subject = subject
        self.status = raw.status_code
        self.headers: Mapping[str, str] = raw.headers

    def chunks(self) -> Iterator[bytes]:
        """The body, in pieces; raises TransferError when it breaks off."""
        if (coding := self.headers.get("Content-Encoding", "identity")) != "identity":
            raise ContentError(
                self._subject, f"the upstream encoded the body as {coding}, which nobody asked for"
            )
        try:
            while chunk := self._raw.raw.read(CHUNK, decode_content=False):
                yield chunk
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise TransferError(self._subject, f"the body broke off: {_cause(error)}") from error

    def read(self, limit: int) -> bytes:
        """The whole body; raises ContentError when it is longer than `limit` bytes."""
        body = bytearray()
        for chunk in self.chunks():
            body += chunk
            if len(body) > limit:
                raise ContentError(
                    self._subject, f"the upstream answered with more than {limit} bytes"
                )
        return bytes(body)


class Transport:
    """Connections to any number of hosts, shared by all threads.

    It sends nothing but what it is told to: no netrc, no cookies, no credential of a URL. Proxies
    come from the environment (HTTPS_PROXY, NO_PROXY).
    """

    def __init__(self, limits: Limits, connections: int) -> None:
        self.limits = limits
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.cookies.set_policy(_NoCookies())
        adapter = HTTPAdapter(pool_connections=16, pool_maxsize=connections, max_retries=0)
        self._session.mount("https://", adapter)
        self._session.mount("http://", adapter)

    @contextmanager
    def open(self, request: Request) -> Iterator[Response]:
        """Send one request and follow redirects; Authorization never leaves its origin.

        Raises TransferError for what broke on the way and ContentError for a redirect that must
        not be followed. Statuses are the caller's business.
        """
        subject = request.subject
        for _ in range(MAX_REDIRECTS + 1):
            raw = self._send(request)
            try:
                target = raw.headers.get("Location")
                if raw.status_code not in _REDIRECTS or not target:
                    yield Response(raw, subject)
                    return
            finally:
                raw.close()
            request = _follow(request, target)
        raise TransferError(
            subject, f"more than {MAX_REDIRECTS} redirects, the last to {redact(request.url)}"
        )

    def _send(self, request: Request) -> requests.Response:
        subject, url, ca_file = request.subject, request.url, request.endpoint.ca_file
        try:
            return self._session.request(
                request.method,
                url,
                headers={**_HEADERS, **request.headers},
                data=request.form,
                timeout=(self.limits.connect, self.limits.read),
                allow_redirects=False,
                stream=True,
                proxies=get_environ_proxies(url),
                verify=str(ca_file) if ca_file else True,
            )
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            raise TransferError(subject, f"{redact(url)}: {_cause(error)}") from error
        except ValueError as error:
            raise ContentError(subject, f"{redact(url)}: not a URL: {error}") from error


def _follow(request: Request, target: str) -> Request:
    """The request that a redirect asks for; what is secret stays at its origin."""
    try:
        url = urljoin(request.url, target)
        origin = origin_of(url)
    except ValueError as error:
        raise ContentError(request.subject, "redirected to something that is no URL") from error
    if request.endpoint.secure and urlsplit(url).scheme != "https":
        raise ContentError(request.subject, f"redirected from https to {redact(url)}, not followed")
    if origin == origin_of(request.url):
        return replace(request, url=url)
    headers = {k: v for k, v in request.headers.items() if k != "Authorization"}
    return replace(request, url=url, headers=headers, form=None)


class _NoCookies(DefaultCookiePolicy):
    def set_ok(self, cookie: object, request: object) -> bool:
        return False


def redact(url: str) -> str:
    """A URL that may be shown: without user, password and query (signatures live there)."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _cause(error: BaseException) -> str:
    """What went wrong, in a phrase, from however deep a chain."""
    text = f"{type(error).__name__} {error}"
    for pattern, words in _PHRASES:
        if re.search(pattern, text):
            return words
    return type(error).__name__


_PHRASES = (
    (r"Name or service not known|NameResolution|getaddrinfo|nodename", "the host is not known"),
    (r"Connection refused", "the connection was refused"),
    (r"[Cc]onnect ?[Tt]ime|ConnectTimeout", "no connection within the time limit"),
    (r"[Rr]ead ?[Tt]ime|timed out", "no answer within the time limit"),
    (r"CERTIFICATE_VERIFY_FAILED", "its certificate is not trusted (set ca-file)"),
    (r"WRONG_VERSION_NUMBER|record layer failure", "it does not speak TLS (set plain-http)"),
    (r"SSLError|SSL:", "TLS failed"),
    (r"OSError.*(?:CA|certificate) bundle", "the CA file cannot be read"),
    (r"IncompleteRead", "the connection was closed too early"),
    (
        r"reset by peer|ConnectionReset|RemoteDisconnected|Connection aborted",
        "the connection was reset",
    ),
    (r"ProxyError", "the proxy failed"),
    (r"InvalidURL|LocationParse", "not a URL"),
    (r"Network is unreachable|No route", "the network is unreachable"),
)
