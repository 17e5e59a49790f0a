"""Method files made to hurt are refused at once; those of older Windows programs are read."""

from __future__ import annotations

import time

import pytest

from regso_cluster.errors import InputError
from regso_cluster.method import load_method
from regso_cluster.method.file import parse_method

HOSTILE = {
    "dotted": "a" + ".a" * 50_000 + " = 1",
    "quoted": '"a"' + '."a"' * 50_000 + " = 1",
    "header": "[a" + ".a" * 50_000 + "]",
    "arrays": "a = " + "[" * 2_000 + "]" * 2_000,
    "inline": "a = " + "{a=" * 2_000 + "1" + "}" * 2_000,
    "keys": "\n".join(f"k{at} = 1" for at in range(300_000)),
    "digits": "a = " + "9" * 5_000,
    "hexadecimal": "a = 0x" + "f" * 5_000,
    "unclosed": 'a = "' + "x" * 100_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_it_is_refused_in_seconds(name):
    begin = time.process_time()
    with pytest.raises(InputError):
        parse_method(HOSTILE[name], "m.toml")
    assert time.process_time() - begin < 5


def test_a_method_in_windows_1252_is_read(tmp_path, root):
    text = (root / "src" / "regso_cluster" / "methods" / "utanforskap.toml").read_text("utf-8")
    (tmp_path / "m.toml").write_bytes(text.encode("cp1252", "replace"))
    assert load_method(tmp_path / "m.toml").keys == load_method("utanforskap").keys


def test_a_large_file_is_refused_before_it_is_read(tmp_path):
    with (tmp_path / "m.toml").open("wb") as file:
        file.truncate(20 * 2**20)
    with pytest.raises(InputError, match="too large a file"):
        load_method(tmp_path / "m.toml")
