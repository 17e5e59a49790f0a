"""The one decorator of every kernel: compiled by numba, kept on disk where a folder can be written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba


def kernel(**options: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Compile with `numba.njit`, cached on disk; without a writable folder, compiled in each process.

    numba refuses `cache=True` with a RuntimeError where neither the package folder nor the user's
    cache folder can be written (read-only containers); a slower first call is better than no call.
    """

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        try:
            return numba.njit(cache=True, **options)(function)
        except RuntimeError:
            return numba.njit(**options)(function)

    return decorate
