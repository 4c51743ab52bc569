"""Make slugs as the API makes them."""

from __future__ import annotations

import re


def slugify(text: str) -> str:
    """Make the slug of an option, a team, or a field of a form."""
    return re.sub(r"[^\w]+", "-", text.lower()).strip("-")
