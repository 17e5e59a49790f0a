"""What stands on the cover of a workbook and on its sheet of the method."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from regso_cluster.schema import columns as c
from regso_cluster.words.columns import head_columns, unit_of
from regso_cluster.words.notes import Language, number_in
from regso_cluster.words.phrases import phrase, say_phrase, say_source
from regso_cluster.words.wording import CAREFUL, UNDECIDED, mark_of, say

if TYPE_CHECKING:
    from regso_cluster.release.model import Release

_SHEETS = ("areas", "groups", "lineage", "method", "columns")


def cover_rows(release: Release, language: Language) -> list[tuple[str, list[Any]]]:
    """Write the cover: title, what it is, the groups of the first grouping, the sheets, how not to use it.

    Returns
    -------
    rows as (kind, cells): "title", "lead" (one text over the width), "head", "row", "text" (a word and a text), "blank"
    """
    manifest = release.manifest
    edition = f"RegSO {manifest['edition']}" if manifest["edition"] else say_phrase(language, "own_areas")
    count = number_in(f"{len(release.areas):,}", language)
    unit = say_phrase(language, "areas_counted") if manifest["edition"] else ""
    rows: list[tuple[str, list[Any]]] = [
        ("title", [f"{say(release.method.title, language)} {release.year}"]),
        *(("lead", [note.text(language)]) for note in release.disclosure.because),
        ("lead", [f"{count} {unit}, {edition}".replace(" ,", ",")]),
        ("lead", [say(release.method.description, language)]),
        ("blank", []),
        *_group_rows(release, language),
        ("head", [say_phrase(language, "sheets"), "", "", "", ""]),
    ]
    sheets = [name for name in _SHEETS if name != "lineage" or release.lineage is not None]
    rows += [("text", [mark_of(name, language), say_phrase(language, f"about_{name}")]) for name in sheets]
    rows += [("blank", []), ("head", [say_phrase(language, "not_for"), "", "", "", ""])]
    cautions = [CAREFUL, UNDECIDED, phrase("near_a_limit"), phrase("join_on_code")]
    rows += [("lead", [say(text, language)]) for text in cautions]
    rows += [
        ("blank", []),
        (
            "text",
            [
                say_phrase(language, "made"),
                f"{manifest['created'][:10]}, regso-cluster {manifest['software']['regso_cluster']}",
            ],
        ),
        ("text", [say_phrase(language, "checksum"), f"sha256 {manifest['manifest_sha256']}"]),
    ]
    return rows


def _group_rows(release: Release, language: Language) -> list[tuple[str, list[Any]]]:
    """Show the first grouping; a method of problems and an index alone has none."""
    groups = release.groups
    if groups.empty:
        return []
    grouping = str(groups[c.GROUPING].iloc[0])
    own = groups[groups[c.GROUPING] == grouping]
    heading = head_columns([grouping], release.method)[language].iloc[0]
    sure = c.PROBABILITY in own  # how likely the areas of a group belong to it, on average
    shown = ("name", "areas", "residents", "share", *(("sure",) if sure else ()))
    words = [say_phrase(language, f"column_{name}") for name in shown]
    rows: list[tuple[str, list[Any]]] = [("head", [heading, *words])]
    for row in own.to_dict("records"):
        number = "–" if pd.isna(row[c.GROUP]) else f"{row[c.GROUP]:.0f}"
        share = float(row[c.RESIDENTS_SHARE])
        cells = [number, str(row[f"name_{language}"]), int(row[c.AREAS]), row[c.RESIDENTS], share]
        rows.append(("row", [*cells, float(row[c.PROBABILITY])] if sure else cells))
    return [*rows, ("blank", [])]


def method_rows(release: Release, language: Language) -> pd.DataFrame:
    """Tell the method as a person reads it: what, against what, from where; then the notes of the run."""
    method, manifest, measured = release.method, release.manifest, release.method.measured
    rows = [
        (say_phrase(language, "row_method"), say(method.title, language), method.name),
        (say_phrase(language, "row_description"), say(method.description, language), ""),
        (say_phrase(language, "row_source"), say_source(method.source, language), ""),
        (say_phrase(language, "row_year"), str(release.year), f"edition {manifest['edition'] or '-'}"),
        (say_phrase(language, "row_input"), manifest["inputs"][0]["name"], f"sha256 {manifest['inputs'][0]['sha256']}"),
        (
            say_phrase(language, "row_hash"),
            f"sha256 {manifest['method']['sha256']}",
            f"seed {manifest['method']['seed']}",
        ),
    ]
    for factor in method.factors:
        limit = measured.limits.get(factor.key) if measured else None
        text = f"{say(unit_of(factor), language)}, {say_phrase(language, f'worse_{factor.worse}')}"
        if limit is not None:
            text += "; " + say_phrase(language, "problem_beyond", limit=number_in(f"{limit:.4g}", language))
        heading = say_phrase(language, "row_factor", factor=factor.name)
        rows.append((heading, text, say_source(factor.source, language)))
    rows += [(say_phrase(language, "row_note"), note.text(language), "") for note in release.notes]
    rows.append((say_phrase(language, "row_not_for"), say(CAREFUL, language), ""))
    return pd.DataFrame(rows, columns=[say_phrase(language, key) for key in ("what", "how", "row_source")])
