"""The figures of `make coverage`, by hand."""

from __future__ import annotations

from tests.coverage_by_room import sum_rooms, write_table


def file(statements, run, branches, taken):
    return {
        "summary": {
            "num_statements": statements, "covered_lines": run, "num_branches": branches, "covered_branches": taken,
        }
    }  # fmt: skip


REPORT = {
    "files": {
        "src/regso_cluster/areas/codes.py": file(10, 10, 4, 4),
        "src/regso_cluster/areas/names.py": file(20, 15, 6, 1),
        "src/regso_cluster/cli.py": file(5, 5, 0, 0),
        "src/regso_cluster/statistics/disclosure/rules.py": file(8, 2, 2, 0),
    }
}


def test_rooms_are_summed_and_the_least_covered_comes_first():
    rooms = sum_rooms(REPORT)
    assert [(one.room, one.statements, one.run, one.branches, one.taken) for one in rooms] == [
        ("statistics", 8, 2, 2, 0), ("areas", 30, 25, 10, 5), ("cli", 5, 5, 0, 0),
    ]  # fmt: skip
    assert [one.percent for one in rooms] == [20, 75, 100]


def test_the_last_row_is_of_all():
    # (2 + 25 + 5 + 0 + 5 + 0) / (8 + 30 + 5 + 2 + 10 + 0) = 37 / 55
    assert write_table(sum_rooms(REPORT)).splitlines()[-1].split() == ["all", "43", "32", "12", "5", "67.3"]
