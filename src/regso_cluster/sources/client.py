"""Ask a service: its limits kept, passing faults tried again, every answer bounded in size and time and judged.

Why no ready-made PxWeb client: `pxwebpy` 0.6 (MIT, alive, takes any base address, keeps the call limit) waits without
limit for an answer, tries again after 429 alone, follows redirects, reads bodies of any size, and drops the marks that
tell a suppressed cell from a missing one. So: requests for HTTP, tenacity for trying again.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import requests
import tenacity
import urllib3

from regso_cluster._package import __version__
from regso_cluster.errors import Fault, InputError, visible
from regso_cluster.sources.deadline import Deadline, WatchedAdapter

USER_AGENT = f"regso-cluster/{__version__} (fetch; open statistics)"
LATER = "Try again later: what was fetched is kept, and the run goes on from there."
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_PIECE = 1 << 16


@dataclass(frozen=True)
class Limits:
    """What a client allows itself and a service.

    Parameters
    ----------
    calls, window_seconds : at most so many calls in any such span; a service's own limits take their place
    attempts : tries of a call that meets a passing fault
    backoff_seconds : before the second try; doubled each time
    longest_wait_seconds, waiting_seconds : a service that asks for a longer pause, or for more of them together, is
        asked again in another run
    connect_seconds, silence_seconds : to connect; between two pieces of an answer
    answer_seconds : from the question to the last byte of an answer: connection, status, headers, body, trailers
    answer_bytes : of a whole answer, after unpacking
    """

    calls: int = 30
    window_seconds: float = 10.0
    attempts: int = 5
    backoff_seconds: float = 1.0
    longest_wait_seconds: float = 120.0
    waiting_seconds: float = 3600.0
    connect_seconds: float = 10.0
    silence_seconds: float = 60.0
    answer_seconds: float = 600.0
    answer_bytes: int = 200_000_000


@dataclass(frozen=True)
class Answer:
    """One answer as it came.

    Parameters
    ----------
    content : its bytes, unpacked
    address : what was asked, without the body of the question
    retrieved : date and time, UTC
    """

    content: bytes
    address: str
    retrieved: str

    @property
    def sha256(self) -> str:
        """Hash of the bytes."""
        return hashlib.sha256(self.content).hexdigest()


class _PassingError(Exception):
    """A fault that may be gone at the next try."""

    def __init__(self, fault: Fault, wait: float | None = None) -> None:
        super().__init__(str(fault))
        self.fault = fault
        self.wait = wait


_LIMITS = Limits()


class Client:
    """Asks one service.

    Parameters
    ----------
    base : its address: https, or http on this machine
    limits : see `Limits`
    say : told what is waited for
    sleep, clock : of time; for tests

    Raises
    ------
    InputError  an address that is none
    """

    def __init__(
        self, base: str, limits: Limits = _LIMITS, *, say: Callable[[str], None] | None = None,
        sleep: Callable[[float], None] = time.sleep, clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self.base = _check_address(base)
        self.limits = limits
        self.say = say or (lambda _: None)
        self._sleep, self._clock = sleep, clock
        self._calls: deque[float] = deque()
        self._waited = 0.0
        self._deadline = Deadline()
        self._session = requests.Session()
        for scheme in ("https://", "http://"):
            self._session.mount(scheme, WatchedAdapter(self._deadline))
        self._session.headers["User-Agent"] = USER_AGENT
        self._session.auth = lambda request: request  # nothing of the user's .netrc is sent

    def set_pace(self, calls: int, window_seconds: float) -> None:
        """Keep the service's own limit of calls from now on."""
        self.limits = Limits(**{**self.limits.__dict__, "calls": calls, "window_seconds": window_seconds})

    def ask(
        self, path: str = "", parameters: dict[str, str] | None = None, *, body: dict[str, Any] | None = None
    ) -> Answer:
        """Ask, and try again after passing faults (no answer, cut connections, 429, 5xx) with growing pauses.

        Parameters
        ----------
        path : below the base address
        parameters : of the query
        body : sent as JSON by POST; without it GET is used

        Raises
        ------
        InputError  no answer after all tries; refused, not found, moved elsewhere, too large, too slow
        """
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(_PassingError),
            stop=tenacity.stop_after_attempt(self.limits.attempts),
            wait=self._pause,
            sleep=self._rest,
            reraise=True,
        )
        try:
            return retrying(self._ask_once, self.base + path, parameters or {}, body)
        except _PassingError as error:
            tries = f"{error.fault.got}, {self.limits.attempts} times".lstrip(", ")
            raise InputError(Fault(error.fault.what, error.fault.where, error.fault.expected, tries, LATER)) from error

    def _pause(self, state: tenacity.RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        asked = error.wait if isinstance(error, _PassingError) else None
        growing: float = self.limits.backoff_seconds * 2 ** (state.attempt_number - 1)
        pause = min(growing, self.limits.longest_wait_seconds) if asked is None else asked
        self.say(f"{error}; waiting {pause:.0f} s")
        return pause

    def _rest(self, seconds: float) -> None:
        """Pause, within what is allowed for all pauses of a run."""
        self._waited += seconds
        if self._waited > self.limits.waiting_seconds:
            expected = f"at most {self.limits.waiting_seconds:g} s in one run"
            raise InputError(Fault("the service asks for too many pauses", self.base, expected, hint=LATER))
        self._sleep(seconds)

    def _keep_pace(self) -> None:
        """Wait until the window has room for one call more."""
        calls, window = self.limits.calls, self.limits.window_seconds * 1.02  # the service's clock is another
        while len(self._calls) >= calls:
            left = self._calls[0] + window - self._clock()
            if left > self.limits.longest_wait_seconds:
                expected = f"at most {self.limits.longest_wait_seconds:g} s between two calls"
                got = f"{calls} calls in {self.limits.window_seconds:g} s"
                raise InputError(Fault("the service asks for too long a pause", self.base, expected, got, LATER))
            if left > 0:
                self._rest(left)
            self._calls.popleft()
        self._calls.append(self._clock())

    def _ask_once(self, address: str, parameters: dict[str, str], body: dict[str, Any] | None) -> Answer:
        """Ask once, and end whatever is not done at the deadline."""
        self._keep_pace()
        got = f"no whole answer after {self.limits.answer_seconds:g} s"
        slow = InputError(Fault("the answer is too slow", address, got=got, hint=LATER))
        try:
            with self._deadline.within(self.limits.answer_seconds):
                answer = self._exchange(address, parameters, body)
        except Exception as error:  # a connection that is shut fails in many ways
            if self._deadline.passed:
                raise slow from error
            raise
        if self._deadline.passed:  # the end of a shut connection looks like the end of an answer
            raise slow
        return answer

    def _exchange(self, address: str, parameters: dict[str, str], body: dict[str, Any] | None) -> Answer:
        where = address
        wait = (self.limits.connect_seconds, self.limits.silence_seconds)
        started = self._clock()
        try:
            with self._session.request(
                "POST" if body is not None else "GET", address, params=parameters, json=body, timeout=wait,
                stream=True, allow_redirects=False,
            ) as response:  # fmt: skip
                self._judge(response, where)
                return Answer(self._read(response, where, started), str(response.url), _now())
        except requests.exceptions.SSLError as error:
            hint = "Is the service behind a proxy with a certificate of its own? Name it in REQUESTS_CA_BUNDLE."
            raise InputError(Fault("the certificate does not hold", where, got=_first(error), hint=hint)) from error
        except (requests.exceptions.Timeout, urllib3.exceptions.TimeoutError) as error:
            got = f"nothing for {self.limits.silence_seconds:g} s"
            raise _PassingError(Fault("the service does not answer", where, got=got)) from error
        except (requests.exceptions.ConnectionError, requests.exceptions.ChunkedEncodingError) as error:
            raise _PassingError(Fault("the connection failed", where, got=_first(error))) from error
        except (urllib3.exceptions.HTTPError, http.client.HTTPException, OSError) as error:
            raise _PassingError(Fault("the connection was cut", where, got=_first(error))) from error

    def _judge(self, response: requests.Response, where: str) -> None:
        """Refuse what is no plain answer; passing refusals are tried again."""
        code = response.status_code
        if code == 200:
            return
        if 300 <= code < 400:
            hint = "The package follows no redirects. If the service has moved, give its new address as --service."
            elsewhere = response.headers.get("Location", "no address")
            raise InputError(
                Fault("the service points elsewhere", where, got=visible(f"{code} to {elsewhere}"[:200]), hint=hint)
            )
        got = visible(f"{code} {response.reason or ''}"[:200].strip())
        if code == 429 or code >= 500:
            what = "too many calls" if code == 429 else "the service fails"
            wait = _retry_after(response.headers.get("Retry-After"))
            if wait is not None and wait > self.limits.longest_wait_seconds:
                raise InputError(Fault(what, where, got=f"{got}, asks to wait {wait:.0f} s", hint=LATER))
            raise _PassingError(Fault(what, where, got=got), wait)
        hints = {
            400: "The service did not understand the question: compare the codes with the table's own.",
            403: "The service refuses this machine or question: is a proxy or a block between?",
            404: "Check the number of the table or the layer, and the address of the service.",
        }
        hint = hints.get(code, "Look the answer up in the service's documentation.")
        raise InputError(Fault("the service refuses", where, got=f"{got}{_said(self._peek(response))}", hint=hint))

    @staticmethod
    def _peek(response: requests.Response) -> bytes:
        """Read the beginning of a refusal, which may say why."""
        try:
            return bytes(response.raw.read1(4096, decode_content=True) or b"")
        except (urllib3.exceptions.HTTPError, OSError):
            return b""

    def _read(self, response: requests.Response, where: str, started: float) -> bytes:
        """Read an answer piece by piece, within its limits."""
        pieces: list[bytes] = []
        size = 0
        while True:
            # read1 gives what has come; read would wait in silence for a whole piece of a drip
            piece = response.raw.read1(_PIECE, decode_content=True)
            if not piece:
                return b"".join(pieces)
            pieces.append(piece)
            size += len(piece)
            if size > self.limits.answer_bytes:
                hint = "No table or layer is so large: is the address right?"
                expected = f"at most {self.limits.answer_bytes / 1e6:g} MB"
                raise InputError(Fault("an answer without end", where, expected, "more", hint))
            if self._clock() - started > self.limits.answer_seconds:
                got = f"{size} bytes after {self.limits.answer_seconds:g} s"
                raise InputError(Fault("the answer is too slow", where, got=got, hint=LATER))


def as_json(answer: Answer) -> dict[str, Any]:
    """Read an answer as a JSON object.

    Raises
    ------
    InputError  HTML, other text, broken JSON, no object
    """
    where = answer.address.split("?")[0]
    if answer.content.lstrip()[:1] == b"<":
        hint = "A page for people came instead of data: a proxy, a login or maintenance may stand between."
        kind = "XML" if answer.content.lstrip()[:5].lower() == b"<?xml" else "HTML"
        raise InputError(Fault(f"{kind} instead of JSON", where, got=_text(answer.content), hint=hint))
    try:
        read = json.loads(answer.content, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        got = f"{_first(error)}, at the end of {len(answer.content)} bytes: {_text(answer.content[-60:])}"
        raise InputError(Fault("broken JSON", where, got=got, hint=LATER)) from error
    if not isinstance(read, dict):
        raise InputError(Fault("JSON of another form", where, "an object", type(read).__name__, LATER))
    return read


def _check_address(base: str) -> str:
    try:
        parts = urlsplit(base)
        _ = parts.port  # read when it is asked for: no number, or one above 65,535
    except ValueError as error:  # its text may quote a password
        hint = "Give the base address of the service, as https://host/path; brackets are for an IPv6 address."
        raise InputError(Fault("no address of a service", "--service", "https://...", hint=hint)) from error
    safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
    if not (safe and parts.hostname) or parts.query or parts.fragment or "@" in parts.netloc:
        hint = "Give the base address of the service, without query, name or password."
        got = "a name or password in it" if "@" in parts.netloc else repr(base)[:120]  # a password is never printed
        raise InputError(Fault("no address of a service", "--service", "https://...", got, hint))
    return base.rstrip("/")


def _retry_after(header: str | None) -> float | None:
    """Read Retry-After, seconds or a date (RFC 9110, section 10.2.3); None where it says nothing."""
    if header is None:
        return None
    if header.strip().isdecimal():
        return float(header.strip())
    try:
        when = parsedate_to_datetime(header)
        return max(0.0, (_aware(when) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def _aware(when: datetime) -> datetime:
    return when if when.tzinfo else when.replace(tzinfo=UTC)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _first(error: BaseException) -> str:
    return visible((str(error) or type(error).__name__).splitlines()[0][:120])


def _text(content: bytes) -> str:
    return repr(" ".join(content.decode("utf-8", "replace").split())[:60])


def _said(content: bytes) -> str:
    """Give the reason that a refusal names (RFC 9457), as far as it is short text."""
    try:
        read = json.loads(content)
        reason = read.get("detail") or read.get("title")
    except (ValueError, AttributeError, RecursionError):
        return ""
    return f": {visible(reason[:120])}" if isinstance(reason, str) else ""


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON")
