"""How many threads the kernels use: a setting of the calling thread, put back afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from numbers import Integral

import numba


@contextmanager
def threads(n_threads: int | None) -> Iterator[None]:
    """Run kernels with `n_threads` threads inside the block.

    Parameters
    ----------
    n_threads : 1 or more; None keeps the present setting. More than numba started with
        (NUMBA_NUM_THREADS, by default the number of cores) means all of those.

    Raises
    ------
    ValueError  `n_threads` below 1, or no whole number
    """
    if n_threads is None:
        yield
        return
    if isinstance(n_threads, bool) or not isinstance(n_threads, Integral) or n_threads < 1:
        raise ValueError(f"n_threads must be an integer >= 1 or None, got {n_threads!r}")
    before = numba.get_num_threads()
    numba.set_num_threads(min(int(n_threads), numba.config.NUMBA_NUM_THREADS))
    try:
        yield
    finally:
        numba.set_num_threads(before)
