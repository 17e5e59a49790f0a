"""Compiled code is kept on disk, and is forgotten when any file of the folder changes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from regso_cluster.kernels import _jit

ASK = """
import sys
sys.path.insert(0, sys.argv[1])
from house.caller import twice
value = twice(3.0)
print(value, sum(twice.stats.cache_hits.values()), sum(twice.stats.cache_misses.values()))
"""
COMMON = "from house._jit import kernel\n\n\n@kernel()\ndef common(x):\n    return x + {}\n"
CALLER = """from house._jit import kernel
from house.common import common


@kernel()
def twice(x):
    return 2.0 * common(x)
"""


def ask(folder: Path) -> list[str]:
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(folder / "cache")}
    command = [sys.executable, "-c", ASK, str(folder)]
    return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout.split()


def test_a_change_in_another_file_of_the_folder_compiles_anew(tmp_path):
    house = tmp_path / "house"
    house.mkdir()
    (house / "__init__.py").touch()
    shutil.copy(_jit.__file__, house / "_jit.py")
    (house / "common.py").write_text(COMMON.format("1.0"))
    (house / "caller.py").write_text(CALLER)
    assert ask(tmp_path) == ["8.0", "0", "1"]  # 2 (3 + 1), compiled
    assert ask(tmp_path) == ["8.0", "1", "0"]  # the same, from the disk
    (house / "common.py").write_text(COMMON.format("5.0"))
    assert ask(tmp_path) == ["16.0", "0", "1"]  # 2 (3 + 5): not the old code
    assert ask(tmp_path) == ["16.0", "1", "0"]
