"""A text in the two languages of the program."""

from __future__ import annotations

from pydantic import ConfigDict
from pydantic.dataclasses import dataclass


@dataclass(frozen=True, config=ConfigDict(extra="forbid", strict=True, allow_inf_nan=False))
class Text:
    """A text for the reader, in Swedish and English."""

    sv: str
    en: str
