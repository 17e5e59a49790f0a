"""The areas of a release as a statistical cube, areas x contents x one year: what PC-Axis and JSON-stat are made of."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from regso_cluster.method import Method, Text
from regso_cluster.schema import SCHEMA
from regso_cluster.schema import columns as c
from regso_cluster.words.columns import describe_columns, head_columns
from regso_cluster.words.phrases import phrase
from regso_cluster.words.wording import CAREFUL, MADE_UP, UNDECIDED

if TYPE_CHECKING:
    from regso_cluster.release.model import Release

CODED = 20  # a column of text with at most so many different texts becomes numbers with a key
_YES_NO = {0: phrase("no"), 1: phrase("yes")}


@dataclass(frozen=True)
class Content:
    """One contents of the cube: a column of the areas.

    Parameters
    ----------
    key : the column
    name, meaning, unit : for the reader
    decimals : that are shown; the figures keep theirs
    labels : what numbers stand for, where they are groups or coded texts; empty where they are figures
    """

    key: str
    name: Text
    meaning: Text
    unit: Text
    decimals: int
    labels: dict[int, Text]

    def key_of_labels(self, language: str) -> str:
        """Say what the numbers stand for, in one line; empty where they are figures."""
        return "; ".join(f"{number} = {getattr(text, language)}" for number, text in self.labels.items())


@dataclass(frozen=True)
class Cube:
    """A release as figures.

    Parameters
    ----------
    title, notes : for the reader
    year : the reference year
    codes : (n_areas,) of the areas
    names : (n_areas,) of the areas, each once: "Kommun (area)"
    contents : what is told of each area
    values : (n_areas, n_contents) float64; NaN where there is none
    status : (n_areas, n_contents) of str: "" where there is a value, else why not
    left_out : columns of free text, which a cube cannot hold
    updated : when the release was made
    source : method and release, for the reader
    synthetic : whether the figures are made up
    """

    title: Text
    notes: tuple[Text, ...]
    year: int
    codes: tuple[str, ...]
    names: tuple[str, ...]
    contents: tuple[Content, ...]
    values: npt.NDArray[np.float64]
    status: npt.NDArray[np.str_]
    left_out: tuple[str, ...]
    updated: dt.datetime
    source: str
    synthetic: bool


def build_cube(release: Release) -> Cube:
    """Turn the areas of a release into a cube.

    Numbers are kept as they are, booleans become 0 and 1, a column of few different texts becomes numbers with a key
    (by the order of the texts, from 1), the name of a group becomes the key of its number; names of places become
    labels; a column of many different texts is left out and named in the notes.
    """
    areas, method = release.areas, release.method
    known = _labels_of_groups(release.groups)
    columns, left_out = [], []
    contents: dict[str, dict[int, Text]] = {}
    for name in areas.columns:
        if _role_of(name) in ("place", "mark", "name"):  # labels and notes of the cube
            continue
        made = _contents_of(areas[name], _labels_of(name, known))
        if made is None:
            left_out.append(name)
            continue
        numbers, labels = made
        columns.append(numbers)
        contents[name] = labels
    described = _describe(contents, areas, method)
    values = np.column_stack(columns) if columns else np.empty((len(areas), 0))
    manifest = release.manifest
    source = f"regso-cluster, {manifest['method']['name']}, sha256 {manifest['manifest_sha256'][:12]}"
    return Cube(
        Text(f"{method.title.sv} {release.year}", f"{method.title.en} {release.year}"),
        _notes(release, left_out), release.year, tuple(map(str, areas.index)), _names(areas),
        described, values, _status(areas, described, values), tuple(left_out),
        dt.datetime.fromisoformat(manifest["created"]), source, manifest["synthetic"],
    )  # fmt: skip


def _describe(contents: dict[str, dict[int, Text]], areas: pd.DataFrame, method: Method) -> tuple[Content, ...]:
    """Describe columns of the areas, given with the labels of their numbers."""
    heads, meant = head_columns(contents, method), describe_columns(contents, method)
    return tuple(
        Content(
            name,
            Text(str(heads["sv"].iloc[place]), str(heads["en"].iloc[place])),
            Text(str(meant["sv"].iloc[place]), str(meant["en"].iloc[place])),
            _unit_of(name, Text(str(meant["unit_sv"].iloc[place]), str(meant["unit_en"].iloc[place])), labels),
            _decimals_of(areas[name], str(meant[c.UNIT].iloc[place])),
            labels,
        )
        for place, (name, labels) in enumerate(contents.items())
    )


def _role_of(name: str) -> str:
    column = SCHEMA.find(name)
    return column.role if column else "figure"


def _labels_of_groups(groups: pd.DataFrame) -> dict[str, dict[int, Text]]:
    if groups.empty:
        return {}
    return {
        str(grouping): {
            int(number): Text(sv, en)
            for number, sv, en in zip(own[c.GROUP], own[c.NAME_SV], own[c.NAME_EN], strict=True)
        }
        for grouping, own in groups[groups[c.GROUP].notna()].groupby(c.GROUPING, sort=False)
    }


def _labels_of(name: str, known: dict[str, dict[int, Text]]) -> dict[int, Text]:
    """Give the names of the groups that a column numbers: those of the cluster for cluster_second."""
    if name in known:
        return known[name]
    column = SCHEMA.find(name)
    return known.get(column.of or c.without_absolute(name), {}) if column else {}


def _contents_of(cells: pd.Series, labels: dict[int, Text]) -> tuple[npt.NDArray[np.float64], dict[int, Text]] | None:
    if pd.api.types.is_bool_dtype(cells.dtype):
        return _numbers(cells), _YES_NO
    if pd.api.types.is_numeric_dtype(cells.dtype):
        return _numbers(cells), labels
    texts = sorted(cells.dropna().astype(str).unique())
    if len(texts) > CODED:
        return None
    number = {text: place for place, text in enumerate(texts, start=1)}
    coded = cells.astype(object).map(number, na_action="ignore")
    return _numbers(coded), {place: Text(text, text) for text, place in number.items()}


def _numbers(cells: pd.Series) -> npt.NDArray[np.float64]:
    return np.asarray(cells.astype("Float64").to_numpy(np.float64, na_value=np.nan), dtype=np.float64)


def _unit_of(name: str, unit: Text, labels: dict[int, Text]) -> Text:
    if unit.sv:
        return unit
    counted = _role_of(name) in ("count", "persons") and not c.is_absolute(name)
    return phrase("unit_group" if labels else "unit_number" if counted else "unit_figure")


def _decimals_of(cells: pd.Series, unit: str) -> int:
    if not pd.api.types.is_float_dtype(cells.dtype):
        return 0
    known = cells.to_numpy(np.float64, na_value=np.nan)
    known = known[np.isfinite(known)]
    return 0 if np.all(known == np.round(known)) else 1 if unit in ("per cent", "per 1000") else 2


def _names(areas: pd.DataFrame) -> tuple[str, ...]:
    """Name each area once; a name that two areas share gets their codes."""
    names = [
        str(code) if pd.isna(name) else str(name) if pd.isna(kommun) else f"{kommun} ({name})"
        for code, name, kommun in zip(areas.index, areas[c.NAME], areas[c.KOMMUN_NAME], strict=True)
    ]
    seen = Counter(name.casefold() for name in names)
    return tuple(
        name if seen[name.casefold()] == 1 else f"{name} {code}" for name, code in zip(names, areas.index, strict=True)
    )


def _status(
    areas: pd.DataFrame, contents: tuple[Content, ...], values: npt.NDArray[np.float64]
) -> npt.NDArray[np.str_]:
    """Say why a cell has no value: the status of its factor or of the group, else missing."""
    status = np.full(values.shape, "", dtype="U24")
    for place, content in enumerate(contents):
        empty = np.isnan(values[:, place])
        if not empty.any():
            continue
        owners = [c.status_of(content.key[:at]) for at in _ends(content.key)]
        owner = next((name for name in owners if name in areas), c.STATUS)
        why = areas[owner].astype(object).where(areas[owner].notna(), "missing").to_numpy(str)
        why = np.where(np.isin(why, ("observed", "decided")), "missing", why)
        status[empty, place] = why[empty]
    return status


def _ends(key: str) -> list[int]:
    return [at for at in range(len(key) - 1, 0, -1) if key[at] == "_"]


def _notes(release: Release, left_out: list[str]) -> tuple[Text, ...]:
    notes = [MADE_UP] if release.manifest["synthetic"] else []
    notes += [CAREFUL, UNDECIDED]
    notes += [Text(note.text("sv"), str(note)) for note in release.disclosure.because]
    if left_out:
        notes.append(phrase("free_text_left_out", names=", ".join(left_out)))
    return tuple(notes)
