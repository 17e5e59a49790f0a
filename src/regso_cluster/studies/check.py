"""A table checked in one call: what `classify` would refuse, and the cells to look at."""

from __future__ import annotations

from pathlib import Path

from regso_cluster.classification.classify import rehearse
from regso_cluster.factors.accepted import Cell, read_accepted, write_accepted
from regso_cluster.factors.tables import FactorTable
from regso_cluster.judging.plausibility import Examination
from regso_cluster.method import Method
from regso_cluster.release.model import Release


def is_comparable(table: FactorTable, previous: Release | None) -> bool:
    """Tell whether the figures of last year's release are of the areas of a table."""
    return previous is not None and previous.manifest["edition"] == table.edition


def check(
    table: FactorTable,
    method: Method,
    *,
    year: int | None = None,
    previous: Release | None = None,
    accept: str | Path | None = None,
    write_accept: str | Path | None = None,
) -> Examination:
    """Check a table against a method: what `classify` refuses is refused, and cells that are far out are named.

    Parameters
    ----------
    table : of `read_factors`, which refuses the faults of single cells
    method : whose factors the table has
    year : of the table; None: residents are not compared with those of Sweden
    previous : last year's release: cells and means that jump are named; one of another edition is not compared
    accept : a file of figures that were looked at and found right
    write_accept : a file to write: the cells that are named, to fill in for `accept`

    Returns
    -------
    what is to be looked at before the table is classified: alarms, notes and figures

    Raises
    ------
    InputError  a step that cannot be done on this table; a fault of the file of accepted figures

    Examples
    --------
    >>> method = load_method("utanforskap")
    >>> found = check(read_factors(folder / "factors-2024.csv", method, year=2024), method, year=2024)
    >>> all(alarm.code in read_release(folder / "2024").areas.index for alarm in found.alarms)
    True
    """
    accepted = read_accepted(Path(accept)) if accept else None
    earlier = previous if is_comparable(table, previous) else None
    found = rehearse(table, method, year=year, previous=earlier, accepted=accepted)
    if write_accept:
        cells = [Cell(alarm.code, alarm.column, alarm.got) for alarm in found.alarms]
        cells += [pull.cell for pull in found.pulls if pull.cell not in cells]
        write_accepted(cells, Path(write_accept))
    return found
