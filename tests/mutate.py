"""Change the code in the ways of `mutants.toml`, one at a time, and run the tests that should notice: `make mutants`.

Each change is made in a copy of the source tree in a temporary folder, never in the checkout. A mutant that no test
notices, and one whose text is no longer in its file exactly once, make the run fail.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

ROOT = Path(__file__).resolve().parents[1]
KILLED, SURVIVED, LOST, BROKEN = "killed", "SURVIVED", "NO SUCH TEXT", "NO VERDICT"


@dataclass(frozen=True)
class Mutant:
    """One change that a test must notice.

    Parameters
    ----------
    name : for the report
    file : below the root
    before : text that the file holds exactly once
    after : what takes its place
    tests : files or tests, as pytest takes them
    why : what would go wrong for a user
    """

    name: str
    file: str
    before: str
    after: str
    tests: tuple[str, ...]
    why: str

    def applied_to(self, text: str) -> str | None:
        """Give the text with the change; None where it does not hold `before` exactly once, or nothing changes."""
        if text.count(self.before) != 1 or self.before == self.after:
            return None
        return text.replace(self.before, self.after)


def read_mutants(path: Path) -> list[Mutant]:
    """Read the list; a key that is missing or unknown is an error."""
    rows = tomllib.loads(path.read_text("utf-8"))["mutant"]
    return [Mutant(**row | {"tests": tuple(row["tests"])}) for row in rows]


def copy_tree(root: Path, to: Path) -> Path:
    """Copy what the tests need; folders that nobody changes are linked."""
    to.mkdir()
    for folder in ("src", "tests"):
        shutil.copytree(root / folder, to / folder)
    for other in root.iterdir():
        if other.name not in ("src", "tests", ".git", ".venv") and not (to / other.name).exists():
            (to / other.name).symlink_to(other)
    return to


def run_tests(tree: Path, tests: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Run tests against the sources of a copy, the first failure ends the run."""
    # no bytecode: a file changed and restored within a second would be taken for the one that was compiled
    environment = os.environ | {"PYTHONPATH": str(tree / "src"), "PYTHONDONTWRITEBYTECODE": "1"}
    call = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:randomly", "-p", "no:cacheprovider", *tests]
    return subprocess.run(call, cwd=tree, env=environment, capture_output=True, text=True, check=False)


def try_mutant(mutant: Mutant, tree: Path) -> tuple[str, str]:
    """Apply a mutant to a copy, run its tests and restore the copy: the verdict, and what pytest said last."""
    file = tree / mutant.file
    text = file.read_text("utf-8") if file.is_file() else ""
    changed = mutant.applied_to(text)
    if changed is None:
        return LOST, f"{mutant.file} does not hold the text exactly once"
    file.write_text(changed, "utf-8", newline="\n")
    try:
        done = run_tests(tree, mutant.tests)
    finally:
        file.write_text(text, "utf-8", newline="\n")
    last = (done.stdout.strip() or done.stderr.strip()).splitlines()[-1:]
    # 1: a test failed. Anything else than 0 is no verdict: nothing collected, or an error before the first test
    verdict = {0: SURVIVED, 1: KILLED}.get(done.returncode, BROKEN)
    needed = {SURVIVED: "passed", KILLED: "failed"}.get(verdict, "")
    if needed not in "".join(last):
        verdict = BROKEN  # all were skipped, or a fixture broke and no test looked at the change
    return verdict, "".join(last)


def try_all(mutants: Sequence[Mutant], root: Path, jobs: int) -> list[tuple[Mutant, str, str]]:
    """Try mutants in `jobs` copies side by side, in the order of the list."""
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        trees: SimpleQueue[Path] = SimpleQueue()
        for number in range(jobs):
            trees.put(copy_tree(root, Path(folder) / str(number)))

        def one(mutant: Mutant) -> tuple[Mutant, str, str]:
            tree = trees.get()
            try:
                found = (mutant, *try_mutant(mutant, tree))
            finally:
                trees.put(tree)
            print(f"{found[1]:<12}  {mutant.name}: {found[2]}", flush=True)
            return found

        with ThreadPoolExecutor(jobs) as pool:
            return list(pool.map(one, mutants))


def tests_fail_unchanged(mutants: Sequence[Mutant], root: Path) -> str:
    """Run all named tests on an unchanged copy: "" where they pass; a test that fails anyway notices nothing."""
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        tests = sorted({test for mutant in mutants for test in mutant.tests})
        done = run_tests(copy_tree(root, Path(folder) / "unchanged"), tests)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the list; 0 where every mutant is killed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="mutants, or the beginning of their names; default: all")
    parser.add_argument("--list", type=Path, default=ROOT / "tests" / "mutants.toml", help="the list of mutants")
    parser.add_argument("--root", type=Path, default=ROOT, help="the source tree")
    parser.add_argument("--jobs", type=int, default=2, help="mutants tried side by side")
    given = parser.parse_args(arguments)
    names = tuple(given.names)
    mutants = [one for one in read_mutants(given.list) if not names or one.name.startswith(names)]
    if not mutants:
        print("no such mutant")
        return 1
    if failure := tests_fail_unchanged(mutants, given.root):
        print(failure, "\nThe tests fail without any mutant.", sep="")
        return 1
    found = try_all(mutants, given.root, given.jobs)
    alive = [mutant for mutant, verdict, _ in found if verdict != KILLED]
    for mutant in alive:
        print(f"not killed: {mutant.name} ({mutant.file}): {mutant.why}")
    print(f"{len(found)} mutants, {len(found) - len(alive)} killed, {len(alive)} not")
    return 1 if alive else 0


if __name__ == "__main__":
    sys.exit(main())
