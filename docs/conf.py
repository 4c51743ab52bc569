"""Sphinx configuration."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "provider"))
sys.path.insert(0, str(ROOT / "docs" / "_ext"))

from calcom_provider import __version__  # noqa: E402

project = "airflow-provider-calcom"
author = "The airflow-provider-calcom authors"
copyright = "The airflow-provider-calcom authors"
release = version = __version__

extensions = [
    "autoapi.extension",
    "calcom_pages",
    "sphinx.ext.intersphinx",
    "sphinx_copybutton",
]
# No page of another site is fetched while the docs are built.
intersphinx_mapping: dict[str, tuple[str, str]] = {}

autoapi_dirs = ["../provider/calcom_provider"]
autoapi_root = "_autoapi"
autoapi_add_toctree_entry = True
autoapi_keep_files = False
autoapi_options = ["members", "undoc-members", "show-inheritance", "show-module-summary"]
# Of the sandbox, what starts it; modules that are run and not imported have no page.
autoapi_ignore = [
    "*/sandbox/*/*",
    "*/sandbox/app.py",
    "*/sandbox/gateway.py",
    "*/__main__.py",
]
autoapi_member_order = "bysource"
suppress_warnings = [
    "toc.not_included",
    "autoapi.python_import_resolution",
    "autoapi.not_readable",
    "ref.python",
]

html_theme = "pydata_sphinx_theme"
html_title = project
# All pages at the left; the theme would show only those below the present one, and there are none.
html_sidebars = {"**": ["globaltoc.html"]}
html_static_path = ["_static"]
html_theme_options = {
    "show_toc_level": 2,
    "navigation_with_keys": True,
    "use_edit_page_button": False,
    # All pages are at the left; listed at the top as well they would take three lines.
    "navbar_center": [],
    "navbar_end": ["theme-switcher"],
    "navbar_persistent": ["search-button"],
}
html_show_sourcelink = False
exclude_patterns = ["_build", "_generated", "_autoapi_templates"]
nitpicky = False
