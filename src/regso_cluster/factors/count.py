"""A register of persons counted in one call, also on a Dask cluster."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from regso_cluster.factors.register_definition import Definition, load_definition
from regso_cluster.factors.registers import Counts, count_persons, write_counts
from regso_cluster.files.atomic import refuse_inside_a_release
from regso_cluster.parallel import Workers, connect


def count(
    persons: str | Path | Sequence[str | Path],
    definition: Definition | str | Path,
    out: str | Path | None = None,
    *,
    year: int | None = None,
    edition: int | None = None,
    workers: Workers | None = None,
) -> Counts:
    """Count a register of persons by area and factor, to a table that `read_factors` reads. Small counts are kept.

    Parameters
    ----------
    persons : Parquet files or folders, a row a person and year; larger than memory is no matter
    definition : who is counted, or a TOML file of it
    out : a file of any format of tables; it must not exist; None writes nothing
    year : only rows of this year
    edition : as 2025: a row for every area of it; None: of those that occur
    workers : never changes the result

    Returns
    -------
    Counts

    Raises
    ------
    InputError  Dask is not installed; a fault of the definition or the register; `out` exists

    Examples
    --------
    >>> people = pd.DataFrame({"year": 2024, "regso": ["0114R001", "0114R001", "0180R001"], "income": [90, 250, 300]})
    >>> people.to_parquet(folder / "persons.parquet", index=False)
    >>> text = '''area = "regso"
    ... year = "year"
    ... [[factors]]
    ... key = "poor"
    ... numerator = [{ column = "income", below = 100 }]
    ... '''
    >>> _ = (folder / "counts.toml").write_text(text)
    >>> counts = count(folder / "persons.parquet", folder / "counts.toml", year=2024)
    >>> counts.persons, counts.table["poor_n"].tolist()
    (3, [1, 0])
    """
    if out is not None:
        refuse_inside_a_release(Path(out))
    read = definition if isinstance(definition, Definition) else load_definition(Path(definition))
    workers = workers or Workers()
    cluster: Any = connect(workers.scheduler) if workers.scheduler else nullcontext()
    with cluster as client:
        counted = count_persons(persons, read, year=year, edition=edition, threads=workers.threads, client=client)
    if out is not None:
        write_counts(counted, out)
    return counted
