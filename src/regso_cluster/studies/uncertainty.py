"""How sure the groups of a release or a table are, in one call each: `stability` and `sensitivity`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from regso_cluster.certainty.stability import refuse_too_many
from regso_cluster.certainty.structure import Structure, structure_figures
from regso_cluster.certainty.study_file import Study, load_study
from regso_cluster.errors import Fault, InputError
from regso_cluster.factors.tables import FactorTable
from regso_cluster.method import Method
from regso_cluster.parallel import Workers
from regso_cluster.release.model import Release
from regso_cluster.studies.run import subject_of_release, subject_of_table
from regso_cluster.studies.sensitivity import Sensitivity, run_study, write_sensitivity
from regso_cluster.studies.structure import Agreed, assess_release, find_consensus, write_structure


@dataclass(frozen=True)
class StabilityOptions:
    """How the structure of groups is looked for.

    Parameters
    ----------
    most : the largest number of groups; None: that of the method
    resamples : bootstrap resamples
    clouds : clouds without structure, for the gap statistic
    consensus : join k-means, k-medoids and Ward over the resamples, too

    Examples
    --------
    >>> StabilityOptions(most=6).resamples
    100
    """

    most: int | None = None
    resamples: int = 100
    clouds: int = 50
    consensus: bool = False


@dataclass(frozen=True)
class Stability:
    """What was found of the structure of one table's groups.

    Parameters
    ----------
    structure : by number of groups
    agreed : the consensus; None where none was asked for
    n_clusters : of the method
    synthetic : the figures are made up

    Examples
    --------
    >>> table = read_release(folder / "2024")
    >>> options = StabilityOptions(most=3, resamples=2, clouds=5)
    >>> stability(table, options=options).n_clusters == table.method.clusters.n_clusters
    True
    """

    structure: Structure
    agreed: Agreed | None
    n_clusters: int
    synthetic: bool

    def as_dict(self) -> dict[str, Any]:
        """Give the figures as plain data, as `stability --json` prints them."""
        said = {"synthetic": self.synthetic} | structure_figures(self.structure, self.n_clusters)
        return said | ({"consensus": self.agreed.figures} if self.agreed else {})


def stability(
    subject: Release | FactorTable,
    method: Method | None = None,
    *,
    options: StabilityOptions | None = None,
    out: str | Path | None = None,
    language: Literal["sv", "en"] = "sv",
    workers: Workers | None = None,
    say: Callable[[str], None] | None = None,
) -> Stability:
    """Look at each number of groups: which are found again on resamples, and are there types or bands.

    Parameters
    ----------
    subject : a release, or a table with its method
    method : of a table; a release brings its own
    options : how much is looked at
    out : a folder for tables and a figure; it must not exist; None writes nothing
    language : of the figure
    workers : never changes the result
    say : gets the name of each step as it starts

    Returns
    -------
    for each number of groups how often they are found again, and whether there are groups at all

    Raises
    ------
    InputError  a method without clusters; a table too small; a table without a method; the folder exists

    Examples
    --------
    >>> few = StabilityOptions(most=3, resamples=2, clouds=5)
    >>> found = stability(read_release(folder / "2024"), options=few)
    >>> list(found.structure.by_k.index)
    [2, 3]
    """
    table, method = _open(subject, method)
    options = options or StabilityOptions()
    if options.consensus:
        refuse_too_many(int(table.value.notna().any(axis=1).sum()))
    tell = say or (lambda _: None)
    tell("looking for structure")
    changes = {"most": options.most, "resamples": options.resamples, "clouds": options.clouds, "splits": 10}
    found = assess_release(table, method, changes, workers)
    agreed = None
    if options.consensus:
        tell("joining resamples")
        agreed = find_consensus(table, method, found, resamples=options.resamples, workers=workers)
    if out is not None:
        tell("writing")
        write_structure(found, out, language, synthetic=table.synthetic, agreed=agreed)
    return Stability(found, agreed, method.clusters.n_clusters if method.clusters else 0, table.synthetic)


def refuse_existing_study(out: str | Path) -> None:
    """Refuse to write over a study, before any work.

    Raises
    ------
    InputError  the folder exists
    """
    if Path(out).exists() or Path(out).is_symlink():
        hint = "A study is never overwritten: choose another --out, or remove the folder yourself."
        raise InputError(Fault("the study folder exists", str(out), hint=hint))


def sensitivity(
    subject: Release | FactorTable,
    out: str | Path,
    method: Method | None = None,
    *,
    study: Study | str | Path | None = None,
    language: Literal["sv", "en"] = "sv",
    workers: Workers | None = None,
    say: Callable[[int, int], None] | None = None,
) -> Sensitivity:
    """Vary the choices of a method, and see whose group changes.

    Parameters
    ----------
    subject : a release, or a table with its method
    out : a folder for tables and a figure; it must not exist. Runs are kept beside it as they end, and the same call
        takes up a study that was cut off
    method : of a table; a release brings its own
    study : choices that are varied, with the number of runs and the seed, or a TOML file of them; None: the package's
    language : of the figure
    workers : never changes the result
    say : gets (runs done, runs in all) as they end

    Returns
    -------
    the runs, and by area and choice how often the group changes

    Raises
    ------
    InputError  the folder exists; a study of choices that the method does not have; a table without a method

    Examples
    --------
    >>> from dataclasses import replace
    >>> few = replace(load_study(), runs=26)
    >>> found = sensitivity(read_release(folder / "2024"), folder / "sensitivity", study=few)
    >>> found.summary["synthetic"]
    True
    """
    refuse_existing_study(out)
    study = study if isinstance(study, Study) else load_study(Path(study) if study else None)
    if isinstance(subject, Release):
        _open(subject, method)
        studied = subject_of_release(subject, study.list)
    else:
        studied = subject_of_table(*_open(subject, method), study.list)
    found = run_study(studied, study, out, workers=workers, say=say)
    write_sensitivity(found, out, language)
    return found


def _open(subject: Release | FactorTable, method: Method | None) -> tuple[FactorTable, Method]:
    if isinstance(subject, Release):
        if method is not None:
            raise InputError(Fault("a method beside a release", method.name, hint="A release brings its own method."))
        return subject.counted, subject.method
    if method is None:
        raise InputError(Fault("a table without a method", subject.source, hint="Give its method, of `load_method`."))
    return subject, method
