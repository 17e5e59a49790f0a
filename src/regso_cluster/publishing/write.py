"""Write publishable releases, all or none; beside them what must stay inside: why a figure is hidden, the key."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from regso_cluster._package import __version__
from regso_cluster.classification.classify import Resources
from regso_cluster.errors import Fault, InputError
from regso_cluster.files.atomic import json_text, whole_folder
from regso_cluster.files.parquet import write_parquet
from regso_cluster.publishing.counts import RESIDENTS
from regso_cluster.publishing.release import Plan, Protection, plan, reclassify
from regso_cluster.release.declaration import declare
from regso_cluster.release.model import Release
from regso_cluster.release.write import write_release
from regso_cluster.schema import columns as c
from regso_cluster.words.notes import Note

AUDIT = "-confidential"


def name_audit(out: Path) -> Path:
    """Name the folder of the audit beside that of the releases."""
    return out.with_name(out.name + AUDIT)


def publish(
    releases: Sequence[Release],
    out: str | Path,
    protection: Protection | None = None,
    *,
    earlier: Sequence[Release] = (),
    resources: Resources | None = None,
) -> tuple[list[Release], Plan]:
    """Make publishable releases of internal ones, protected together.

    Parameters
    ----------
    releases : internal ones, one a year, of one method
    out : a new folder: in it a release a year, of the same name as the internal one. Beside it, in `OUT-confidential`,
        the audit: which figures are hidden and why, the key of a perturbation, the hashes of the internal releases
    protection : the rule and the way; None: SCB's rule, figures are left out
    earlier : publishable releases that were made before, whose internal ones are among `releases`: what they show
        protects nothing any more, and what they hide stays hidden
    resources : threads and workers for classifying

    Returns
    -------
    the publishable releases by rising year, and the plan that they were made by

    Raises
    ------
    InputError  everything that is wrong with the releases at once; `out` or its audit exists
    """
    out = Path(out)
    audit = name_audit(out)
    faults = [Fault("the folder exists", str(path), hint="Choose another --out, or remove the folder yourself.")
              for path in (out, audit) if path.exists() or path.is_symlink()]  # fmt: skip
    names = [one.name for one in releases]
    faults += [Fault("two releases of one name", name, hint="Rename the folder of one of them.")
               for name in sorted({name for name in names if names.count(name) > 1})]  # fmt: skip
    if faults:
        raise InputError(faults)
    made = plan(releases, protection or Protection(), earlier)
    ordered = sorted(releases, key=lambda one: one.year)
    written: list[Release] = []
    try:
        with whole_folder(out, "publication") as partial:
            for one in ordered:
                before = _previous_of(one, ordered, written)
                result = reclassify(made, one.year, before, resources)
                said = declare(result.table, protected=_say_protected(made.protection))
                written.append(write_release(result, partial / one.name, previous=before, disclosure=said))
            # the audit is there before any release is: what is published can always be accounted for
            with whole_folder(audit, "audit") as inside:
                _write_audit(made, ordered, written, inside)
    except BaseException:
        if not out.exists():
            shutil.rmtree(audit, ignore_errors=True)
        raise
    return [Release(out / one.name, one.manifest) for one in written], made


def _previous_of(release: Release, internal: Sequence[Release], written: Sequence[Release]) -> Release | None:
    """Find the published form of the release that an internal one was made against, of the same edition."""
    said = release.manifest["previous"]
    for one, public in zip(internal, written, strict=False):
        same = said and said["manifest_sha256"] == one.manifest["manifest_sha256"]
        if same and one.manifest["edition"] == release.manifest["edition"]:
            return public
    return None


def _say_protected(protection: Protection) -> Note:
    return Note("disclosure_protected", denominator=protection.rule.denominator, least=protection.rule.least)


def _write_audit(made: Plan, internal: Sequence[Release], written: Sequence[Release], folder: Path) -> None:
    counts, chosen = made.counts, made.chosen
    cells = pd.DataFrame(
        {
            "year": counts.year, c.AREA: counts.area, c.KOMMUN: counts.kommun,
            c.FACTOR: pd.Series(counts.factor).replace(RESIDENTS, c.POPULATION),
            c.NUMERATOR: counts.numerator, c.DENOMINATOR: counts.denominator,
            "numerator_shown": made.shown.numerator, "denominator_shown": made.shown.denominator,
            "why": chosen.why, "exposed_by_kommun": chosen.exposed,
        }
    )  # fmt: skip
    moved = made.protection.way != "suppress"
    write_parquet(cells if moved else cells[chosen.hidden].reset_index(drop=True), folder / "cells.parquet")
    labels = pd.DataFrame([(one.year, one.area, one.group) for one in made.labels], columns=["year", c.AREA, c.GROUP])
    write_parquet(labels, folder / "labels.parquet")
    key = made.protection.key
    said: dict[str, Any] = {
        "confidential": Note("publication_audit").both(),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "software": __version__,
        "rule": asdict(made.protection.rule),
        "way": made.protection.way,
        "size": made.protection.size,
        "key": key.hex() if key else None,
        "published_elsewhere": sorted(made.protection.published),
        "hidden": {why: int((chosen.why == why).sum()) for why in sorted(set(chosen.why[chosen.hidden]))},
        "releases": [
            {
                "year": one.year,
                "internal": one.manifest["manifest_sha256"],
                "published": public.manifest["manifest_sha256"],
            }
            for one, public in zip(internal, written, strict=True)
        ],
    }  # fmt: skip
    (folder / "audit.json").write_text(json_text(said, indent=2, ensure_ascii=False) + "\n", "utf-8")
