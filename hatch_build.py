"""Build hook: the libraries of the page travel in the wheel. A machine that cannot fetch them still gets the rest."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class PageLibraries(BuildHookInterface[Any]):
    """Fetch the libraries where they are not there yet and npm is."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002  (the interface's)
        """Run before the wheel, also the editable one, is put together."""
        script = Path(self.root) / "page-libraries" / "fetch.py"
        target = Path(self.root) / "src" / "regso_cluster" / "delivery" / "page" / "_libraries"
        if self.target_name == "wheel" and script.is_file() and not (target / "libraries.json").is_file():
            runpy.run_path(str(script))["main"](["--if-possible"])
