"""Let the tests here import the naive twins, which lie beside the tests of the kernels."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "kernels"))
