"""Say what a written break changes, and which tests must notice."""

from __future__ import annotations

from dataclasses import dataclass

from tests.mutants.areas import PACKAGE


@dataclass(frozen=True)
class Break:
    """Change one place of one module.

    :param name: what is broken.
    :param module: path below the package.
    :param old: text that stands there exactly once.
    :param new: what is put in its place.
    :param why: what would come of it.
    :param tests: the tests that must notice.
    """

    name: str
    module: str
    old: str
    new: str
    why: str
    tests: tuple[str, ...]

    def code(self) -> str:
        """Return the module as it would be.

        :raises ValueError: when the text does not stand there exactly once.
        """
        sound = (PACKAGE / self.module).read_text()
        if sound.count(self.old) != 1:
            raise ValueError(f"{self.name}: the text stands {sound.count(self.old)} times in {self.module}")
        return sound.replace(self.old, self.new)
