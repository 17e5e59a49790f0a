from __future__ import annotations

import json
import socket
import struct
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from regso_cluster._package import __version__
from regso_cluster.errors import InputError
from regso_cluster.sources.client import Client, Limits, as_json
from regso_cluster.sources.selection import Question
from regso_cluster.sources.tables import fetch_table, open_service
from tests.sources.conftest import QUICK, snapshot
from tests.sources.scb_server import Fault

SELECT = {"Kon": ("TotSa",)}


def silent(handler):
    time.sleep(1)


def status(code, **headers):
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda handler: handler.send(code, json.dumps({"title": "a reason"}), named)


def text(content):
    return lambda handler: handler.send(200, content)


def cut(handler):
    handler.send(200, '{"class": "dat', length=10_000)
    handler.wfile.flush()


def reset(handler):
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()


def endless(handler):
    handler.send(200, b"[", length=10**12)
    while True:
        handler.wfile.write(b" " * 65536)


def dripping(handler):
    handler.send(200, b"[", length=10**6)
    for _ in range(40):
        handler.wfile.write(b" ")
        handler.wfile.flush()
        time.sleep(0.1)


def bomb(handler):
    import zlib

    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    packed = b"".join(packer.compress(b" " * 1_000_000) for _ in range(30)) + packer.flush()
    handler.send(200, packed, {"Content-Encoding": "gzip"}, length=len(packed))


def damaged(change):
    """Answer as the service would, then changed."""

    def do(handler):
        body = handler.server.replay.bodies[-1]
        table = handler.server.replay.tables["TAB1"]
        answer = table.data({one["variableCode"]: one["valueCodes"] for one in body["selection"]})
        handler.send(200, json.dumps(change(answer)))

    return do


def without_an_area(answer):
    category = answer["dimension"]["Region"]["category"]
    category["index"] = dict(list(category["index"].items())[:-1])
    answer["size"][0] -= 1
    each = len(answer["value"]) // (answer["size"][0] + 1)
    return answer | {"value": answer["value"][:-each]}


FAULTS = {
    "timeout": (silent, "does not answer", "Try again later"),
    "429": (status(429), "too many calls", "Try again later"),
    "429 with a wait": (status(429, Retry_After="0"), "too many calls", "Try again later"),
    "429 with a long wait": (status(429, Retry_After="86400"), "asks to wait 86400 s", "Try again later"),
    "403": (status(403), "403 Forbidden: a reason", "proxy or a block"),
    "404": (status(404), "404 Not Found", "number of the table"),
    "400": (status(400), "400 Bad Request", "compare the codes"),
    "500": (status(500), "the service fails", "Try again later"),
    "503": (status(503), "503 Service Unavailable, 3 times", "Try again later"),
    "redirect": (status(302, Location="https://example.org/x"), "302 to https://example.org/x", "new address"),
    "cut": (cut, "connection", "Try again later"),
    "reset": (reset, "connection", "Try again later"),
    "endless": (endless, "an answer without end", "is the address right"),
    "bomb": (bomb, "an answer without end", "is the address right"),
    "dripping": (dripping, "the answer is too slow", "Try again later"),
    "HTML": (text("<!doctype html><title>Underhåll</title>"), "HTML instead of JSON", "page for people"),
    "XML": (text("<?xml version='1.0'?><ows:ExceptionReport/>"), "XML instead of JSON", "page for people"),
    "broken JSON": (text('{"class": "dataset", "value": [1, 2'), "broken JSON", "Try again later"),
    "NaN": (text('{"class": "dataset", "value": [NaN]}'), "NaN is no JSON", "Try again later"),
    "a list": (text("[1, 2]"), "JSON of another form", "Try again later"),
    "deep": (text('{"a":' * 100_000), "broken JSON", "Try again later"),
    "other JSON": (text('{"tables": []}'), "not readable as JSON-stat 2", "json-stat2"),
    "too few cells": (damaged(lambda one: one | {"value": one["value"][:-1]}), "cells for", "json-stat2"),
    "a text as cell": (damaged(lambda one: one | {"value": [True] * len(one["value"])}), "no number", "json-stat2"),
    "a dropped area": (damaged(without_an_area), "1 left out (2523R011_RegSO2025)", "does not obey"),
    "another date": (damaged(lambda one: one | {"updated": "2027-01-01"}), "changed while it was fetched", "run again"),
}


def impatient(name):
    """Small limits where a test waits for them; on a busy machine a good answer may be slow."""
    return replace(QUICK, answer_bytes=3_000_000, **({"silence_seconds": 0.3} if name == "timeout" else {}))


@pytest.mark.parametrize("name", FAULTS)
def test_every_fault_of_an_answer_is_told_and_leaves_the_cache_alone(name, serve, small, tmp_path):
    do, what, hint = FAULTS[name]
    replay = serve(tables={"TAB1": small})
    limits = impatient(name) if name != "dripping" else replace(QUICK, answer_seconds=0.8)
    service = open_service(replay.address, limits)
    fetch_table(Question("TAB1", 2023, select=SELECT), service, tmp_path)
    before = snapshot(tmp_path)
    assert before
    replay.faults.append(Fault(do))
    with pytest.raises(InputError) as refused:
        fetch_table(Question("TAB1", 2024, select=SELECT), service, tmp_path)
    assert what in str(refused.value)
    assert hint in str(refused.value)
    assert replay.address.rsplit("/", 2)[0] in str(refused.value)
    assert snapshot(tmp_path) == before
    assert not list((tmp_path / "unfinished").rglob("part-*"))
    replay.faults.clear()
    assert len(fetch_table(Question("TAB1", 2024, select=SELECT), service, tmp_path).frame) == 4


@pytest.mark.parametrize("name", ["timeout", "429", "500", "403", "HTML", "broken JSON", "redirect", "reset"])
@pytest.mark.parametrize("where", ["/config", "/metadata"])
def test_faults_before_the_data_write_nothing(name, where, serve, small, tmp_path):
    do, what, _ = FAULTS[name]
    replay = serve(tables={"TAB1": small}, faults=[Fault(do, where)])
    with pytest.raises(InputError, match=what):
        fetch_table(Question("TAB1", 2024), open_service(replay.address, impatient(name)), tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["timeout", "429", "500", "cut", "reset"])
def test_a_passing_fault_is_tried_again_and_leaves_no_trace(name, serve, small, tmp_path):
    replay = serve(tables={"TAB1": small})
    service = open_service(replay.address, impatient(name))
    replay.faults.append(Fault(FAULTS[name][0], times=2))
    fetched = fetch_table(Question("TAB1", 2024, select=SELECT), service, tmp_path)
    # 0114R001 of 2025 is the fifth area: 100 * 4 + 10 * 0 + 1
    assert fetched.frame.loc[0, "0000AAAA"] == "401"
    assert sum("/data" in path for path in replay.paths()) == 3


def test_a_lasting_refusal_is_not_tried_again(serve, small, tmp_path):
    replay = serve(tables={"TAB1": small}, faults=[Fault(status(403))])
    with pytest.raises(InputError):
        fetch_table(Question("TAB1", 2024), open_service(replay.address, QUICK), tmp_path)
    assert sum("/data" in path for path in replay.paths()) == 1


def waits(serve, *headers):
    """How long a client pauses before each try, by a clock of the test's own."""
    replay = serve(config={"maxDataCells": 10, "maxCallsPerTimeWindow": 1000, "timeWindow": 1})
    replay.faults += [Fault(status(429, **header), "/config", times=1) for header in headers]
    slept = []
    client = Client(replay.address, Limits(attempts=6, backoff_seconds=2), sleep=slept.append)
    client.ask("/config")
    return slept


def test_pauses_double_and_the_service_is_obeyed(serve):
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    # no header: 2, 2 * 2, then what the service asks for, then 2 * 2^3; an unreadable header counts as none: 2 * 2^4
    slept = waits(serve, {}, {}, {"Retry_After": "7"}, {}, {"Retry_After": "soon"})
    assert slept == [2, 4, 7, 16, 32]
    assert waits(serve, {"Retry_After": soon}) == [pytest.approx(30, abs=3)]


def test_the_limit_of_calls_is_the_services_own(serve):
    """With 3 calls a second (times 1.02), by a clock that only sleeping moves: the 4th and 7th call wait 1.02 s."""
    now = [0.0]
    replay = serve(config={"maxDataCells": 10, "maxCallsPerTimeWindow": 3, "timeWindow": 1})

    def sleep(seconds):
        now[0] += seconds

    service = open_service(replay.address, sleep=sleep, clock=lambda: now[0])
    asked = []
    for _ in range(7):  # the call for the configuration is the first of the eight
        service.client.ask("/config")
        asked.append(round(now[0], 6))
    assert asked == [0, 0, 1.02, 1.02, 1.02, 2.04, 2.04]


@pytest.mark.parametrize("missing", ["maxDataCells", "maxCallsPerTimeWindow", "timeWindow"])
@pytest.mark.parametrize("value", [None, 0, "150000", True])
def test_a_configuration_without_limits_is_refused(serve, missing, value):
    replay = serve()
    replay.config[missing] = value
    with pytest.raises(InputError, match="without /tables"):
        open_service(replay.address, QUICK)


def test_the_client_names_itself_and_sends_no_credentials(serve, tmp_path, monkeypatch):
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login someone password something\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    replay = serve()
    Client(replay.address).ask("/config")
    assert replay.headers[0]["User-Agent"].startswith(f"regso-cluster/{__version__}")
    assert "Authorization" not in replay.headers[0]


@pytest.mark.parametrize(
    "address",
    [
        "http://example.org/api",
        "ftp://example.org",
        "statistik",
        "",
        "https://",
        "https://a:b@example.org",
        "https://:b@example.org",
        "https://x/?q=1",
    ],
)
def test_only_https_or_this_machine(address):
    with pytest.raises(InputError, match="no address of a service") as refused:
        Client(address)
    assert "b@" not in str(refused.value)


def test_nobody_listens():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    with pytest.raises(InputError, match="the connection failed"):
        Client(f"http://127.0.0.1:{port}", QUICK).ask("/config")


def test_an_answer_knows_its_hash_and_date(serve):
    answer = Client(serve().address).ask("/config")
    assert as_json(answer)["maxDataCells"] == 150_000
    assert len(answer.sha256) == 64
    assert datetime.fromisoformat(answer.retrieved).tzinfo is not None
