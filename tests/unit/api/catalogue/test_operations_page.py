"""The documentation's table of operations is what the catalogue says now."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from calcom_provider.api.catalogue.operations import catalogue

ROOT = Path(__file__).resolve().parents[4]
PAGE = ROOT / "docs" / "operations-table.rst"


def test_page_is_current(tmp_path: Path) -> None:
    written = tmp_path / "page.rst"
    tool = ROOT / "tools" / "make_operations_page.py"
    subprocess.run([sys.executable, str(tool), str(written)], check=True, capture_output=True, timeout=240)
    assert written.read_text() == PAGE.read_text(), "run: python tools/make_operations_page.py"


def test_page_lists_every_operation_and_the_counts() -> None:
    text = PAGE.read_text()
    listed = re.findall(r"^   \* - ``([a-z0-9_]+\.[a-z_]+)``$", text, re.MULTILINE)
    assert sorted(listed) == sorted(catalogue().by_name)
    assert "272 of 272 operations" in text
    for count in ("33 of 33", "37 of 37", "29 of 29", "141 of 141"):
        assert f"     - {count}\n" in text
