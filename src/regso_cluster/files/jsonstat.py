"""JSON-stat 2 (a dataset, or a collection that holds one), JSON-stat 1, and the JSON of PxWeb's first service.

https://json-stat.org/full/ (sections dataset, collection, dimension, role, value, status). Every cell is text: a
number, a mark, or nothing. A number that a mark hides is the mark.
"""

from __future__ import annotations

import json
import math
from functools import lru_cache
from types import NoneType
from typing import Any

import pandas as pd

from regso_cluster.errors import Fault, InputError
from regso_cluster.files.dataset import (
    MOST_BYTES,
    MOST_CELLS,
    Dataset,
    Described,
    Dimension,
    Plain,
    check_sizes,
    marked,
    to_plain,
)

_HINT = "Fetch it again as json-stat2: outputFormat=json-stat2."
_BEYOND = 1e300  # no figure: a float of JSON may be infinite
_BROKEN = (ValueError, KeyError, TypeError, AttributeError, IndexError, OverflowError, RecursionError)


def parse_dataset(content: bytes, name: str, *, described: bool = False) -> Dataset:
    """Read JSON-stat.

    Parameters
    ----------
    content : of a file or an answer
    name : of it, for messages
    described : a description: it has no cells

    Raises
    ------
    InputError  broken JSON, another class, several datasets, sizes that do not agree, a cell that is no number, more
        than `dataset.MOST_BYTES` or `dataset.MOST_CELLS`
    """
    try:
        return _dataset(_one_dataset(_load(content)), described)
    except _BROKEN as error:
        raise InputError(_refused(error, name)) from error


def read_jsonstat(content: bytes, name: str) -> Plain:
    """Read a JSON file in the form of PxWeb's CSV: a column a dimension, then one for each measure and period.

    Returns
    -------
    as `dataset.to_plain`

    Raises
    ------
    InputError  as `parse_dataset`
    """
    try:
        read = _load(content)
        if isinstance(read, dict) and "columns" in read and "data" in read:
            return _keyed(read)
        return to_plain(_dataset(_one_dataset(read), described=False))
    except _BROKEN as error:
        raise InputError(_refused(error, name)) from error


def _refused(error: Exception, name: str) -> Fault:
    got = " ".join(f"{type(error).__name__}: {error}".split())[:160]
    return Fault("not readable as JSON-stat 2", name, got=got, hint=_HINT)


def _load(content: bytes) -> Any:
    if len(content) > MOST_BYTES:
        raise ValueError(f"{len(content) // 2**20} MB, at most {MOST_BYTES // 2**20} MB are read")
    return json.loads(
        content, parse_constant=_no_constant,
        object_pairs_hook=lambda pairs: _without_doubles(dict(pairs), [key for key, _ in pairs]),
    )  # fmt: skip


def _without_doubles(found: dict[str, Any], keys: list[str]) -> dict[str, Any]:
    if len(found) < len(keys):
        seen: set[str] = set()
        twice = next(key for key in keys if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise ValueError(f"the key {twice[:40]!r} stands twice")
    return found


def _no_constant(text: str) -> Any:
    raise ValueError(f"{text} is no number of JSON")


def _one_dataset(read: Any) -> dict[str, Any]:
    """Find the one dataset: the whole, the only one of a collection, or that of a bundle of JSON-stat 1."""
    kind = read.get("class")
    if kind == "collection":
        items = read.get("link", {}).get("item", [])
        held = [item for item in items if item.get("class") == "dataset" and "value" in item]
        if len(held) != 1:
            raise ValueError(f"class 'collection' that holds {len(held)} datasets, not one")
        return dict(held[0])
    if kind == "dataset":
        if not str(read["version"]).startswith("2"):
            raise ValueError(f"class {kind!r}, version {read['version']!r}")
        return dict(read)
    if kind is not None:
        raise ValueError(f"class {kind!r}")
    held = [one for one in read.values() if isinstance(one, dict) and {"dimension", "value"} <= set(one)]
    if len(held) != 1:
        raise ValueError(f"{len(held)} datasets, not one; class {kind!r}")
    dimension = held[0]["dimension"]
    return {**held[0], **{key: dimension[key] for key in ("id", "size")}, "role": dimension.get("role", {})}


def _dataset(read: dict[str, Any], described: bool) -> Dataset:
    keys = read["id"]
    if not isinstance(keys, list) or not keys or not all(isinstance(key, str) for key in keys):
        raise ValueError("id is no list of dimensions")
    if len(set(keys)) < len(keys):
        raise ValueError("a dimension stands twice in id")
    dimensions = tuple(_dimension(key, read["dimension"][key]) for key in keys)
    sizes = [len(one.codes) for one in dimensions]
    if sizes != read["size"] and not described:
        raise ValueError(f"size {str(read['size'])[:60]}, categories {str(sizes)[:60]}")
    contents, time = _role(read.get("role") or {}, "metric", keys), _role(read.get("role") or {}, "time", keys)
    if contents is not None and contents == time:
        raise ValueError(f"{contents} is said to be time and measure")
    if not described:
        check_sizes(sizes, [size for key, size in zip(keys, sizes, strict=True) if key in (contents, time)])
    notes = [*_notes(read), *(note for key in keys for note in _notes(read["dimension"][key]))]
    return Dataset(
        dimensions, str(read.get("label", "")), str(read.get("source", "")), str(read.get("updated", "")),
        tuple(" ".join(str(note).split()) for note in notes), contents, time,
        () if described else _cells(read["value"], read.get("status"), math.prod(sizes)),
    )  # fmt: skip


def _notes(read: dict[str, Any]) -> list[Any]:
    notes = read.get("note") or []
    return [notes] if isinstance(notes, str) else list(notes)


def _role(role: dict[str, Any], name: str, keys: list[str]) -> str | None:
    said = role.get(name) or []
    said = [said] if isinstance(said, str) else said
    strange = [key for key in said if key not in keys]
    if strange:
        raise ValueError(f"the role {name} names {str(strange[0])[:40]!r}, which is no dimension")
    return next(iter(said), None)


def _dimension(key: str, read: dict[str, Any]) -> Dimension:
    category = read["category"]
    labels = {str(code): str(label) for code, label in category.get("label", {}).items()}
    index = category.get("index", list(labels))
    if isinstance(index, dict):
        if sorted(index.values()) != list(range(len(index))):
            raise ValueError(f"positions of {key} with gaps")
        index = sorted(index, key=index.__getitem__)
    if not isinstance(index, list) or not all(isinstance(code, str | int) for code in index):
        raise TypeError(f"the categories of {key} are no list of codes")
    codes = tuple(map(str, index))
    if len(set(codes)) != len(codes):
        raise ValueError(f"a code of {key} stands twice")
    if not codes:
        raise ValueError(f"{key} has no categories")
    eliminable = bool((read.get("extension") or {}).get("elimination", False))
    return Dimension(key, str(read.get("label", key)), codes, labels, eliminable)


def _cells(value: Any, status: Any, size: int) -> tuple[str, ...]:
    """Give each cell as text: the number, or the mark of its status."""
    if isinstance(value, dict):  # sparse
        filled: list[Any] = [None] * size
        for position, number in value.items():
            filled[_position(position, size)] = number
        value = filled
    if not isinstance(value, list):
        raise TypeError("value is no list of cells")
    if len(value) != size:
        raise ValueError(f"{len(value)} cells for {size} places")
    texts = _as_texts(value)
    if isinstance(status, dict):
        for position, mark in status.items():
            place = _position(position, size)
            texts[place] = _with_status(texts[place], mark)
    elif isinstance(status, list):
        if len(status) not in (1, size):
            raise ValueError(f"{len(status)} marks for {size} places")
        texts = [_with_status(text, status[at % len(status)]) for at, text in enumerate(texts)]
    elif status is not None:
        texts = [_with_status(text, status) for text in texts]
    return tuple(texts)


def _as_texts(value: list[Any]) -> list[str]:
    """Give numbers and marks as text; all at once where the cells are numbers or nothing, as in most tables."""
    if set(map(type, value)) <= {int, float, NoneType}:
        numbers = [one for one in value if one is not None]
        if not numbers or (min(numbers) > -_BEYOND and max(numbers) < _BEYOND):
            return ["" if one is None else repr(one) for one in value]
    return ["" if one is None else _as_number(one) for one in value]


def _with_status(text: str, mark: Any) -> str:
    if mark is None:
        return text
    if not isinstance(mark, str):
        raise TypeError(f"a status that is no text: {str(mark)[:40]}")
    if len(mark) > 200:
        raise ValueError("a status of more than 200 characters")
    return _marked(text, mark) if not text or _is_number(text) else text


_marked = lru_cache(10_000)(marked)  # millions of cells have a few marks


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _position(position: Any, size: int) -> int:
    if not (isinstance(position, str) and position.isdecimal() and len(position) < 12 and int(position) < size):
        raise ValueError(f"no place {str(position)[:40]} among {size}")
    return int(position)


def _as_number(value: Any) -> str:
    if isinstance(value, str):
        return value  # a mark, in the tables of some services
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"a cell that is no number: {str(value)[:40]}")
    if not abs(value) < _BEYOND:
        raise TypeError(f"a cell that is no number: {str(value)[:20]}")
    return repr(value)


def _keyed(read: dict[str, Any]) -> Plain:
    """Read the JSON of PxWeb's first service: columns, then a list of keys and a list of values for each row."""
    columns = [(str(one["code"]), str(one.get("text", one["code"])), str(one["type"])) for one in read["columns"]]
    keys, values = ([one for one in columns if (one[2] == "c") == figures] for figures in (False, True))
    names = [code for code, _, _ in (*keys, *values)]
    if len(set(names)) < len(names) or not values or not keys:
        raise ValueError("columns that stand twice, no keys or no values")
    if len(read["data"]) * len(names) > MOST_CELLS:
        raise ValueError(f"{len(read['data'])} rows of {len(names)} columns, at most {MOST_CELLS} cells are read")
    rows = [[*one["key"], *one["values"]] for one in read["data"]]
    if any(len(row) != len(names) for row in rows):
        raise ValueError(f"a row that has not {len(keys)} keys and {len(values)} values")
    if not all(isinstance(cell, str | int | float) for row in rows for cell in row):
        raise TypeError("a cell that is neither a number nor a text")
    texts = [[cell if isinstance(cell, str) else _as_number(cell) for cell in row] for row in rows]
    frame = pd.DataFrame(texts, columns=names, index=pd.RangeIndex(2, len(texts) + 2), dtype=object)
    time = next((code for code, _, kind in keys if kind == "t"), "")
    if time:  # last of the keys, as `pxweb` expects it of one value a row
        frame = frame[[*(code for code, _, _ in keys if code != time), time, *(code for code, _, _ in values)]]
    described = Described(
        measures={code: text for code, text, _ in values}, columns={code: text for code, text, _ in keys}
    )
    return Plain(frame, described)
