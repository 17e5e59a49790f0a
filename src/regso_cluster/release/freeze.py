"""What a release measured, made the choice of a method."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from regso_cluster.errors import Fault, InputError
from regso_cluster.files.atomic import refuse_inside_a_release, whole_file
from regso_cluster.method import Baseline, Method, Origin, Yardstick, hash_yardstick
from regso_cluster.release.model import Release
from regso_cluster.words.wording import say_drifting


def freeze(release: Release, *, beside: bool = False) -> Method:
    """Make the relative quantities of a release absolute: what it measured becomes a choice of the method.

    Parameters
    ----------
    release : whose limits, scales, cut points, centres and order of clusters are to stay
    beside : keep the method's own limits, and judge every area by the release's limits too (columns `..._absolute`)

    Returns
    -------
    the method, which names the release by its hash. A release that was itself made with frozen limits gives its own
    method again: the limits stay those of the first release.

    Raises
    ------
    InputError  `beside` of a release whose limits are frozen already, or that carries others beside its own

    Examples
    --------
    >>> freeze(read_release(folder / "2024")).frozen.year
    2024
    """
    method = release.method
    measured = method.measured or Yardstick()
    name, sha256 = release.name, release.manifest["manifest_sha256"]
    if not beside:
        origin = Origin(name, release.year, sha256, hash_yardstick(measured))
        return method if method.frozen else replace(method, frozen=origin)
    if method.frozen or method.baseline:
        earlier = method.frozen or (method.baseline and method.baseline.origin)
        hint = "Give the release whose relative limits should become the baseline, or leave out --beside."
        raise InputError(Fault("absolute limits already", str(release.path), got=str(earlier), hint=hint))
    index = {use: scale for use, scale in measured.scales.items() if use == "index"}
    kept = Yardstick(limits=measured.limits, scales=index, bands=measured.bands, choices_sha256=measured.choices_sha256)
    origin = Origin(name, release.year, sha256, hash_yardstick(kept))
    return replace(method, measured=None, baseline=Baseline(origin, kept))


def write_method(method: Method, out: str | Path) -> Path:
    """Write a method file, whole or not at all.

    Parameters
    ----------
    method : to write, with every default filled in
    out : the file to make

    Returns
    -------
    the file

    Raises
    ------
    InputError  `out` exists, or lies in a release

    Examples
    --------
    >>> path = write_method(freeze(read_release(folder / "2024")), folder / "limits-of-2024.toml")
    >>> load_method(path).frozen.year
    2024
    """
    out = Path(out)
    if out.exists() or out.is_symlink():
        raise InputError(Fault("the method file exists", str(out), hint="Choose another --out, or remove the file."))
    refuse_inside_a_release(out)
    with whole_file(out) as partial:
        note = say_drifting(method)
        comment = f"# {note}\n" if note else ""
        partial.write_text(comment + method.to_toml(), "utf-8", newline="\n")
    return out
