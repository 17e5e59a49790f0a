"""Releases in a row: a folder of tables classified year by year, revisions, and whether a release can be recomputed.

A folder of releases holds `2022`, and after a corrected table `2022-r2` beside it. Nothing is overwritten: each release
is written whole before the next year begins, so that a run that was cut off is taken up where it stopped.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from regso_cluster.classification.classify import classify
from regso_cluster.classification.tables import Classification
from regso_cluster.errors import Fault, InputError
from regso_cluster.exports.comparison import write_comparison
from regso_cluster.factors.accepted import Accepted
from regso_cluster.factors.origin import SUFFIX as ORIGIN
from regso_cluster.factors.tables import FactorTable, read_factors
from regso_cluster.files.hashes import hash_of
from regso_cluster.files.kinds import CELL_SUFFIXES, lock_file
from regso_cluster.files.parquet import parquet_bytes
from regso_cluster.method import Method
from regso_cluster.parallel import Workers
from regso_cluster.release.model import Earlier, Release, read_release
from regso_cluster.release.write import write_release
from regso_cluster.studies.reading import Reading
from regso_cluster.years.borders import Outlines, against
from regso_cluster.years.compare import NothingInCommonError, compare

_RELEASE = re.compile(r"(\d{4})(?:-r(\d+))?")


@dataclass(frozen=True)
class Made:
    """What became of one year of a series.

    Parameters
    ----------
    year : the reference year
    what : "written", "kept" (the release follows from this table already) or "revised"
    path : the release
    difference : the folder that compares a revision with what it revises

    Examples
    --------
    >>> method = read_release(folder / "2024").method
    >>> made = classify_series({2024: folder / "factors-2024.csv"}, method, folder / "one")
    >>> isinstance(made[0], Made), made[0].what
    (True, 'written')
    """

    year: int
    what: str
    path: Path
    difference: Path | None = None


def find_tables(folder: str | Path) -> tuple[dict[int, Path], list[str]]:
    """Find the table of each year in a folder by the one year in its name, as `factors-2024.csv`.

    Parameters
    ----------
    folder : of the tables

    Returns
    -------
    tables by year, rising; and the names of files that are no table of a year

    Raises
    ------
    InputError  no table; two tables of one year

    Examples
    --------
    >>> tables, others = find_tables(folder)
    >>> tables[2024].name
    'factors-2024.csv'
    """
    folder = Path(folder)
    tables: dict[int, Path] = {}
    others, faults = [], []
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        if path.name.startswith(".") or lock_file(path.name) or path.name.endswith(ORIGIN) or not path.is_file():
            continue
        years = re.findall(r"(?<!\d)(?:19|20)\d{2}(?!\d)", path.stem)
        if path.suffix.lower() not in CELL_SUFFIXES or len(set(years)) != 1:
            others.append(path.name)
        elif int(years[0]) in tables:
            hint = "Keep one of them here: a corrected table takes the place of the first."
            faults.append(
                Fault("two tables of one year", str(path), "one file a year", tables[int(years[0])].name, hint)
            )
        else:
            tables[int(years[0])] = path
    if faults:
        raise InputError(faults)
    if not tables:
        hint = "Name each file by its year, as factors-2024.csv."
        raise InputError(Fault("no table of any year", str(folder), hint=hint))
    return dict(sorted(tables.items())), others


def list_releases(folder: str | Path) -> dict[int, Path]:
    """Find the latest revision of each year in a folder of releases, by rising year."""
    found: dict[int, tuple[int, Path]] = {}
    folder = Path(folder)
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.is_dir() and (named := _RELEASE.fullmatch(path.name)):
            year, revision = int(named[1]), int(named[2] or 1)
            if year not in found or revision > found[year][0]:
                found[year] = (revision, path)
    return {year: found[year][1] for year in sorted(found)}


def classify_series(
    tables: dict[int, Path],
    method: Method,
    out: str | Path,
    *,
    reading: Reading | None = None,
    seed: int | None = None,
    workers: Workers | None = None,
    say: Callable[[Made], None] | None = None,
) -> list[Made]:
    """Classify tables year by year into a folder of releases, each against the latest release of an earlier year.

    A year whose release follows from its table already is kept. Where table, method or the earlier release changed, the
    year is classified again: the same result is kept, another becomes a revision, with a folder that compares the two.

    Parameters
    ----------
    tables : by year, from `find_tables`
    method : the choices, for all years
    out : the folder of releases
    reading : how the tables are read
    seed, workers : as for `classify`
    say : is told of each year when it is done

    Returns
    -------
    what became of each year

    Raises
    ------
    InputError  a table or an earlier release that is refused; the years before it are written and stay

    Examples
    --------
    >>> tables = {2024: folder / "factors-2024.csv"}
    >>> made = classify_series(tables, read_release(folder / "2024").method, folder / "series")
    >>> [(one.year, one.what, one.path.name) for one in made]
    [(2024, 'written', '2024')]
    """
    reading = reading or Reading()
    method = method if seed is None else replace(method, seed=seed)
    made = []
    for year in sorted(tables):
        releases = list_releases(out)
        earlier = [path for of, path in releases.items() if of < year]
        previous = read_release(earlier[-1], verify=True) if earlier else None
        standing = read_release(releases[year], verify=True) if year in releases else None
        done = _one_year(year, tables[year], method, Path(out), previous, standing, reading, workers)
        made.append(done)
        if say:
            say(done)
    return made


def _one_year(
    year: int, path: Path, method: Method, out: Path, previous: Release | None, standing: Release | None,
    reading: Reading, workers: Workers | None,
) -> Made:  # fmt: skip
    if standing and _follows(standing, path, method, previous, reading):
        return Made(year, "kept", standing.path, _difference(standing, out))
    table = read_factors(
        path, method, edition=reading.edition, year=year, deso_key=reading.deso_key, sheet=reading.sheet,
        decimal=reading.decimal, names=reading.names,
    )  # fmt: skip
    earlier = _earlier(previous, table.edition, reading)
    result = _classify(table, method, year, earlier, workers, reading.accepted)
    if standing is None:
        written = write_release(result, out / str(year), previous=earlier)
        return Made(year, "written", written.path)
    if not _differences(result, standing):
        return Made(year, "kept", standing.path, _difference(standing, out))
    named = _RELEASE.fullmatch(standing.path.name)
    number = int((named and named[2]) or 1) + 1
    path = out / f"{year}-r{number}"
    revision = write_release(result, path, previous=earlier, revises=standing)
    try:
        difference = _difference(revision, out)
    except BaseException:
        shutil.rmtree(revision.path)  # a revision without its difference would pass for a finished one
        raise
    return Made(year, "revised", revision.path, difference)


def _classify(
    table: FactorTable,
    method: Method,
    year: int,
    earlier: Earlier,
    workers: Workers | None,
    accepted: Accepted | None = None,
) -> Classification:
    return classify(table, method, year=year, workers=workers, previous=earlier, accepted=accepted)


def _earlier(previous: Release | None, edition: int | None, reading: Reading) -> Earlier:
    """Give the groups of the earlier release; a crosswalk is built only where the editions differ."""
    differ = previous is not None and previous.manifest["edition"] != edition
    return against(previous, edition, reading.borders if differ else None)


def _follows(standing: Release, path: Path, method: Method, previous: Release | None, reading: Reading) -> bool:
    """Whether a release was made from this table and method against this earlier release, over the same borders."""
    before = standing.manifest["previous"]
    sources = (before or {}).get("crosswalk", {}).get("sources")
    if sources and not reading.outlines:
        raise InputError(_no_outlines(standing))
    differ = previous is not None and previous.manifest["edition"] != standing.manifest["edition"]
    wanted = reading.borders.crosswalk.sources if differ and reading.borders else None
    return (
        sources == wanted
        and standing.manifest["inputs"][0]["sha256"] == hash_of(path)
        and _same_method(standing.method, method)
        and _names_hash(standing.manifest) == (hash_of(reading.names) if reading.names else None)
        and (before["manifest_sha256"] if before else None)
        == (previous.manifest["manifest_sha256"] if previous else None)
    )


def _same_method(made: Method, method: Method) -> bool:
    """Whether two methods have the same choices, frozen limits and baseline; words of a method change no figure."""
    frozen = made.frozen == method.frozen and (not method.frozen or made.measured == method.measured)
    return made.identity == method.identity and frozen and made.baseline == method.baseline


def _names_hash(manifest: dict[str, Any]) -> str | None:
    """Give the hash of the file of names that a release was made with; None where it was made with none."""
    return next((str(one["sha256"]) for one in manifest["inputs"][1:] if one.get("as") == "names of the areas"), None)


def _check_names(manifest: dict[str, Any], names: str | Path | None) -> None:
    """Refuse a file of names that is not the one of the manifest."""
    expected, got = _names_hash(manifest), hash_of(Path(names)) if names is not None else None
    if expected == got:
        return
    if expected is None:
        hint = "Leave --names out: the release was made with none."
        raise InputError(Fault("names that the release was not made with", str(names), hint=hint))
    named = next(one["name"] for one in manifest["inputs"][1:] if one.get("as") == "names of the areas")
    hint = f"Give the names that it was made with as --names: {named}."
    if got is None:
        raise InputError(Fault("made with names of the areas, but none are given", named, hint=hint))
    raise InputError(Fault("another file of names", str(names), expected[:12], got[:12], hint))


def _no_outlines(release: Release) -> Fault:
    hint = "Give the same files as --old-shapes, --new-shapes (and --population, --land) as when it was made."
    return Fault("made through a crosswalk between editions, but no outlines are given", str(release.path), hint=hint)


def _difference(revision: Release, out: Path) -> Path | None:
    """Compare a revision with what it revises, where that is not done yet.

    None for a first release, and where another method leaves nothing to compare.
    """
    revised = revision.manifest.get("revises")
    if not revised:
        return None
    folder = out / f"{revision.path.name}.difference"
    if not folder.exists():
        try:
            comparison = compare(read_release(out / revised["name"]), revision)
        except NothingInCommonError:
            return None
        write_comparison(comparison, folder)
    return folder


def _differences(result: Classification, release: Release) -> list[str]:
    """Name the files of a release that a classification would write otherwise."""

    def hashed(frame: pd.DataFrame) -> str:
        return hashlib.sha256(parquet_bytes(frame)).hexdigest()

    now = {
        "areas.parquet": hashed(result.areas.reset_index()),
        "groups.parquet": hashed(result.groups),
        "factors.parquet": hashed(result.factors),
        "method.toml": hashlib.sha256(result.method.to_toml().encode()).hexdigest(),
    }
    if result.lineage is not None:
        now["lineage.parquet"] = hashed(result.lineage)
    if result.certainty is not None:
        now["certainty.parquet"] = hashed(result.certainty)
    outputs = release.manifest["outputs"]
    return [name for name in now if outputs.get(name) != now[name]]


def recompute_release(
    release: Release, table: str | Path, *, previous: str | Path | None = None, deso_key: str | Path | None = None,
    outlines: Outlines | None = None, sheet: str = "", decimal: str = "", names: str | Path | None = None,
) -> list[Fault]:  # fmt: skip
    """Classify the input of a release again and compare every table with what the release holds.

    Parameters
    ----------
    release : whose hashes agree
    table : the input; its hash must be that of the manifest
    previous : the release that it was made against; default: beside it, by its name
    deso_key : the key that a table by DeSO was summed through; its hash must be that of the manifest
    outlines : of the two editions, where the release was made through a crosswalk
    sheet, decimal : as for `read_factors`
    names : the file of names that the release was made with; its hash must be that of the manifest

    Returns
    -------
    every file that does not follow from the input; none when all do

    Raises
    ------
    InputError  another table, key or crosswalk, or none where the release was made with one; the earlier release is not
        there or another one

    Examples
    --------
    >>> recompute_release(read_release(folder / "2024"), folder / "factors-2024.csv")
    []
    """
    manifest = release.manifest
    if (got := hash_of(Path(table))) != (expected := manifest["inputs"][0]["sha256"]):
        hint = f"Give the table that the release was made from: {manifest['inputs'][0]['name']}."
        raise InputError(Fault("another table", str(table), expected[:12], got[:12], hint))
    _check_key(manifest, deso_key)
    _check_names(manifest, names)
    before = None
    if named := manifest["previous"]:
        before = read_release(previous or release.path.parent / named["name"], verify=True)
        if before.manifest["manifest_sha256"] != named["manifest_sha256"]:
            hint = f"Give the release {named['name']} that it was made against, as --previous."
            raise InputError(Fault("another earlier release", str(before.path), hint=hint))
    method = release.method if release.method.frozen else replace(release.method, measured=None)
    read = read_factors(
        table, method, edition=manifest["edition"], year=release.year, deso_key=deso_key, sheet=sheet, decimal=decimal,
        names=names,
    )  # fmt: skip
    reading = Reading(outlines=outlines)
    earlier = _earlier(before, read.edition, reading)
    made_with = (named or {}).get("crosswalk", {})
    if made_with and not outlines:
        raise InputError(_no_outlines(release))
    if (earlier.crosswalk or {}).get("sources") != made_with.get("sources"):
        hint = "Give the outlines that the release was made with, or none where it was made with none."
        raise InputError(Fault("another crosswalk between editions", str(release.path), hint=hint))
    accepted = Accepted.from_dict(manifest["figures"].get("accepted"))
    versions = ", ".join(f"{name} {version}" for name, version in manifest["software"].items())
    hint = f"It was made with {versions}; other versions may write other bytes."
    return [
        Fault("does not follow from the input", name, hint=hint)
        for name in _differences(_classify(read, method, release.year, earlier, None, accepted), release)
    ]


def _check_key(manifest: dict[str, Any], deso_key: str | Path | None) -> None:
    """Refuse a key from DeSO to RegSO that is not the one of the manifest."""
    expected = next((one for one in manifest["inputs"][1:] if "DeSO" in one.get("as", "")), None)
    if expected is None:
        return
    hint = f"Give the key that its table was summed through as --deso-key: {expected['name']}."
    if deso_key is None:
        raise InputError(Fault("made from a table by DeSO, but no key to RegSO is given", expected["name"], hint=hint))
    if (got := hash_of(Path(deso_key))) != expected["sha256"]:
        raise InputError(
            Fault("another key from DeSO to RegSO", str(deso_key), expected["sha256"][:12], got[:12], hint)
        )
