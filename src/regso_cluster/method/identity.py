"""What makes two methods the same: every choice that changes a figure or a group number, and no words."""

from __future__ import annotations

import tomllib
from typing import Any

from regso_cluster.method.yardstick import hash_plain

_OF_METHOD = ("name", "title", "description", "source")
_OF_FACTOR = ("name", "source", "counted", "unit_name", "nominal")


def without_words(plain: dict[str, Any]) -> dict[str, Any]:
    """Leave out the words of a method given as plain data: titles, descriptions, sources, names of factors and groups.

    What a run measured and the release that it was frozen from are left out too.
    """
    measured = ("measured", "frozen", "baseline")
    bare = {key: value for key, value in plain.items() if key not in (*_OF_METHOD, *measured)}
    bare["factors"] = [_less(factor, _OF_FACTOR) for factor in plain.get("factors", ())]
    if "composite" in bare:
        groups = [_less(group, ("name",)) for group in bare["composite"].get("groups", ())]
        bare["composite"] = _less(bare["composite"], ("none",)) | {"groups": groups}
    if "themes" in bare.get("index", {}):
        bare["index"] = bare["index"] | {"themes": [_less(theme, ("name",)) for theme in bare["index"]["themes"]]}
    for banding in ("bands", "tiers"):
        if banding in bare:
            bare[banding] = _less(bare[banding], ("names",))
    return bare


def _less(part: dict[str, Any], words: tuple[str, ...]) -> dict[str, Any]:
    return {key: value for key, value in part.items() if key not in words}


def identity_as_written(text: str) -> str:
    """Give the identity that a method had when it was written, by a version that may have known fewer keys."""
    return hash_plain(without_words(tomllib.loads(text)))
