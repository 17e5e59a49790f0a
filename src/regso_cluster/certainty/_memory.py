"""Whether a machine has the memory for the prior of `[certainty]`, before the work begins."""

from __future__ import annotations

import os
from pathlib import Path

from regso_cluster.errors import Fault, InputError
from regso_cluster.method import Method

_BYTES = 11_000  # of an area and factor: 70 to 76 kB an area with seven factors, measured at 33,755 and 100,000 areas
_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")  # of a container


def refuse_beyond_memory(n_areas: int, method: Method) -> None:
    """Refuse a prior of profiles that takes more memory than the machine, or what runs here, may have.

    Raises
    ------
    InputError  with what it would take, and the prior that takes less
    """
    certainty = method.certainty
    if certainty is None or certainty.prior != "profiles" or method.shrinkage:
        return
    if not any(factor.denominator for factor in method.factors):
        return
    wanted, most = _BYTES * n_areas * len(method.factors), memory_here()
    if most is not None and wanted > most:
        hint = (
            'Set prior = "country" in [certainty]: each factor alone, in about a third of the memory. Or take a '
            "part of the areas, or a larger machine."
        )
        got = f"about {wanted / 1e9:.1f} GB for {n_areas:,} areas and {len(method.factors)} factors"
        raise InputError(Fault("too little memory for the prior of profiles", "certainty.prior",
                               f"at most {most / 1e9:.1f} GB", got, hint))  # fmt: skip


def memory_here() -> int | None:
    """Give the bytes that this process may have: of the machine, the container or the limit set; None if unknown."""
    known = [_of_machine(), _of_process(), *(_read(path) for path in _LIMITS)]
    return min((one for one in known if one), default=None)


def _of_machine() -> int | None:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # not on Windows
        return None


def _of_process() -> int | None:
    try:
        import resource  # noqa: PLC0415  not on Windows
    except ImportError:
        return None
    soft, _ = resource.getrlimit(resource.RLIMIT_AS)
    return None if soft == resource.RLIM_INFINITY else soft


def _read(path: str) -> int | None:
    try:
        text = Path(path).read_text("utf-8").strip()
    except (OSError, ValueError):
        return None
    return int(text) if text.isdecimal() else None  # "max": none is set
