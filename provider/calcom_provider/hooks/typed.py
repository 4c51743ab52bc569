"""Add to the hook the few calls that are more than their operation: what the API would get wrong is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Row = dict[str, Any]


class TypedMethods:
    """Calls on the people of an organisation, for hooks, where a plain ``call`` has a trap.

    Every method takes further fields of its operation as keywords, under the names of the API. Fields that
    are not given are not sent.
    """

    def call(self, operation: str, /, *, confirm: object = None, **parameters: Any) -> Any:
        """Call one operation; see the hook."""
        raise NotImplementedError

    def rows(self, operation: str, /, **parameters: Any) -> Iterator[Row]:
        """Read a list row by row; see the hook."""
        raise NotImplementedError

    def update_user(self, user_id: int, *, locale: str, **fields: Any) -> Row:
        """Change a user's account (``org_users.update``).

        :param user_id: id of the user.
        :param locale: the user's language. It has to be given each time, because the API sets it to ``en``
            otherwise.
        :param fields: what else to change.
        """
        return self.call("org_users.update", userId=user_id, locale=locale, **fields)

    def add_membership(
        self, user_id: int, *, role: str, accepted: bool, disable_impersonation: bool = False
    ) -> Row:
        """Add an account to the organisation, or overwrite its membership (``org_memberships.create``).

        The API resets what is left out, so everything is asked for here: without ``accepted`` an existing
        member would become a pending one. No profile is made: the person does not show up in
        ``org_users.list``, and out-of-office calls on them are refused.

        :param user_id: id of the user.
        :param role: MEMBER, ADMIN or OWNER.
        :param accepted: whether the person is a member at once.
        :param disable_impersonation: whether administrators are kept from acting as this person.
        """
        return self.call(
            "org_memberships.create",
            userId=user_id,
            role=role,
            accepted=accepted,
            disableImpersonation=disable_impersonation,
        )

    def create_attribute(
        self, name: str, slug: str, type: str, *, options: Sequence[Mapping[str, str]] = (), **fields: Any
    ) -> Row:
        """Create an attribute (``org_attributes.create``).

        The options of a select attribute are stored in a second step, so check them after an error. A text
        or number attribute ignores them.

        :param name: name that people see.
        :param slug: name in addresses, unique in the organisation.
        :param type: TEXT, NUMBER, SINGLE_SELECT or MULTI_SELECT.
        :param options: ``{"value": ..., "slug": ...}`` each.
        :param fields: ``enabled``.
        :raises ConflictError: if the slug is taken.
        """
        return self.call(
            "org_attributes.create",
            name=name,
            slug=slug,
            type=type,
            options=[dict(one) for one in options],
            **fields,
        )

    def ooo_entries(self, user_id: int | None = None, **filters: Any) -> Iterator[Row]:
        """Read out-of-office entries, of one user or of everybody with a profile (``org_ooo.list``).

        :param user_id: id of the user, None for all.
        :param filters: ``email``, ``sortStart``, ``sortEnd``.
        """
        if user_id is None:
            return self.rows("org_ooo.list", **filters)
        return self.rows("org_user_ooo.list", userId=user_id, **filters)
