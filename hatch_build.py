"""Build hook: the libraries of the page travel in the wheel. A machine that cannot fetch them still gets the rest."""

from __future__ import annotations

import runpy
import shutil
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class PageLibraries(BuildHookInterface[Any]):
    """Fetch the libraries where they are not there yet and npm is; a wheel has all of them or none, and says which."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002  (the interface's)
        """Run before the wheel, also the editable one, is put together."""
        script = Path(self.root) / "page-libraries" / "fetch.py"
        if self.target_name != "wheel" or not script.is_file():
            return
        target = Path(self.root) / "src" / "regso_cluster" / "page" / "_libraries"
        fetch = runpy.run_path(str(script))
        if not fetch["complete"](target):
            fetch["main"](["--if-possible"])
        if not fetch["complete"](target):
            shutil.rmtree(target, ignore_errors=True)  # half of them are of no use
            self.app.display_warning("This build is without the command `page`: its libraries could not be fetched.")
