"""The earlier name of `regso_cluster.clustering`, kept so that scripts go on running."""

from __future__ import annotations

import warnings
from typing import Any

from regso_cluster import clustering

__all__ = list(dir(clustering))


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    said = f"regso_cluster.grouping is now regso_cluster.clustering: import {name} from there"
    warnings.warn(said, DeprecationWarning, stacklevel=2)
    return getattr(clustering, name)
