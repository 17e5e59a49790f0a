"""A release as JSON-stat 2, in the form that PxWebApi 2 answers in (json-stat2)."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from regso_cluster.exports.cube import Cube, build_cube
from regso_cluster.words.notes import Language
from regso_cluster.words.phrases import phrase
from regso_cluster.words.wording import say

if TYPE_CHECKING:
    from regso_cluster.release.model import Release

_LABELS = {"area": phrase("area"), "ContentsCode": phrase("contents"), "Tid": phrase("year")}


def write_jsonstat(release: Release, path: Path, *, language: Language = "sv") -> None:
    """Write a release as one JSON-stat 2.0 dataset, figures with all their digits, UTF-8."""
    text = json.dumps(jsonstat_dataset(build_cube(release), language), ensure_ascii=False, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8", newline="\n")


def jsonstat_dataset(cube: Cube, language: Language) -> dict[str, Any]:
    """Give a cube as a JSON-stat 2.0 dataset.

    Notes
    -----
    json-stat.org/full: values in row-major order of area x contents x year; a missing one is null, and `status` says
    why (suppressed, missing, too_few_residents, undecided).
    """
    contents = cube.contents
    meaning = {
        content.key: [text for text in (say(content.meaning, language), content.key_of_labels(language)) if text]
        for content in contents
    }
    units = {content.key: {"base": say(content.unit, language), "decimals": content.decimals} for content in contents}
    categories: dict[str, dict[str, Any]] = {
        "area": {"index": list(cube.codes), "label": dict(zip(cube.codes, cube.names, strict=True))},
        "ContentsCode": {
            "index": [content.key for content in contents],
            "label": {content.key: say(content.name, language) for content in contents},
            "unit": units,
            "note": meaning,
        },
        "Tid": {"index": [str(cube.year)], "label": {str(cube.year): str(cube.year)}},
    }
    reasons = cube.status.ravel()
    return {
        "version": "2.0",
        "class": "dataset",
        "label": say(cube.title, language),
        "source": cube.source,
        "updated": cube.updated.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "note": [say(note, language) for note in cube.notes],
        "role": {"geo": ["area"], "metric": ["ContentsCode"], "time": ["Tid"]},
        "id": list(categories),
        "size": [len(cube.codes), len(contents), 1],
        "dimension": {
            name: {"label": say(_LABELS[name], language), "category": category} for name, category in categories.items()
        },
        "value": [_number(value) for value in cube.values.ravel().tolist()],
        "status": {str(place): str(reasons[place]) for place in (reasons != "").nonzero()[0].tolist()},
        "extension": {"synthetic": cube.synthetic, "left_out": list(cube.left_out)},
    }


def _number(value: float) -> float | int | None:
    if math.isnan(value):
        return None
    return int(value) if value == int(value) else value
