"""The one decorator of every kernel: compiled by numba, kept on disk where a folder can be written.

numba keeps compiled code as long as the file of the function is the same, and does not see a change in another file
(numba issue 6061, pull request 8396): with its own cache a kernel that calls a function of another file would go on
running that function's old code. Here the stamp of every kernel is a hash of the whole folder, so that kernel files
may share functions, and any change in one of them compiles all of them anew.

In a kernel with `parallel=True`, numba drops a store `array[i] = ...` into an array that was unpacked from an argument
(`labels, counts = found`): it does not see that the array outlives the call. Read it as an attribute: `found.labels`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cache
from importlib.resources import files
from typing import Any

import numba
from numba.core.caching import CompileResultCacheImpl, FunctionCache


@cache
def folder_stamp() -> str:
    """Hash the names and the text of all files of the folder of kernels."""
    found = hashlib.sha256()
    for file in sorted(files(__package__).iterdir(), key=lambda one: one.name):
        if file.name.endswith(".py"):
            found.update(f"{file.name}\0".encode() + hashlib.sha256(file.read_bytes()).digest())
    return found.hexdigest()


class _Stamped:
    """A place of compiled code whose stamp holds that of the folder."""

    def get_source_stamp(self) -> Any:
        return super().get_source_stamp(), folder_stamp()  # type: ignore[misc]


class _FolderCacheImpl(CompileResultCacheImpl):  # type: ignore[misc]
    _locator_classes = tuple(
        type(place.__name__, (_Stamped, place), {}) for place in CompileResultCacheImpl._locator_classes
    )


class _FolderCache(FunctionCache):  # type: ignore[misc]
    _impl_class = _FolderCacheImpl


def kernel(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    """Compile with `numba.njit`, cached on disk; without a writable folder, compiled in each process.

    numba refuses a cache with a RuntimeError where neither the package folder nor the user's cache folder can be
    written (read-only containers); a slower first call is better than no call.
    """

    def decorate(function: Callable[..., Any]) -> Any:
        compiled = numba.njit(**options)(function)
        if hasattr(compiled, "_cache"):  # not where NUMBA_DISABLE_JIT leaves the function as it is
            try:
                compiled._cache = _FolderCache(function)
            except RuntimeError:
                return compiled
        return compiled

    return decorate
