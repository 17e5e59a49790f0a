"""The edge of the terminal: control characters of files and services are shown, never obeyed."""

from __future__ import annotations

import io
import os
import re
import sys
import warnings
from typing import Any

from regso_cluster.errors import visible

_COLOUR = re.compile("(\x1b\\[[0-9;]*m)")  # how tables of this package are set bold; it moves and hides nothing


class RawStream:
    """A stream as it was before `guard_streams`, for what draws on the terminal itself.

    Parameters
    ----------
    stream : stdout or stderr
    """

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self.write = getattr(stream, "regso_raw", stream.write)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def guard_streams(*, debug: bool = False) -> None:
    """Write control characters as text on stdout and stderr, and keep warnings of libraries for `--debug`.

    A name that the terminal cannot show must not fail a finished run either: it is shown with a question mark.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            ascii_alone = stream.encoding.lower().replace("-", "") in ("ascii", "usascii", "ansix3.41968")
            stream.reconfigure(errors="replace", encoding="utf-8" if ascii_alone else None)  # as click does
            if not hasattr(stream, "regso_raw"):
                _guard(stream)
    if not debug:
        warnings.showwarning = lambda *_, **__: None  # what a user is to know is in the notes
        if sys.unraisablehook is sys.__unraisablehook__:  # a workbook on a full disk fails again when it is collected
            sys.unraisablehook = lambda _: None


def _guard(stream: Any) -> None:
    raw, coloured = stream.write, stream.isatty() or bool(os.environ.get("FORCE_COLOR"))

    def write(text: str) -> int:
        parts = _COLOUR.split(text) if coloured else [text]
        raw("".join(part if at % 2 else visible(part) for at, part in enumerate(parts)))
        return len(text)

    stream.regso_raw = raw
    stream.write = write
