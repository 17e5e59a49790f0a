"""The version, and how the package and its rooms import their public names: when a name is first asked for.

`import regso_cluster` and `--help` are instant that way. A room with such a door has a stub `__init__.pyi` beside its
`__init__.py`: type checkers read it, and so does `attach`, so that each public name is written once.
"""

from __future__ import annotations

import ast
import pkgutil
from collections.abc import Callable
from importlib import import_module
from typing import Any

__version__ = "0.1.0"


def attach(package: str) -> tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]:
    """Read the public names of a package from its stub.

    Parameters
    ----------
    package : `__name__` of the package; its stub has a line `from module import name as name` for each name

    Returns
    -------
    `__getattr__`, `__dir__` and `__all__` of the package
    """
    stub = ast.parse(pkgutil.get_data(package, "__init__.pyi") or b"")
    home = {
        alias.name: str(node.module) for node in stub.body if isinstance(node, ast.ImportFrom) for alias in node.names
    }
    names = sorted(home)

    def find(name: str) -> Any:
        if name not in home:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(home[name]), name)

    return find, lambda: list(names), names
