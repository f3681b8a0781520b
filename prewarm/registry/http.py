"""One HTTP exchange: connections, time limits, redirects, and errors in our own family."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from email.utils import parsedate_to_datetime
from http.cookiejar import DefaultCookiePolicy
from urllib.parse import urljoin, urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.utils import get_environ_proxies

from prewarm import __version__
from prewarm.errors import ContentError, TransferError
from prewarm.registry.endpoint import Endpoint, host_of, is_loopback, origin_of

MAX_REDIRECTS = 5
CHUNK = 128 * 1024
"""Bytes read at a time: what a broken connection loses at most. Larger ones gain nothing."""
_REDIRECTS = (301, 302, 303, 307, 308)
_BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")
_HEADERS = {"User-Agent": f"prewarm/{__version__}", "Accept-Encoding": "identity"}


@dataclass(frozen=True, slots=True)
class Limits:
    """The numbers of the pull client; seconds, tries in all, and bytes a second.

    A body that brings less than `slowest` over `read` seconds has stalled.
    """

    connect: float = 10.0
    read: float = 30.0
    slowest: int = 1000
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
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    form: Mapping[str, str] | None = field(default=None, repr=False)


class Response:
    """An answer whose body is read as it comes; never decoded.

    `request` is the one that was answered in the end, after all redirects.
    """

    def __init__(
        self,
        raw: requests.Response,
        request: Request,
        limits: Limits = Limits(),
    ) -> None:
        self._raw = raw
        self._limits = limits
        self._subject = request.subject
        self.request = request
        self.status = raw.status_code
        self.headers: Mapping[str, str] = raw.headers

    @property
    def length(self) -> int | None:
        """Content-Length, where it is a number that can be meant."""
        text = self.headers.get("Content-Length", "")
        return int(text) if re.fullmatch(r"[0-9]{1,18}", text) else None

    @property
    def retry_after(self) -> float | None:
        """The seconds that Retry-After asks to wait, given as a number or as a date."""
        text = self.headers.get("Retry-After", "").strip()
        if re.fullmatch(r"[0-9]{1,18}", text):
            return float(text)
        try:
            return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
        except (ValueError, TypeError, OverflowError):
            return None

    def chunks(self) -> Iterator[bytes]:
        """The body, in pieces; raises TransferError when it breaks off or stalls."""
        coding = self.headers.get("Content-Encoding", "").strip().lower()
        if coding not in ("", "identity"):
            raise ContentError(
                self._subject, f"the upstream encoded the body as {coding}, which nobody asked for"
            )
        pace = _Pace(self._limits, self._subject)
        try:
            while chunk := self._raw.raw.read1(CHUNK, decode_content=False):
                pace.check(len(chunk))
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


class _Pace:
    """Finds out that a body has stalled although a byte comes now and then."""

    def __init__(self, limits: Limits, subject: str) -> None:
        self._limits = limits
        self._subject = subject
        self._since = time.monotonic()
        self._bytes = 0

    def check(self, size: int) -> None:
        """Note bytes that came; raises TransferError when too few did for too long."""
        self._bytes += size
        seconds = time.monotonic() - self._since
        if seconds < self._limits.read:
            return
        if self._bytes < self._limits.slowest * seconds:
            raise TransferError(
                self._subject,
                f"the body stalled: {self._bytes} bytes in {seconds:.0f} seconds",
                "run fetch again to go on from there",
            )
        self._since, self._bytes = time.monotonic(), 0


class Transport:
    """Connections to any number of hosts, shared by all threads.

    It sends nothing but what it is told to: no netrc, no cookies, no credential of a URL. Proxies
    come from the environment (HTTPS_PROXY, NO_PROXY), and so do the authorities that are trusted
    (REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE, SSL_CERT_FILE), unless an endpoint names its own.
    """

    def __init__(self, limits: Limits, connections: int) -> None:
        self.limits = limits
        self._session = _Session()
        self._session.trust_env = False
        self._bundle = next((os.environ[name] for name in _BUNDLES if os.environ.get(name)), True)
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
        for _ in range(MAX_REDIRECTS + 1):
            raw = self._send(request)
            try:
                target = raw.headers.get("Location")
                if raw.status_code not in _REDIRECTS or not target:
                    yield Response(raw, request, self.limits)
                    return
            finally:
                _finish(raw)
            request = _follow(request, target)
        raise ContentError(
            request.subject,
            f"more than {MAX_REDIRECTS} redirects, the last to {redact(request.url)}",
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
                proxies={} if is_loopback(host_of(url)) else get_environ_proxies(url),
                verify=str(ca_file) if ca_file else self._bundle,
                auth=_as_it_is,
            )
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            raise TransferError(subject, f"{redact(url)}: {_cause(error)}") from error
        except ValueError as error:
            raise ContentError(subject, f"{redact(url)}: not a URL: {error}") from error


def _follow(request: Request, target: str) -> Request:
    """The request that a redirect asks for; what is secret stays at its origin."""
    try:
        url = urljoin(request.url, target)
        endpoint, scheme = request.endpoint.moved_to(url), urlsplit(url).scheme
    except ValueError as error:
        raise ContentError(request.subject, "redirected to something that is no URL") from error
    if scheme != "https" and (scheme != "http" or request.endpoint.secure):
        raise ContentError(
            request.subject, f"redirected from {redact(request.url)} to {redact(url)}, not followed"
        )
    if origin_of(url) == origin_of(request.url):
        return replace(request, url=url)
    headers = {k: v for k, v in request.headers.items() if k != "Authorization"}
    return replace(request, url=url, endpoint=endpoint, headers=headers, form=None)


def _finish(raw: requests.Response) -> None:
    """Let go of an answer; the connection is kept where that costs no more than a few bytes."""
    length = raw.headers.get("Content-Length", "")
    if raw.status_code >= 300 and re.fullmatch(r"[0-9]{1,5}", length):
        with suppress(urllib3.exceptions.HTTPError, OSError):
            raw.raw.read(decode_content=False)
    raw.close()


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Authentication for requests, which would otherwise take one from the URL."""
    return request


class _Session(requests.Session):
    """A session that leaves redirects alone: else it would read a redirect's body, however long."""

    def get_redirect_target(self, resp: requests.Response) -> None:
        return None


class _NoCookies(DefaultCookiePolicy):
    def set_ok(self, cookie: object, request: object) -> bool:
        return False


def redact(url: str) -> str:
    """A URL that may be shown: without user, password and query (signatures live there)."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "an unreadable URL"
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
    (r"BadStatusLine|LineTooLong|got more than \d+ headers", "what it answered is not HTTP"),
    (
        r"reset by peer|ConnectionReset|RemoteDisconnected|Connection aborted",
        "the connection was reset",
    ),
    (r"ProxyError", "the proxy failed"),
    (r"InvalidURL|LocationParse", "not a URL"),
    (r"Network is unreachable|No route", "the network is unreachable"),
)
