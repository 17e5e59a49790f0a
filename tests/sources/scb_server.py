"""A real HTTP server on this machine that answers as SCB's PxWebApi 2 and WFS do, from recorded answers.

Sub-selections are computed from what was recorded. It counts calls, and can be made to fail.
"""

from __future__ import annotations

import gzip
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import numpy as np


@dataclass
class Table:
    """One table: dimensions with codes and labels, cells as numbers or marks."""

    label: str
    dimensions: dict[str, dict[str, str]]
    cells: np.ndarray  # object, in the shape of the dimensions: a number, or a mark as text
    contents: str = "ContentsCode"
    time: str = "Tid"
    updated: str = "2026-06-08T06:00:00Z"
    note: tuple[str, ...] = ()
    eliminable: tuple[str, ...] = ()
    described: dict | None = None  # recorded metadata, given out as they are

    def metadata(self) -> dict:
        if self.described:
            return self.described | {"updated": self.updated}
        return self._plain(self.dimensions) | {"value": [], "size": [len(one) for one in self.dimensions.values()]}

    def data(self, chosen: dict[str, list[str]]) -> dict:
        take, dimensions = [], {}
        for key, codes in self.dimensions.items():
            wanted = chosen.get(key)
            if wanted is None:
                wanted = [next(code for code in codes if code in ("TotSa", "1+2", "totalt"))]
            asked = set(wanted)
            ordered = [code for code in codes if code in asked]
            if len(ordered) != len(asked):
                raise KeyError(key)
            places = {code: place for place, code in enumerate(codes)}
            take.append([places[code] for code in ordered])
            if key in chosen:
                dimensions[key] = {code: codes[code] for code in ordered}
        cells = self.cells[np.ix_(*take)].ravel()
        status = {str(place): cell for place, cell in enumerate(cells) if isinstance(cell, str)}
        value = [None if isinstance(cell, str) else cell for cell in cells]
        read = self._plain(dimensions) | {"size": [len(one) for one in dimensions.values()], "value": value}
        return read | ({"status": status} if status else {})

    def _plain(self, dimensions: dict[str, dict[str, str]]) -> dict:
        return {
            "version": "2.0", "class": "dataset", "label": self.label, "source": "SCB", "updated": self.updated,
            "note": list(self.note), "role": {"time": [self.time], "metric": [self.contents]}, "id": list(dimensions),
            "dimension": {
                key: {"label": key.lower(),
                      "category": {"index": {code: place for place, code in enumerate(codes)}, "label": codes},
                      "extension": {"elimination": key in self.eliminable}}
                for key, codes in dimensions.items()
            },
        }  # fmt: skip


def from_v1(files: list, contents: dict[str, str], label: str, **more) -> Table:
    """Make a table of recorded PxWeb 1 answers; `contents` renames measures to their codes in PxWebApi 2."""
    read = [json.loads(file.read_bytes()) for file in files]
    stub = [one["code"] for one in read[0]["columns"] if one["type"] != "c"]
    measures = [contents.get(one["code"], one["code"]) for one in read[0]["columns"] if one["type"] == "c"]
    rows = [row for one in read for row in one["data"]]
    dimensions = {key: {row["key"][at]: row["key"][at] for row in rows} for at, key in enumerate(stub)}
    texts = {one["code"]: one["text"] for one in read[0]["columns"]}
    names = {contents.get(code, code): text for code, text in texts.items()}
    tid = dimensions.pop("Tid")
    dimensions |= {"ContentsCode": {code: names[code] for code in measures}, "Tid": tid}
    places = {key: {code: place for place, code in enumerate(codes)} for key, codes in dimensions.items()}
    cells = np.full([len(codes) for codes in dimensions.values()], "", dtype=object)
    for row in rows:
        at = dict(zip(stub, row["key"], strict=True))
        for measure, value in zip(measures, row["values"], strict=True):
            full = at | {"ContentsCode": measure}
            number = float(value) if "." in value and value != ".." else value if value == ".." else int(value)
            cells[tuple(places[key][full[key]] for key in dimensions)] = number
    updated = max(one["metadata"][0]["updated"] for one in read)
    return Table(label, dimensions, cells, updated=updated, eliminable=("Kon",), **more)


def from_v2(metadata: bytes, data: bytes) -> Table:
    """Make a table of a recorded PxWebApi 2 answer and its recorded description."""
    read = json.loads(data)
    dimensions = {
        key: dict(sorted(one["category"]["label"].items(), key=lambda pair: one["category"]["index"][pair[0]]))
        for key, one in read["dimension"].items()
    }
    cells = np.array(read["value"], dtype=object).reshape(read["size"])
    return Table(read["label"], dimensions, cells, updated=read["updated"], described=json.loads(metadata))


@dataclass
class Fault:
    """What goes wrong, where, and how many times."""

    do: Callable[[Handler], None]
    where: str = "/data"
    times: int = 1_000
    after: int = 0  # so many calls go well before


@dataclass
class Replay:
    """What the server knows, and what it was asked."""

    tables: dict[str, Table] = field(default_factory=dict)
    layers: dict[str, list[dict]] = field(default_factory=dict)
    config: dict = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    calls: list[tuple[float, str, str]] = field(default_factory=list)
    bodies: list[dict] = field(default_factory=list)
    headers: list[dict] = field(default_factory=list)
    change: Callable[[dict], dict] | None = None  # of an answer, before it is sent
    address: str = ""

    def paths(self) -> list[str]:
        return [f"{verb} {path}" for _, verb, path in self.calls]

    def cells_asked(self) -> list[int]:
        return [int(np.prod([len(one["valueCodes"]) for one in body["selection"]])) for body in self.bodies]


class Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        self._serve("GET", {})

    def do_POST(self) -> None:
        self._serve("POST", json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

    def _serve(self, verb: str, body: dict) -> None:
        replay = self.server.replay
        parts = urlsplit(self.path)
        replay.calls.append((time.monotonic(), verb, self.path))
        replay.headers.append(dict(self.headers))
        if body:
            replay.bodies.append(body)
        for fault in replay.faults:
            if fault.where in parts.path:
                if fault.after:
                    fault.after -= 1
                elif fault.times:
                    fault.times -= 1
                    self.close_connection = True
                    fault.do(self)
                    return
        try:
            answer = self._answer(parts.path, parse_qs(parts.query), body)
        except KeyError as error:
            self.send(
                400, json.dumps({"type": "Parameter error", "title": f"Non-existent value {error}", "status": 400})
            )
            return
        self.send(200, json.dumps(replay.change(answer) if replay.change else answer, ensure_ascii=False))

    def _answer(self, path: str, query: dict[str, list[str]], body: dict) -> dict:
        replay = self.server.replay
        if path.endswith("/config"):
            return replay.config
        if path.endswith("/wfs"):
            return features(replay.layers[query["typeNames"][0].removeprefix("stat:")], query)
        number, kind = path.split("/")[-2:]
        if kind == "metadata":
            return replay.tables[number].metadata()
        if body:
            chosen = {one["variableCode"]: one["valueCodes"] for one in body["selection"]}
        else:  # as the service: of a repeated valueCodes[X] only the last counts
            chosen = {
                key[11:-1]: values[-1].split(",") for key, values in query.items() if key.startswith("valueCodes")
            }
        if np.prod([len(codes) for codes in chosen.values()]) > replay.config["maxDataCells"]:
            raise KeyError("too many cells")
        return replay.tables[number].data(chosen)

    def send(
        self, code: int, text: str | bytes, headers: dict[str, str] | None = None, *, length: int | None = None
    ) -> None:
        content = text.encode() if isinstance(text, str) else text
        packed = "gzip" in self.headers.get("Accept-Encoding", "") and length is None and len(content) < 1_000_000
        if packed:
            content = gzip.compress(content, 1)
        self.send_response(code)
        kind = {"Content-Type": "application/json", "Content-Length": str(len(content) if length is None else length)}
        for name, value in (kind | ({"Content-Encoding": "gzip"} if packed else {}) | (headers or {})).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)


def features(layer: list[dict], query: dict[str, list[str]]) -> dict:
    """Give a page of a layer as GeoServer does."""
    kept = layer
    if "cql_filter" in query:
        lan = query["cql_filter"][0].split("'")[1]
        kept = [one for one in layer if one["properties"]["lanskod"] == lan]
    kept = sorted(kept, key=lambda one: one["properties"][query["sortBy"][0]])
    start = int(query["startIndex"][0])
    page = kept[start : start + int(query["count"][0])]
    return {
        "type": "FeatureCollection", "features": page, "totalFeatures": len(kept), "numberMatched": len(kept),
        "numberReturned": len(page), "timeStamp": "2026-08-05T12:57:47.534Z",
        "crs": {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::3006"}},
    }  # fmt: skip


class Server(ThreadingHTTPServer):
    daemon_threads = True
    replay: Replay

    def handle_error(self, *_: object) -> None:  # a client that goes away is what some tests want
        pass


def start(replay: Replay) -> Server:
    """Serve on a free port of this machine until `stop`."""
    server = Server(("127.0.0.1", 0), Handler)
    server.replay = replay
    replay.address = f"http://127.0.0.1:{server.server_port}/api/v2"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    return server


def stop(server: Server) -> None:
    server.shutdown()
    server.server_close()
