"""Remember what change checks saw: how many rows, and a digest of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import sqlalchemy as sa

from calcom_provider.events.store.database import Database
from calcom_provider.events.store.tables import LOOKS
from calcom_provider.resources.changes import Look


class Looks:
    """Keep looks; a :class:`~calcom_provider.resources.changes.LookMemory`.

    :param database: database of the store.
    :param clock: seconds since 1970.
    """

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock

    def looks(self, organization_id: int) -> dict[str, Look]:
        """Return the last looks, by the first resource of their part.

        :param organization_id: at whose lists.
        """
        c = LOOKS.c
        query = sa.select(c.resource, c.list_rows, c.skipped, c.fingerprint).where(
            c.organization_id == organization_id
        )
        rows = self._database.run(lambda connection: connection.execute(query).all())
        return {row[0]: Look(int(row[1]), int(row[2]), row[3]) for row in rows}

    def keep_looks(self, organization_id: int, looks: Mapping[str, Look]) -> None:
        """Remember looks.

        :param organization_id: at whose lists.
        :param looks: by the first resource of their part.
        """
        c, now = LOOKS.c, self._clock()

        def work(connection: sa.Connection) -> None:
            for name, one in looks.items():
                place = sa.and_(c.organization_id == organization_id, c.resource == name)
                values = {
                    "list_rows": one.rows,
                    "skipped": one.skip,
                    "fingerprint": one.fingerprint,
                    "looked_at": now,
                }
                if not connection.execute(sa.update(LOOKS).where(place).values(**values)).rowcount:
                    key = {"organization_id": organization_id, "resource": name}
                    connection.execute(sa.insert(LOOKS).values(**key, **values))

        try:
            self._database.run(work)
        except sa.exc.IntegrityError:
            # Another process looked for the first time at the same moment; its rows are updated now.
            self._database.run(work)
