"""How much an answer and a list may be, so that no server can fill memory, disk or a day."""

from __future__ import annotations

from dataclasses import dataclass

from calcom_provider.api.errors import ConfigurationError

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Bounds:
    """Bound what is read of an API.

    :param answer_bytes: bytes of one answer, unpacked; default 256 MiB.
    :param answer_seconds: seconds that one answer may take from its first byte asked to its last; default 300.
    :param row_growth: a list may have so many times the rows of its last complete read; default 4.
    :param row_margin: and so many rows more; default 100,000.
    :param first_rows: rows of a list that was never read before; default 20 million.
    """

    answer_bytes: int = 256 * MIB
    answer_seconds: float = 300.0
    row_growth: float = 4.0
    row_margin: int = 100_000
    first_rows: int = 20_000_000

    def rows(self, stored: int) -> int:
        """Return how many rows a list may have.

        :param stored: rows that are stored of it, 0 for none or unknown.
        """
        return int(self.row_growth * stored) + self.row_margin if stored else self.first_rows

    @classmethod
    def parse(cls, text: str) -> Bounds:
        """Return the bounds that a text names; the others keep their defaults.

        :param text: ``answer_mib=512,row_growth=8``: any of ``answer_mib``, ``answer_seconds``, ``row_growth``,
            ``row_margin`` and ``first_rows``, each above 0.
        :raises ConfigurationError: for another name, and for what is no number above 0.
        """
        given: dict[str, float] = {}
        for part in filter(None, (one.strip() for one in text.split(","))):
            name, _, value = part.partition("=")
            try:
                number = float(value)
            except ValueError:
                number = 0.0
            if name.strip() not in _NAMES or not 0 < number < float("inf"):
                raise ConfigurationError(
                    f"bounds take {', '.join(_NAMES)} with a number above 0, such as answer_mib=512, not {part!r}"
                )
            given[name.strip()] = number
        usual = cls()
        return cls(
            answer_bytes=int(given.get("answer_mib", usual.answer_bytes / MIB) * MIB),
            answer_seconds=given.get("answer_seconds", usual.answer_seconds),
            row_growth=given.get("row_growth", usual.row_growth),
            row_margin=int(given.get("row_margin", usual.row_margin)),
            first_rows=int(given.get("first_rows", usual.first_rows)),
        )


_NAMES = ("answer_mib", "answer_seconds", "row_growth", "row_margin", "first_rows")
