"""A service that lies, drips or never stops: every answer ends in words, within one deadline, and writes nothing."""

from __future__ import annotations

import json
import random
import re
import time
from dataclasses import replace
from functools import partial

import pandas as pd
import pytest
from click.testing import CliRunner

from regso_cluster.cli import main
from regso_cluster.errors import InputError, visible
from regso_cluster.factors.origin import describe_origin, origin_file
from regso_cluster.files.formulas import guard, guard_figures, unguard
from regso_cluster.sources import tables
from regso_cluster.sources.client import Client, Limits
from regso_cluster.sources.selection import Question
from regso_cluster.sources.tables import Fetched, fetch_table, open_service, write_fetched
from tests.sources.conftest import QUICK
from tests.sources.scb_server import Fault

SHORT = replace(QUICK, answer_seconds=0.5, silence_seconds=5.0, attempts=2)


def forever(handler, first, piece, pause=0.01):
    handler.wfile.write(first)
    for _ in range(1000):
        handler.wfile.write(piece)
        handler.wfile.flush()
        time.sleep(pause)


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
ENDLESS = {
    "a status that drips": lambda handler: forever(handler, b"HTTP/1.1 200 ", b"O"),
    "headers that drip": lambda handler: forever(handler, HEAD + b"X-A: ", b"a"),
    "continues": lambda handler: forever(handler, b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "continues that drip": lambda handler: forever(handler, b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 100 ", b"a"),
    "a body that drips": lambda handler: forever(handler, HEAD + b"Content-Length: 100000\r\n\r\n{", b" "),
    "a body without an end": lambda handler: forever(handler, HEAD + b"Connection: close\r\n\r\n{}", b" "),
    "chunks that drip": lambda handler: forever(handler, HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    "trailers": lambda handler: forever(
        handler, HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n", b"X-A: b\r\n"
    ),
    "a refusal that drips": lambda handler: forever(handler, b"HTTP/1.1 404 No\r\nContent-Length: 9999\r\n\r\n", b"a"),
}


@pytest.mark.parametrize("name", ENDLESS)
def test_one_deadline_for_a_whole_answer(name, serve):
    replay = serve(faults=[Fault(ENDLESS[name], "/config")])
    client = Client(replay.address, SHORT)
    started = time.monotonic()
    with pytest.raises(InputError) as refused:
        client.ask("/config")
    assert time.monotonic() - started < 8  # the server goes on for more than ten
    said = str(refused.value)
    assert re.search(r"the answer is too slow \(got .* after 0.5 s", said) or name == "a refusal that drips"
    replay.faults.clear()
    assert client.ask("/config").content  # the next answer is read as ever


@pytest.mark.parametrize(
    ("config", "what"),
    [
        ({"maxCallsPerTimeWindow": 1, "timeWindow": 10**9}, "asks for too long a pause"),
        ({"maxCallsPerTimeWindow": 1, "timeWindow": 10**30}, "no limits in the service's configuration"),
        ({"maxCallsPerTimeWindow": 10**400, "timeWindow": 1}, "no limits in the service's configuration"),
    ],
)
def test_a_pause_of_years_is_not_obeyed(config, what, serve, small, tmp_path):
    replay = serve(tables={"TAB1": small})
    replay.config = replay.config | config
    slept = []
    with pytest.raises(InputError, match=what):
        fetch_table(Question("TAB1", 2024, select={"Kon": ("TotSa",)}),
                    open_service(replay.address, QUICK, sleep=slept.append), tmp_path)  # fmt: skip
    assert sum(slept) < 60


def test_many_short_pauses_come_to_an_end(serve):
    slept = []
    replay = serve(faults=[Fault(lambda handler: handler.send(503, "", {"Retry-After": "100"}), "/config")])
    client = Client(replay.address, replace(QUICK, longest_wait_seconds=120, waiting_seconds=150), sleep=slept.append)
    with pytest.raises(InputError, match=r"too many pauses \(expected at most 150 s in one run"):
        client.ask("/config")
    assert slept == [100]


@pytest.mark.parametrize("value", ["9" * 400, "Mon, 99 Foo 99999999999 99:99:99 GMT", "-1", "\x80", "1e9"])
def test_a_strange_retry_after_is_no_fault_of_the_program(value, serve):
    replay = serve(faults=[Fault(lambda handler: handler.send(429, "", {"Retry-After": value}), "/config")])
    with pytest.raises(InputError, match="too many calls"):
        Client(replay.address, QUICK, sleep=lambda _: None).ask("/config")


def run(*arguments, code=1):
    result = CliRunner().invoke(main, list(map(str, arguments)))
    assert result.exit_code == code, result.output
    return result


@pytest.mark.parametrize("status", [404, 302, 500, 200])
def test_no_control_characters_of_a_server_reach_the_terminal(status, serve, tmp_path, monkeypatch):
    monkeypatch.setattr(tables, "open_service", partial(open_service, limits=QUICK))
    text = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202egnp.exe\r"
    replay = serve(faults=[Fault(
        lambda handler: handler.send(status, json.dumps({"title": text}), {"Location": "https://x/\x1b[2J"}), "/config"
    )])  # fmt: skip
    result = run("fetch", "table", "TAB1", "--year", 2024, "--service", replay.address, "--out", tmp_path / "o.csv")
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", result.output)
    assert not list(tmp_path.iterdir())


def test_every_stream_writes_control_characters_as_text(tmp_path):
    name = tmp_path / "a\x1b[2J\x07\x9b.csv"
    result = run("check", name, "--method", "utanforskap", "--year", 2024)
    assert "\\u0007\\u009b.csv" in result.stderr  # click drops whole sequences itself
    assert json.loads(f'"{visible(str(name))}"') == str(name)  # JSON means the same as before


@pytest.mark.parametrize("service", ["", " ", "http://example.org", "ftp://x", "https://u:p@x"])
def test_an_address_that_is_none_is_not_taken_for_scb(service, tmp_path):
    for command in (("table", "TAB1", "--year", 2024), ("shapes", "--edition", "2025")):
        out = tmp_path / ("o.csv" if command[0] == "table" else "o.gpkg")
        result = run("fetch", *command, "--service", service, "--out", out, "--cache", tmp_path / "cache")
        assert "no address of a service" in result.stderr


def fetched(**columns):
    frame = pd.DataFrame({"regso": ["0114R001", "0114R002"], **columns})
    return Fetched(frame, {"retrieved": "2026-01-01", "sources": []}, ())


def test_a_source_file_without_its_table_does_not_stop_fetch(tmp_path):
    """A run that was killed between the two files leaves it."""
    out = tmp_path / "o.csv"
    origin_file(out).write_bytes(describe_origin({"sources": []}, "0" * 64))
    assert write_fetched(fetched(n=["1", "2"]), out) == out
    (tmp_path / "p.csv.source.json").write_text("somebody's own")
    with pytest.raises(InputError, match="a file stands there already"):
        write_fetched(fetched(n=["1", "2"]), tmp_path / "p.csv")


def test_texts_of_a_service_are_no_formulas_and_figures_stay_as_they_are(tmp_path):
    cells = ["=cmd|'/c calc'!A1", "-1.5"]
    write_fetched(fetched(**{"=1+1": cells, "m": ["-", ".."], "o": ["+5", "-2,5"]}), tmp_path / "o.csv")
    lines = (tmp_path / "o.csv").read_text().splitlines()
    assert lines == ["regso,'=1+1,m,o", "0114R001,'=cmd|'/c calc'!A1,-,+5", '0114R002,-1.5,..,"-2,5"']


@pytest.mark.parametrize(
    "text",
    [
        "=1",
        "+a",
        "-a",
        "@a",
        "\ta",
        "\ra",
        "\n=a",
        "＝a",
        "＠a",
        "﹦a",
        "\u200b=a",
        "\ufeff@a",
        "\x00=a",
        "  =a",
        "'=a",
    ],
)
def test_what_a_spreadsheet_may_run_is_guarded(text):
    assert guard(text) == f"'{text}"
    assert unguard(guard(text)) == text
    assert guard_figures(pd.DataFrame({"a": [text]})).iloc[0, 0] == f"'{text}"


def test_every_text_file_goes_through_the_guard(root):
    """A file that writes CSV names the guard; a workbook is written by `write_string` alone."""
    for path in sorted((root / "src").rglob("*.py")):
        text = re.sub(r"^ *(>>>|\.\.\.) .*$", "", path.read_text("utf-8"), flags=re.MULTILINE)  # examples aside
        writes = re.search(r"\.to_csv\((?!\w+=)|csv\.writer|csv\.DictWriter", text)  # without a file it is a text
        if writes and path.parent.name != "example":
            assert re.search(r"\bguard(_figures)?\(", text), path
        assert ".to_excel(" not in text, path
        assert not re.search(r"sheet\.write\(", text), path


def lie(random_source, answer: bytes) -> bytes:
    """Damage an answer: cut, doubled, bytes changed, a value of another type somewhere in it."""
    how = random_source.randrange(5)
    if how == 0:
        return answer[: random_source.randrange(len(answer))]
    if how == 1:
        at = random_source.randrange(len(answer))
        return answer[:at] + bytes([random_source.randrange(256)]) + answer[at + 1 :]
    read = json.loads(answer)
    strange = [None, -1, 1e308, "\x1b[2J", [], {}, True, 10**30, "=1+1", [[[]]], ["a"] * 3]
    at, key = read, random_source.choice(list(read))
    for _ in range(how - 1):
        if isinstance(at[key], dict) and at[key]:
            at, key = at[key], random_source.choice(list(at[key]))
    at[key] = random_source.choice(strange)
    return json.dumps(read).encode()


@pytest.mark.parametrize("seed", [*range(19), 1021])
def test_lying_answers_are_refused_in_words_or_change_nothing(seed, serve, small, tmp_path):
    replay = serve(tables={"TAB1": small})
    question = Question("TAB1", 2024, select={"Kon": ("TotSa",)})
    true = fetch_table(question, open_service(replay.address, QUICK), tmp_path / "true").frame
    source = random.Random(seed)  # noqa: S311
    replay.change = lambda answer: json.loads(json.dumps(answer))
    original = replay.change

    def change(answer):
        try:
            return json.loads(lie(source, json.dumps(answer).encode()))
        except ValueError:
            return original(answer)

    replay.change = change
    cache, refused = tmp_path / "lied", False
    try:
        got = fetch_table(question, open_service(replay.address, replace(QUICK, attempts=1)), cache).frame
    except InputError:
        refused = True
    # either nothing is kept as a table, or every area that was asked for is there
    assert not (cache / "tables").exists() if refused else got["regso"].tolist() == true["regso"].tolist()


def test_limits_have_a_cap_on_every_wait():
    limits = Limits()
    assert limits.longest_wait_seconds <= 120
    assert limits.waiting_seconds <= 3600
    assert limits.answer_seconds <= 600
