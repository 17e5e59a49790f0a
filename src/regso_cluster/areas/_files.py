"""Find the data files that travel with the package."""

from __future__ import annotations

from pathlib import Path

from regso_cluster.errors import Fault, InputError


def shapes_file(name: str) -> Path:
    """Give the path of a file of `data/shapes`.

    In a wheel they lie beside this module, in a checkout (editable install) at the top of the repository.

    Parameters
    ----------
    name : e.g. `regso_2025.parquet`

    Raises
    ------
    InputError  the file is in neither place
    """
    here = Path(__file__).resolve().parent
    for folder in (here / "_shapes", here.parents[2] / "data" / "shapes"):
        if (folder / name).is_file():
            return folder / name
    raise InputError(
        Fault(
            what="a file of the package is missing",
            where=name,
            expected="it in the installed package or in data/shapes of the checkout",
            hint="Install the package anew, or build the file with `make shapes`",
        )
    )
