"""Let the tests here import the laws, and the naive twins, which lie beside the tests of the kernels."""

import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "kernels")]
