"""Fold, clean and slugify text the way HR exports and Cal.com need it."""

from __future__ import annotations

import re
import unicodedata

_BLANKS = re.compile(r"\s+")
_APOSTROPHES = str.maketrans({"‘": "'", "’": "'", "ʼ": "'", "`": "'"})
_NOT_SLUG = re.compile(r"[^\w.\s]|_", re.UNICODE)


def clean(text: str) -> str:
    """Return the text in NFC, without a byte order mark, its blanks collapsed and its ends trimmed.

    Non-breaking spaces count as blanks: they come out of spreadsheets and look like nothing at all.

    :param text: any text.
    """
    return _BLANKS.sub(" ", unicodedata.normalize("NFC", text).replace("\ufeff", "")).strip()


def fold(text: str) -> str:
    """Return the form two spellings of one value share: cleaned, straight apostrophes, case folded.

    Accents stay: ``Francais`` is not ``Français`` unless somebody says so.

    :param text: any text.
    """
    return unicodedata.normalize("NFC", clean(text).translate(_APOSTROPHES).casefold())


def without_accents(text: str) -> str:
    """Return the folded text with its diacritics removed.

    :param text: any text.
    """
    apart = unicodedata.normalize("NFD", fold(text))
    return "".join(char for char in apart if not unicodedata.combining(char))


def fold_email(address: str) -> str:
    """Return the address as people are matched by it: trimmed and case folded, nothing else.

    No tricks with ``+`` or dots: two addresses that a mail server may deliver to one person are still two.

    :param address: an e-mail address.
    """
    return fold(address).replace(" ", "")


def slugify(text: str) -> str:
    """Return the slug Cal.com itself would make of an option's value.

    Options need a slug when they are created; the web face derives it by this rule.

    :param text: the option's value.
    """
    lowered = unicodedata.normalize("NFD", text.lower().strip())
    plain = "".join(char for char in lowered if not unicodedata.combining(char))
    plain = "".join(
        char for char in plain if unicodedata.category(char) not in {"So", "Sk", "Cs", "Co", "Cn"}
    )
    dashed = re.sub(r"[\s_#]+", "-", _NOT_SLUG.sub("-", plain))
    return re.sub(r"-{2,}", "-", dashed).strip("-.")
