"""What stands on the cover of a workbook and on its sheet of the method."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from regso_cluster.method import Text
from regso_cluster.schema import columns as c
from regso_cluster.words.columns import head_columns, unit_of
from regso_cluster.words.notes import Language
from regso_cluster.words.wording import CAREFUL, UNDECIDED, mark_of, say

if TYPE_CHECKING:
    from regso_cluster.release.model import Release

_WORSE = {"high": Text("högt är sämre", "high is worse"), "low": Text("lågt är sämre", "low is worse")}
_SHEETS = {
    "areas": Text("En rad per område, alla områden, ordnade efter kod.", "A row an area, all areas, ordered by code."),
    "groups": Text(
        "En rad per grupp: storlek, boende och gruppens värde i varje faktor.",
        "A row a group: size, residents and the value of the group in each factor.",
    ),
    "lineage": Text("Vad det blev av förra utgåvans kluster.", "What became of the clusters of the previous release."),
    "method": Text("Hur det räknades, ur vilka uppgifter.", "How it was computed, and from what."),
    "columns": Text("Vad varje kolumn betyder.", "What each column means."),
}


def cover_rows(release: Release, language: Language) -> list[tuple[str, list[Any]]]:
    """Write the cover: title, what it is, the groups of the first grouping, the sheets, how not to use it.

    Returns
    -------
    rows as (kind, cells): "title", "lead" (one text over the width), "head", "row", "text" (a word and a text), "blank"
    """
    sv = language == "sv"
    manifest = release.manifest
    edition = f"RegSO {manifest['edition']}" if manifest["edition"] else ("egna områden" if sv else "areas of its own")
    count = f"{len(release.areas):,}".replace(",", "\u00a0" if sv else ",")
    unit = ("områden" if sv else "areas") if manifest["edition"] else ""
    rows: list[tuple[str, list[Any]]] = [
        ("title", [f"{say(release.method.title, language)} {release.year}"]),
        ("lead", [f"{count} {unit}, {edition}".replace(" ,", ",")]),
        ("lead", [say(release.method.description, language)]),
        ("blank", []),
        *_group_rows(release, language),
        ("head", ["Blad" if sv else "Sheets", "", "", "", ""]),
    ]
    sheets = [name for name in _SHEETS if name != "lineage" or release.lineage is not None]
    rows += [("text", [mark_of(name, language), say(_SHEETS[name], language)]) for name in sheets]
    rows += [("blank", []), ("head", ["Så används det inte" if sv else "How not to use it", "", "", "", ""])]
    cautions = [CAREFUL, UNDECIDED, Text(
        "Ett område nära en gräns passerar den av slump: se på talen bakom.",
        "An area near a limit crosses it by chance: look at the counts.",
    ), Text(
        "Koppla på kod, aldrig på namn: namn är bara entydiga inom en kommun.",
        "Join on the code, never on the name: names are unique only inside a kommun.",
    )]  # fmt: skip
    rows += [("lead", [say(text, language)]) for text in cautions]
    origin = "Utgåvan är gjord" if sv else "The release was made"
    rows += [
        ("blank", []),
        ("text", [origin, f"{manifest['created'][:10]}, regso-cluster {manifest['software']['regso_cluster']}"]),
        ("text", ["Kontrollsumma" if sv else "Checksum", f"sha256 {manifest['manifest_sha256']}"]),
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
    words: tuple[str, ...]
    words = ("Namn", "Områden", "Boende", "% boende") if language == "sv" else ("Name", "Areas", "Residents", "% res.")
    sure = c.PROBABILITY in own  # how likely the areas of a group belong to it, on average
    words += (("Hur säkert",) if language == "sv" else ("How sure",)) if sure else ()
    rows: list[tuple[str, list[Any]]] = [("head", [heading, *words])]
    for row in own.to_dict("records"):
        number = "–" if pd.isna(row[c.GROUP]) else f"{row[c.GROUP]:.0f}"
        share = float(row[c.RESIDENTS_SHARE])
        cells = [number, str(row[f"name_{language}"]), int(row[c.AREAS]), row[c.RESIDENTS], share]
        rows.append(("row", [*cells, float(row[c.PROBABILITY])] if sure else cells))
    return [*rows, ("blank", [])]


def method_rows(release: Release, language: Language) -> pd.DataFrame:
    """Tell the method as a person reads it: what, against what, from where; then the notes of the run."""
    method, manifest, sv = release.method, release.manifest, language == "sv"
    measured = method.measured
    words = {
        "method": "Metod" if sv else "Method", "description": "Beskrivning" if sv else "Description",
        "source": "Källa" if sv else "Source", "year": "År" if sv else "Year", "input": "Indata" if sv else "Input",
        "hash": "Metodens kontrollsumma" if sv else "Checksum of the method", "factor": "Faktor" if sv else "Factor",
        "beyond": "problem bortom" if sv else "a problem beyond", "note": "Anmärkning" if sv else "Note",
        "not": "Så används resultatet inte" if sv else "How not to use the result",
    }  # fmt: skip
    rows = [
        (words["method"], say(method.title, language), method.name),
        (words["description"], say(method.description, language), ""),
        (words["source"], method.source, ""),
        (words["year"], str(release.year), f"edition {manifest['edition'] or '-'}"),
        (words["input"], manifest["inputs"][0]["name"], f"sha256 {manifest['inputs'][0]['sha256']}"),
        (words["hash"], f"sha256 {manifest['method']['sha256']}", f"seed {manifest['method']['seed']}"),
    ]
    for factor in method.factors:
        limit = measured.limits.get(factor.key) if measured else None
        text = f"{say(unit_of(factor), language)}, {say(_WORSE[factor.worse], language)}"
        if limit is not None:
            number = f"{limit:.4g}".replace(".", ",") if sv else f"{limit:.4g}"
            text += f"; {words['beyond']} {number}"
        rows.append((f"{words['factor']}: {say(factor.name, language)}", text, factor.source))
    rows += [(words["note"], note.text(language), "") for note in release.notes]
    rows.append((words["not"], say(CAREFUL, language), ""))
    return pd.DataFrame(rows, columns=["Vad", "Hur", "Källa"] if sv else ["What", "How", "Source"])
