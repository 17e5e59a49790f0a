"""What is said of a cell that was named: the number, what was expected, and the likeliest cause."""

from __future__ import annotations

from dataclasses import dataclass

from regso_cluster.words.notes import Note


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
    why: Note
    level: str
    score: float

    @property
    def text(self) -> Note:
        """Say it in a sentence."""
        values = {"got": self.got, "low": self.low, "high": self.high, "why": self.why}
        return Note("cell_far_out", code=self.code, column=self.column, **values)


def say_kind(kind: str, *, within: bool = False) -> Note:
    """Say what a cell looks like, by one of the kinds of slips.

    Parameters
    ----------
    kind : one of `slips.KINDS`
    within : the number lies within what was expected
    """
    if within and kind == "neighbour":
        return Note("likely_but_of_next_row")
    if within and kind == "unknown":
        return Note("likely_but_rare")
    return {
        "divided by 10": Note("ten_times_too_large"),
        "multiplied by 10": Note("ten_times_too_small"),
        "divided by 100": Note("hundred_times_too_large"),
        "multiplied by 100": Note("hundred_times_too_small"),
        "lost digit": Note("digit_lost"),
        "sentinel": Note("number_for_missing"),
        "neighbour": Note("number_of_next_row"),
        "unknown": Note("far_from_other_figures"),
    }[kind]
