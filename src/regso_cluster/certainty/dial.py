"""One thing that a study draws, and what a number from 0 to 1 stands for there."""

from __future__ import annotations

from typing import Any

import numpy as np
from pydantic import ConfigDict
from pydantic.dataclasses import dataclass

STRICT = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

Value = str | int | float | tuple[float, ...] | dict[str, Any]


@dataclass(frozen=True, config=STRICT)
class Dial:
    """One thing that is drawn: a choice at one of its places (or at all, where they are set together)."""

    choice: str
    places: tuple[str, ...]
    options: tuple[Value, ...] | None = None
    low: float = 0.0
    high: float = 1.0
    whole: bool = False

    def value(self, u: float) -> Any:
        """Give what a number from 0 to 1 stands for."""
        if self.options is not None:
            return self.options[min(int(u * len(self.options)), len(self.options) - 1)]
        if self.whole:
            return int(min(self.low + np.floor(u * (self.high - self.low + 1)), self.high))
        return float(self.low + u * (self.high - self.low))

    def ends(self) -> list[float]:
        """Give the numbers from 0 to 1 that stand for each option, or for both ends of a range."""
        if self.options is not None:
            return [(number + 0.5) / len(self.options) for number in range(len(self.options))]
        return [0.0, 1.0]
