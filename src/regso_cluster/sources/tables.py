"""Fetch one table from PxWebApi 2: what to ask, split by area to the service's limit, put together, one row an area.

A question names every value once, in one list a variable, by POST: in an address a repeated `valueCodes[X]` silently
drops values. That nothing was dropped is checked in every answer.
"""

from __future__ import annotations

import hashlib
import json
import re
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from regso_cluster.areas.codes import parse_codes
from regso_cluster.areas.edition_table import edition_of_year
from regso_cluster.errors import Fault, InputError
from regso_cluster.factors.origin import describe_origin, is_origin, origin_file
from regso_cluster.factors.pxweb import to_areas
from regso_cluster.files import formats
from regso_cluster.files.dataset import Dataset, join_parts
from regso_cluster.files.figure_tables import write_figures
from regso_cluster.files.formats import find_format
from regso_cluster.files.jsonstat import parse_dataset, read_jsonstat
from regso_cluster.files.raw_table import RawTable
from regso_cluster.sources.cache import Kept, Part, collect, find, write_whole
from regso_cluster.sources.client import Answer, Client, Limits, as_json
from regso_cluster.sources.selection import Areas, Question, select_cells, split_by_area
from regso_cluster.words.notes import Note

SERVICE = "https://statistikdatabasen.scb.se/api/v2"
_DEFAULTS = Limits()
_METADATA = "metadata.json"
_MOST = 10**12  # of a limit that a service says of itself


@dataclass(frozen=True)
class Service:
    """A service of PxWebApi 2 and its own limits.

    Parameters
    ----------
    client : which keeps its pace
    max_cells : of one call
    licence : of what it gives
    """

    client: Client
    max_cells: int
    licence: str


@dataclass(frozen=True)
class Fetched:
    """A table as fetched.

    Parameters
    ----------
    frame : (n_areas,) text: code without suffix, `year`, a column a measure; marks such as `..` as they came
    origin : sources, dates and hashes, for the source file
    notes : what was left out, and how the table came

    Examples
    --------
    >>> options = FetchOptions(service=pxweb, cache=folder / "cache")
    >>> found = fetch_table(Question("TAB6574", 2024), options=options)
    >>> isinstance(found, Fetched), len(found.frame)
    (True, 4)
    """

    frame: pd.DataFrame
    origin: dict[str, Any]
    notes: tuple[Note, ...]


def open_service(
    base: str = SERVICE, limits: Limits = _DEFAULTS, *, say: Callable[[str], None] | None = None, **of_time: Any
) -> Service:
    """Read the service's own limits and keep them.

    Parameters
    ----------
    base : its address
    limits : the client's own, for what the service says nothing of
    say : told what is waited for
    of_time : `sleep` and `clock`, for tests

    Raises
    ------
    InputError  no answer, or no limits in it
    """
    client = Client(base, limits, say=say, **of_time)
    read = as_json(client.ask("/config"))
    given = [read.get(name) for name in ("maxDataCells", "maxCallsPerTimeWindow", "timeWindow")]
    if not all(isinstance(one, int) and not isinstance(one, bool) and 0 < one < _MOST for one in given):
        expected = f"maxDataCells, maxCallsPerTimeWindow and timeWindow above 0 and below {_MOST:,}"
        hint = "Is --service the base address of a PxWebApi 2, without /tables?"
        raise InputError(Fault("no limits in the service's configuration", base, expected, str(given)[:120], hint))
    cells, calls, window = (int(str(one)) for one in given)
    client.set_pace(calls, window)
    return Service(client, cells, str(read.get("license", "")))


def fetch_table(question: Question, service: Service, cache: Path, *, refresh: bool = False) -> Fetched:
    """Fetch a table, or take it from the cache where SCB has not updated it since.

    Parameters
    ----------
    question : what is wanted
    service : to ask
    cache : root of the cache; parts of an unfinished run there are not asked for again
    refresh : fetch even what the cache has

    Raises
    ------
    InputError  every fault of the question at once; faults of the service; answers that lack what was asked for
    """
    where = f"{question.table} at {service.client.base}"
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,40}", question.table):
        raise InputError(Fault("no number of a table", question.table, "a number such as TAB6574"))
    described = service.client.ask(f"/tables/{question.table}/metadata", {"lang": "sv"})
    as_json(described)
    table = parse_dataset(described.content, where, described=True)
    if not table.updated:
        hint = "Without it nobody could tell an old answer from a new one."
        raise InputError(Fault("the table does not say when it was updated", where, hint=hint))
    selection, area, notes = select_cells(question, table, where)
    parts = split_by_area(selection, area, service.max_cells, where)
    asked = {"service": service.client.base, "table": question.table, "updated": table.updated, "parts": parts}
    key = hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()[:16]
    name = f"tables/{question.table}-{key}"
    kept = None if refresh else find(cache, name)
    if kept is None:
        steps = _steps(service.client, question.table, described, parts, table.updated)
        kept = collect(cache, name, steps, {key: asked[key] for key in ("service", "table", "updated")})
    files = [f"part-{number:03d}.json" for number in range(len(parts))]
    plain = join_parts([read_jsonstat(kept.read(file), file) for file in files])
    raw = RawTable(where, plain.frame, "", described=plain.described)
    code = question.areas if question.areas in ("regso", "deso") else "area"
    wide = to_areas(raw, code, area=area)
    frame = _without_suffix(wide.frame, code, question.areas)
    notes += [*wide.notes, Note("fetched_anew") if kept.fresh else Note("taken_from_cache")]
    return Fetched(frame, _origin(question, table, service, selection, area, kept), tuple(notes))


def write_fetched(fetched: Fetched, out: Path) -> Path:
    """Write a fetched table in any format of tables, and its sources beside it as FILE.source.json.

    Raises
    ------
    InputError  a file stands there already, or the name ends with no ending of a table
    """
    refuse_out(out)
    with tempfile.TemporaryDirectory() as folder:  # the sources name the hash of the table: they are written first
        part = Path(folder) / f"table{out.suffix}"
        write_figures(fetched.frame, part)
        content = part.read_bytes()
    said = describe_origin(fetched.origin, hashlib.sha256(content).hexdigest())
    write_whole(origin_file(out), said)
    try:
        write_whole(out, content)
    except BaseException:
        origin_file(out).unlink(missing_ok=True)
        raise
    return out


def refuse_out(out: Path) -> None:
    """Refuse a place to write to, before anything is fetched.

    Raises
    ------
    InputError  a file stands there already, or the name ends with no ending of a table
    """
    if not out.is_dir():
        find_format(out, formats.TABLES)
    for path in (out, origin_file(out)):
        left = path != out and is_origin(path)  # of a run that was killed before it wrote the table: it says nothing
        if (path.exists() or path.is_symlink()) and not left:
            hint = "Choose another --out, or remove the file yourself."
            raise InputError(Fault("a file stands there already", str(path), hint=hint))


def _steps(
    client: Client, table: str, described: Answer, parts: list[dict[str, list[str]]], updated: str
) -> Iterator[Part]:
    yield Part(_METADATA, lambda: described)
    for number, part in enumerate(parts):

        def ask(part: dict[str, list[str]] = part, number: int = number) -> Answer:
            client.say(f"{table}: part {number + 1} of {len(parts)}")
            body = {"selection": [{"variableCode": key, "valueCodes": codes} for key, codes in part.items()]}
            answer = client.ask(f"/tables/{table}/data", {"lang": "sv", "outputFormat": "json-stat2"}, body=body)
            _check_answer(answer, part, updated)
            return answer

        yield Part(f"part-{number:03d}.json", ask)


def _check_answer(answer: Answer, part: dict[str, list[str]], updated: str) -> None:
    """Refuse an answer that is not of the question."""
    where = answer.address.split("?")[0]
    as_json(answer)
    got = parse_dataset(answer.content, where)
    if got.updated != updated:
        hint = "SCB updated the table meanwhile: run again."
        raise InputError(Fault("the table changed while it was fetched", where, updated, got.updated, hint))
    answered = {one.key: one.codes for one in got.dimensions}
    faults = []
    for key, codes in part.items():
        lost = sorted(set(codes) - set(answered.get(key, ())))
        more = sorted(set(answered.get(key, ())) - set(codes))
        if lost or more:
            said = f"{len(lost)} left out{_some(lost)}, {len(more)} too many{_some(more)}"
            hint = "Run again; if it stays so, the service or something between does not obey the question."
            faults.append(
                Fault("the answer is not what was asked", f"{where}, {key}", f"{len(codes)} codes", said, hint)
            )
    if any(len(codes) > 1 for key, codes in answered.items() if key not in part):
        faults.append(Fault("the answer has variables that were not asked for", where, got=", ".join(answered)))
    if faults:
        raise InputError(faults)


def _some(codes: list[str]) -> str:
    return f" ({', '.join(codes[:3])}{' ...' if len(codes) > 3 else ''})" if codes else ""


def _without_suffix(frame: pd.DataFrame, code: str, areas: Areas) -> pd.DataFrame:
    """Take the suffix of the edition from the codes, and put the areas in their order."""
    frame = frame.assign(**{code: parse_codes(frame[code], areas).codes.astype(object)})
    return frame.sort_values(code, kind="stable", ignore_index=True)


def _origin(
    question: Question, table: Dataset, service: Service, selection: dict[str, list[str]], area: str, kept: Kept
) -> dict[str, Any]:
    contents = table[table.contents] if table.contents else None
    suffixes = sorted({code.partition("_")[2] for code in selection[area]} - {""})
    source = {
        "table": question.table,
        "label": table.label,
        "source": table.source,
        "service": service.client.base,
        "licence": service.licence,
        "updated": table.updated,
        "contents": {code: contents.labels.get(code, "") for code in selection[contents.key]} if contents else {},
        "selection": {key: codes for key, codes in selection.items() if key not in (area, table.contents)},
        "areas": len(selection[area]),
        "suffix": f"_{suffixes[0]}" if suffixes else "",
        "notes": list(table.notes),
        "answers": [{key: one[key] for key in ("sha256", "retrieved")} for one in kept.source["answers"]],
    }
    edition = question.edition or edition_of_year(question.year) if question.areas in ("regso", "deso") else None
    return {"retrieved": kept.source["retrieved"], "year": question.year, "edition": edition, "sources": [source]}
