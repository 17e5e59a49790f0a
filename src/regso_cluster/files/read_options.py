"""How a table of someone else is read, where the file does not tell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class ReadOptions:
    """How a table is read.

    Parameters
    ----------
    sheet : of a workbook, or layer of a GeoPackage; "" takes the only one that can hold the table
    decimal : "comma" or "point", as the file writes decimals; "": the file tells
    suppressed, missing : further marks of suppressed and missing cells, as "~100"
    zero : marks that are 0, as the dash of PxWeb

    Examples
    --------
    >>> ReadOptions(sheet="Skolor", decimal="comma").suppressed
    ()
    """

    sheet: str = ""
    decimal: Literal["", "comma", "point"] = ""
    suppressed: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    zero: tuple[str, ...] = ()
