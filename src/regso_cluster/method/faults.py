"""Faults of a method's text in the house's words, each with its line."""

from __future__ import annotations

import difflib
import re

from pydantic import ValidationError

from regso_cluster.errors import Fault
from regso_cluster.method.model import known_keys

Place = tuple[str | int, ...]  # the keys that lead to a value, as ("factors", 0, "limit")


_MOST = 100


def shape_faults(error: ValidationError, text: str, source: str) -> list[Fault]:
    """Say a pydantic error in the house's words: line, what was expected, what was got."""
    faults: dict[str, Fault] = {}
    for item in error.errors(include_url=False)[:_MOST]:  # the line of each is searched for
        # the union of "factor or rule" adds its branch names to the place; they are not keys of the file
        place = tuple(part for part in item["loc"] if part not in ("Rule", "constrained-str"))
        where = f"{source}, line {line_of(text, place)}, {_spell(place)}"
        if item["type"] == "unexpected_keyword_argument":
            close = difflib.get_close_matches(str(place[-1]), sorted(known_keys()), n=1, cutoff=0.75)
            hint = f"Is it {close[0]!r}?" if close else "Remove it; docs/method.md lists the keys."
            fault = Fault("unknown key", where, hint=hint)
        elif item["type"] == "missing":
            fault = Fault("a key is missing", where, hint=f"Add {place[-1]} = ... ; docs/method.md says what it means.")
        else:
            expected = item.get("ctx", {}).get("expected") or item["msg"].removeprefix("Input should be ")
            fault = Fault(
                "wrong value", where, str(expected), repr(item["input"])[:80], "docs/method.md lists what is possible."
            )
        faults.setdefault(where, fault)
    return list(faults.values())


def _spell(place: Place) -> str:
    """Write a place as a person counts: the first factor is number 1."""
    return ".".join(str(part) if isinstance(part, str) else f"number {part + 1}" for part in place)


def line_of(text: str, place: Place) -> int:
    """Find the line of a key in TOML text (from 1); of its nearest parent where it stands inside a value."""
    arrays: dict[tuple[str, ...], int] = {}
    here: Place = ()
    best, best_depth = 1, 0
    for number, line in enumerate(text.splitlines(), start=1):
        stripped = line.strip()
        if header := re.match(r"\[\[?\s*([\w.\s\"-]+?)\s*\]\]?", stripped):
            names = tuple(name.strip().strip('"') for name in header[1].split("."))
            if stripped.startswith("[["):
                arrays[names] = arrays.get(names, -1) + 1
            # a header names tables; the array elements that they stand in are put between
            here = ()
            for depth, name in enumerate(names, start=1):
                here += (name,)
                if names[:depth] in arrays:
                    here += (arrays[names[:depth]],)
            found = here
        elif key := re.match(r"([\w-]+)\s*=", stripped):
            found = (*here, key[1])
        else:
            continue
        if place[: len(found)] == found and len(found) > best_depth:
            best, best_depth = number, len(found)
    return best
