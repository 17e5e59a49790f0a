"""What is said of a cell that was named: the number, what was expected, and the likeliest cause."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

WHY = {
    "divided by 10": "likely 10 times too large, as by a lost decimal mark",
    "multiplied by 10": "likely 10 times too small, as by a decimal mark too many",
    "divided by 100": "likely 100 times too large, as a share written as per cent",
    "multiplied by 100": "likely 100 times too small, as per cent written as a share",
    "lost digit": "a digit may be lost",
    "sentinel": "may be a number that programs write for a missing one",
    "neighbour": "the same number as in the row above or below, perhaps copied",
    "unknown": "far from what the other figures of the area say",
}
WITHIN = {  # where the number lies within what was expected
    "neighbour": "a likely number, but the same as in the row above or below",
    "unknown": "a likely number, but a rare one in its column",
}


@dataclass(frozen=True)
class Alarm:
    """A cell, or several of one area, that was named.

    Parameters
    ----------
    code : of the area; column : of the table; factor : its key, "" for the residents
    got : the number that stands there; low, high : where it was expected
    why : what the cell looks like, in words
    level : "note", "serious" or "refused"
    score : the log of the likelihood ratio by which alarms are ordered
    """

    code: str
    column: str
    factor: str
    got: float
    low: float
    high: float
    why: str
    level: str
    score: float

    @property
    def text(self) -> str:
        """Say it in a sentence."""
        expected = f"{number(self.low)} to {number(self.high)}"
        return f"{self.code}, column {self.column}: {number(self.got)}, expected {expected}: {self.why}"


def number(x: float) -> str:
    """Write a number for a reader: whole ones with thousands marks, others with four digits."""
    if not np.isfinite(x):
        return "any"
    return f"{x:,.0f}" if abs(x) >= 1000 or x == round(x) else f"{x:.4g}"
