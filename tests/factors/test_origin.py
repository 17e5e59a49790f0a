from __future__ import annotations

from regso_cluster.factors.origin import describe_origin, origin_file, read_origin


def test_half_a_character_in_a_source_file_is_damage_not_a_fault_of_the_program(tmp_path):
    table = tmp_path / "t.csv"
    origin = {"retrieved": "2024-01-01", "sources": [{"table": "TAB1"}], "edition": 2025}
    origin_file(table).write_bytes(describe_origin(origin, "00"))
    assert read_origin(table, "00")[1] == ["fetched 2024-01-01 from TAB1"]
    text = origin_file(table).read_text("utf-8")
    origin_file(table).write_text(text.replace("TAB1", "TAB\\ud800"), "utf-8")
    assert read_origin(table, "00") == (None, ["t.csv.source.json is damaged: the sources of the table are not known"])
