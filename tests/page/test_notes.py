from __future__ import annotations

from regso_cluster.words.notes import Note


def test_every_note_of_a_release_and_a_comparison_is_swedish_on_the_swedish_page(two_years, compared):
    notes = [*compared.summary["notes"], *(note for one in two_years for note in one.notes)]
    assert len(notes) > 5
    for note in notes:
        assert isinstance(note, Note)
        assert note.code
        assert note.both()["sv"] not in (None, str(note))
