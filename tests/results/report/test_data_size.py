"""The section of the report about the number of training images."""

from results.report.data_size import data_size
from results.report.drawn import inline
from tests.support.data_sizes import SCRATCH, curves, ends_at, line


def test_the_section_has_the_answers_a_drawing_and_a_table_of_each_target(tmp_path):
    section = data_size(curves(SCRATCH, line("good", ends_at(100)), line("<b>", lambda n: 0.5)))
    assert "a: good helps up to 100 images (78 to 130)." in section.notes
    ends, table = section.all_tables()
    assert list(ends.rows) == [["<b>", *ends.rows[0][1:]], ["good", "100", "78 – 130"]]  # the baseline ends nowhere
    assert len(table.rows) == 3 * 5
    (chart,) = section.all_charts()
    drawn = inline(chart)
    assert "good" in drawn
    assert "<b>" not in drawn
    assert drawn.count("<svg") == 2  # for wide and for narrow windows
