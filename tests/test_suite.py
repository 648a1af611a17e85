"""Rules of the tests themselves."""

import re

from tests.support.paths import ROOT


def test_no_test_imports_another_test():
    """A test that is imported runs twice, or is renamed by someone who does not see who needs it: tests/support is shared."""
    importing = re.compile(r"^\s*(?:from|import) tests\.[\w.]*\b(?:conftest|test_\w+)\b", re.MULTILINE)
    found = {
        str(path.relative_to(ROOT)): match.group().strip()
        for path in (ROOT / "tests").rglob("*.py")
        if (match := importing.search(path.read_text()))
    }
    assert found == {}
