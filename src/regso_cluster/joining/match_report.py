"""How a join went, to the row: what matched, what did not and why, what repeats, what lies near a border."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from regso_cluster.schema import columns as c
from regso_cluster.words.notes import Note

# in the order in which a report lists them
MATCHED = {
    "matched": "has an area",
    "repaired": "matched after a lost zero or the like was put back",
    "crosswalk": "matched to the area of the other edition that holds most of it",
    "near_border": "matched, but so near a border that the neighbour may be right",
    "near_coast": "matched: outside the coast of the shapes, which is coarse, in the waters of this area",
}
UNMATCHED = {
    "missing": "nothing to join on",
    "unreadable": "not readable",
    "unknown_code": "no such area",
    "other_edition": "of another edition of the areas",
    "in_water": "in the water, far from the coast",
    "outside_sweden": "outside Sweden",
}
_SHOWN = 10


@dataclass(frozen=True)
class MatchReport:
    """What became of the rows of a table.

    Parameters
    ----------
    kind : what was joined on: "regso", "deso", "kommun", "area" (codes of the release's own areas) or "points"
    rows : of the table, each in exactly one of `statuses`
    statuses : status: rows
    unmatched_keys : a row a status and key: status, key, reason, rows, first_row (in the file, or from 1)
    repeated_keys : keys that stand in more than one row: key, rows, first_row. Units may share an area, so that this
        is no fault
    borders : points near a border, a row a pair of areas: code, neighbour, rows
    tolerance_m : a point nearer to a border than this is `near_border`; NaN where there were no points
    shapes : which outlines were used; "" where there were no points
    synthetic : the release says that its figures are made up
    notes : what was recognised, repaired or assumed

    Examples
    --------
    >>> joined = join(pd.DataFrame({"regso": ["0114R001", "9999R999"]}), read_release(folder / "2024"), "regso")
    >>> isinstance(joined.report, MatchReport), joined.report.unmatched
    (True, 1)
    """

    kind: str
    rows: int
    statuses: dict[str, int]
    unmatched_keys: pd.DataFrame
    repeated_keys: pd.DataFrame
    borders: pd.DataFrame
    tolerance_m: float
    shapes: str
    synthetic: bool
    notes: tuple[Note, ...]

    @property
    def matched(self) -> int:
        """Rows that have an area."""
        return sum(count for status, count in self.statuses.items() if status in MATCHED)

    @property
    def unmatched(self) -> int:
        """Rows without an area."""
        return self.rows - self.matched

    def table(self) -> pd.DataFrame:
        """Give the whole report as one table: part, status, key, rows, first_row, detail."""
        meanings = MATCHED | UNMATCHED
        counts = [("", self.rows, "all rows"), *((one, rows, meanings[one]) for one, rows in self.statuses.items())]
        parts = [
            pd.DataFrame(counts, columns=[c.STATUS, "rows", "detail"]).assign(part="summary", key=""),
            self.unmatched_keys.rename(columns={"reason": "detail"}).assign(part="unmatched"),
            self.borders.assign(
                part="near_border", status="near_border", key=self.borders["code"],
                detail="neighbour " + self.borders["neighbour"].astype(str),
            ),
            self.repeated_keys.assign(part="repeated", status="", detail="the key stands in several rows"),
            pd.DataFrame({"part": "note", "detail": list(self.notes)}),
        ]  # fmt: skip
        columns = ["part", "status", "key", "rows", "first_row", "detail"]
        whole = pd.concat([part.reindex(columns=columns) for part in parts if len(part)], ignore_index=True)
        for name in ("rows", "first_row"):
            whole[name] = whole[name].astype("Int64")
        return whole.astype(dict.fromkeys(("part", "status", "key", "detail"), "string")).fillna(
            {"status": "", "key": "", "detail": ""}
        )

    def as_dict(self) -> dict[str, Any]:
        """Give the report as plain data, for `--json`."""
        return {
            "kind": self.kind,
            "rows": self.rows,
            "matched": self.matched,
            "unmatched": self.unmatched,
            "statuses": self.statuses,
            "unmatched_keys": self.unmatched_keys.to_dict("records"),
            "repeated_keys": self.repeated_keys.to_dict("records"),
            "near_border": self.borders.to_dict("records"),
            "tolerance_m": None if np.isnan(self.tolerance_m) else self.tolerance_m,
            "shapes": self.shapes,
            "synthetic": self.synthetic,
            "notes": list(self.notes),
        }

    def text(self) -> str:
        """Give the report as a person reads it on a terminal; long lists are cut, and say so."""
        share = f" ({self.matched / self.rows:.1%})" if self.rows else ""
        lines = ["SYNTHETIC DATA: the figures of the release are made up."] if self.synthetic else []
        lines.append(f"{self.rows:,} rows: {self.matched:,} matched{share}, {self.unmatched:,} unmatched")
        meanings = MATCHED | UNMATCHED
        width = max((len(f"{count:,}") for count in self.statuses.values()), default=1)
        lines += [
            f"  {count:>{width},}  {status:<14} {self._meaning(status, meanings)}"
            for status, count in self.statuses.items()
        ]
        lines += self._list(
            "unmatched", self.unmatched_keys,
            lambda row: f"{row['key'] or '(empty)'}: {row['reason']}{_times(row)}",
        )  # fmt: skip
        lines += self._list(
            "near a border", self.borders, lambda row: f"{row['code']} | {row['neighbour']}{_times(row)}"
        )
        if len(self.repeated_keys):
            several = int(self.repeated_keys["rows"].sum())
            most = self.repeated_keys.iloc[0]
            lines.append(
                f"{len(self.repeated_keys):,} keys stand in several rows ({several:,} rows); most: {most['key']}"
                f"{_times(most.to_dict())}"
            )
        lines += [f"note: {note}" for note in self.notes]
        return "\n".join(lines)

    def _meaning(self, status: str, meanings: dict[str, str]) -> str:
        if status == "near_border":
            return f"{meanings[status]}: nearer than {self.tolerance_m:g} m"
        return meanings[status]

    @staticmethod
    def _list(title: str, frame: pd.DataFrame, line: Any) -> list[str]:
        if not len(frame):
            return []
        shown = [f"  {line(row)}" for row in frame.head(_SHOWN).to_dict("records")]
        rest = len(frame) - _SHOWN
        return [f"{title}:", *shown, *([f"  ... and {rest:,} more; --report lists all"] if rest > 0 else [])]


def _times(row: dict[Any, Any]) -> str:
    rows, first = int(row["rows"]), row.get("first_row")
    if rows == 1:
        return f", row {first}" if first is not None else ", 1 row"
    return f", {rows:,} rows" + (f" from row {first}" if first is not None else "")


@dataclass(frozen=True)
class Matches:
    """Which area each row of a table has, before the columns of the release are added.

    Parameters
    ----------
    kind : as in `MatchReport`
    code : (n,) code of the area or kommun, None where there is none
    status : (n,) of `MATCHED` and `UNMATCHED`
    key : (n,) the key as it stood, as text
    reason : (n,) why there is no match; "" where there is
    extra : further columns, (n,) each, such as border_m
    notes : what was recognised
    tolerance_m, shapes : as in `MatchReport`
    """

    kind: str
    code: NDArray[np.object_]
    status: NDArray[np.object_]
    key: NDArray[np.object_]
    reason: NDArray[np.object_]
    extra: dict[str, Any]
    notes: tuple[Note, ...] = ()
    tolerance_m: float = float("nan")
    shapes: str = ""


def report_of(matches: Matches, *, first_row: int = 1, synthetic: bool = False) -> MatchReport:
    """Count what became of the rows.

    Parameters
    ----------
    first_row : number of the first row in its file
    """
    frame = pd.DataFrame({c.STATUS: matches.status, "key": matches.key, "reason": matches.reason})
    frame["row"] = np.arange(first_row, first_row + len(frame))
    order = [*MATCHED, *UNMATCHED]
    counts = frame[c.STATUS].value_counts()
    statuses = {status: int(counts[status]) for status in order if status in counts}
    lost = frame[frame[c.STATUS].isin(list(UNMATCHED))]
    lost = (
        lost.groupby([c.STATUS, "key", "reason"], sort=False)["row"].agg(rows="size", first_row="first").reset_index()
    )
    lost["at"] = lost[c.STATUS].map(order.index)
    lost = lost.sort_values(["at", "rows", "first_row"], ascending=[True, False, True], ignore_index=True)
    given = frame[frame[c.STATUS] != "missing"]
    repeated = given.groupby("key", sort=False)["row"].agg(rows="size", first_row="first").reset_index()
    repeated = repeated[repeated["rows"] > 1].sort_values(
        ["rows", "first_row"], ascending=[False, True], ignore_index=True
    )
    near = matches.status == "near_border"
    pairs = pd.DataFrame({"code": matches.code[near], "neighbour": matches.extra.get("neighbour", matches.code)[near]})
    pairs = (
        pairs.value_counts(sort=False, dropna=False).rename("rows").reset_index()
        if len(pairs)
        else pairs.assign(rows=[])
    )
    pairs = pairs.sort_values(["rows", "code", "neighbour"], ascending=[False, True, True], ignore_index=True)
    return MatchReport(
        matches.kind, len(frame), statuses, lost[[c.STATUS, "key", "reason", "rows", "first_row"]],
        repeated[["key", "rows", "first_row"]], pairs, matches.tolerance_m, matches.shapes, synthetic, matches.notes,
    )  # fmt: skip


def write_report(report: MatchReport, path: Path) -> None:
    """Write the report as a table, whole or not at all: any format of tables or .json, by its ending.

    Raises
    ------
    InputError  another ending
    """
    from regso_cluster.joining.write_joined import write_plain

    write_plain(report.table(), path, report.as_dict())
