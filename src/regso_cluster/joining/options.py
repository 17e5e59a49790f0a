"""How a table is joined: the options of the command and of the calls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

PREFIX = "regso_"


@dataclass(frozen=True)
class JoinOptions:
    """How a table is joined.

    Parameters
    ----------
    prefix : before the names of all new columns
    columns : of the release's areas; () takes what says to which groups an area belongs, ("all",) takes all
    kind : what the column holds, "regso", "deso" or "kommun"; "" tells it from its cells
    edition : as 2025, of the table's codes; None tells it from them
    crs : of the coordinates, as `sweref99tm`, `wgs84` or `EPSG:3021`; "" recognises the first two
    shapes : SCB's full outlines; None takes those that were fetched, else the shipped ones
    deso_key : key from DeSO to RegSO
    crosswalk : shares between the editions, for codes of the other one

    Examples
    --------
    >>> schools = pd.DataFrame({"regso": ["0114R001"]})
    >>> joined = join(schools, read_release(folder / "2024"), "regso", options=JoinOptions(prefix="g_"))
    >>> joined.table["g_match"].tolist()
    ['matched']
    """

    prefix: str = PREFIX
    columns: tuple[str, ...] = ()
    kind: str = ""
    edition: int | None = None
    crs: str = ""
    shapes: Path | None = None
    deso_key: Path | None = None
    crosswalk: Path | None = None


class JoinChoices(TypedDict, total=False):
    """The fields of `JoinOptions`, as `join` takes them one by one; a path may be text."""

    prefix: str
    columns: Sequence[str]
    kind: str
    edition: int | None
    crs: str
    shapes: str | Path | None
    deso_key: str | Path | None
    crosswalk: str | Path | None
