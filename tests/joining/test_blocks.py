"""Text files are written a block of rows at a time, and unknown keys are marked at once: same bytes, linear time."""

from __future__ import annotations

import time

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from regso_cluster.cli import main
from regso_cluster.joining import write_joined
from regso_cluster.joining.match_codes import Keyed, match_keys
from tests.tables import CODES, METHOD, rows, write


@pytest.fixture(scope="module")
def release(tmp_path_factory):
    folder = tmp_path_factory.mktemp("blocks")
    (folder / "m.toml").write_text(METHOD, "utf-8")
    table = write(rows(), folder / "t.csv")
    words = ["classify", table, "--method", folder / "m.toml", "--year", 2024, "--edition", 2025, "--out", folder / "r"]
    said = CliRunner().invoke(main, list(map(str, words)))
    assert said.exit_code == 0, said.output
    return folder / "r"


TEXTS = {
    "comma.csv": "school,regso,note\n" + "".join(f'{at},{code},"=1,{at}"\n' for at, code in enumerate(CODES)),
    "semicolon.csv": "skola;regso;tal\n" + "".join(f"å{at};{code};1,{at}5\n" for at, code in enumerate(CODES)),
    "tab.tsv": "school\tregso\n" + "".join(f"{at}\t{code}\n" for at, code in enumerate((*CODES, "", "x"))),
    "points.csv": "x,y\n" + "674000.5,6580000.25\n" * 5 + "1,2\n",
}


@pytest.mark.parametrize("name", TEXTS)
def test_blocks_of_two_rows_give_the_bytes_of_one(release, tmp_path, monkeypatch, name):
    (tmp_path / name).write_text(TEXTS[name], "utf-8")
    on = "x,y" if name.startswith("points") else "regso"
    for size, out in ((2, "blocks"), (50_000, "whole")):
        monkeypatch.setattr(write_joined, "BLOCK", size)
        words = ["join", tmp_path / name, "--release", release, "--on", on, "--out", tmp_path / f"{out}-{name}",
                 "--max-unmatched", 9]  # fmt: skip
        said = CliRunner().invoke(main, list(map(str, words)))
        assert said.exit_code == 0, said.output
    blocks, whole = ((tmp_path / f"{out}-{name}").read_bytes() for out in ("blocks", "whole"))
    assert blocks == whole
    assert blocks.count(b"\n") == TEXTS[name].count("\n")
    assert blocks.startswith(b"\xef\xbb\xbf") == (name == "semicolon.csv")


def test_three_hundred_thousand_unknown_codes_take_seconds():
    keys = pd.Series([f"q{at}" for at in range(300_000)] + ["9999R001", CODES[0]])
    begin = time.process_time()
    matches = match_keys(keys, "regso", Keyed(pd.Index(CODES), 2025, 2025), "t.csv")
    assert time.process_time() - begin < 10
    assert set(matches.status[:300_000]) == {"unreadable"}
    assert list(matches.status[-2:]) == ["unknown_code", "matched"]
    assert list(matches.code[-2:]) == [None, CODES[0]]
    assert np.all(matches.code[:300_000] == np.array(None))
