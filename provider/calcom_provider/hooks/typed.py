"""Name the calls that HR and IT automation makes most, with what one has to know about each of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Row = dict[str, Any]


class TypedMethods:
    """Calls on the people of an organisation, for hooks.

    Every method takes further fields of its operation as keywords, under the names of the API. Fields that
    are not given are not sent.
    """

    def call(self, operation: str, /, *, confirm: object = None, **parameters: Any) -> Any:
        """Call one operation; see the hook."""
        raise NotImplementedError

    def rows(self, operation: str, /, **parameters: Any) -> Iterator[Row]:
        """Read a list row by row; see the hook."""
        raise NotImplementedError

    # -- users -------------------------------------------------------------------------------------

    def users(self, *, emails: Sequence[str] | None = None, **filters: Any) -> Iterator[Row]:
        """Read the organisation's users (``org_users.list``).

        The list shows who has a profile in the organisation. A membership without a profile, as
        :meth:`add_membership` makes, is not in it.

        :param emails: only these addresses.
        :param filters: ``teamIds``, ``assignedOptionIds``, ``attributeQueryOperator``. The API fails on
            ``assignedOptionIds`` together with ``emails``.
        """
        return self.rows("org_users.list", **_given(emails=list(emails) if emails else None), **filters)

    def create_user(self, email: str, **fields: Any) -> Row:
        """Create an account with a profile and a membership in the organisation (``org_users.create``).

        Cal.com always mails the person a sign-up link, and creates the account in several steps: after an
        error, look for the address with :meth:`users` before trying again.

        :param email: address of the new account; stored in lower case.
        :param fields: ``organizationRole`` (default MEMBER), ``autoAccept`` (default true), ``timeZone``, ...
        :raises ConflictError: if the organisation has a user with this address.
        """
        return self.call("org_users.create", email=email, **fields)

    def update_user(self, user_id: int, *, locale: str, **fields: Any) -> Row:
        """Change a user's account (``org_users.update``).

        :param user_id: id of the user.
        :param locale: the user's language. It has to be given each time, because the API sets it to ``en``
            otherwise.
        :param fields: what else to change.
        """
        return self.call("org_users.update", userId=user_id, locale=locale, **fields)

    def delete_user(self, user_id: int, *, confirm: object = None) -> Row:
        """Delete a whole Cal.com account with its bookings and schedules (``org_users.delete``).

        To take somebody out of the organisation only, use :meth:`remove_membership`.

        :param user_id: id of the user.
        :param confirm: True, or the operation's short name.
        :raises ConfirmationRequiredError: without it.
        """
        return self.call("org_users.delete", confirm=confirm, userId=user_id)

    # -- memberships -------------------------------------------------------------------------------

    def memberships(self) -> Iterator[Row]:
        """Read the organisation's memberships, each with its attribute values (``org_memberships.list``).

        Of several values of a text, number or single-select attribute the API shows one, at random.
        """
        return self.rows("org_memberships.list")

    def add_membership(
        self, user_id: int, *, role: str, accepted: bool, disable_impersonation: bool = False
    ) -> Row:
        """Add an account to the organisation, or overwrite its membership (``org_memberships.create``).

        The API resets what is left out, so everything is asked for here: without ``accepted`` an existing
        member would become a pending one. No profile is made: the person does not show up in :meth:`users`,
        and out-of-office calls on them are refused.

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

    def update_membership(self, membership_id: int, **fields: Any) -> Row:
        """Change the given fields of a membership and no others (``org_memberships.update``).

        :param membership_id: id of the membership, not of the user.
        :param fields: ``role``, ``accepted``, ``disableImpersonation``.
        """
        return self.call("org_memberships.update", membershipId=membership_id, **fields)

    def remove_membership(self, membership_id: int, *, confirm: object = None) -> Row:
        """Take somebody out of the organisation (``org_memberships.delete``).

        The profile, all team memberships, host entries and attribute assignments go with it; the account
        stays.

        :param membership_id: id of the membership, not of the user.
        :param confirm: True, or the operation's short name.
        :raises ConfirmationRequiredError: without it.
        """
        return self.call("org_memberships.delete", confirm=confirm, membershipId=membership_id)

    # -- attributes --------------------------------------------------------------------------------

    def attributes(self) -> Iterator[Row]:
        """Read the organisation's attributes (``org_attributes.list``)."""
        return self.rows("org_attributes.list")

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

    def update_attribute(self, attribute_id: str, *, confirm: object = None, **fields: Any) -> Row:
        """Change an attribute (``org_attributes.update``).

        A change of type converts neither options nor assignments, and has to be confirmed.

        :param attribute_id: id of the attribute.
        :param confirm: True, or the operation's short name; for a change of ``type``.
        :param fields: ``name``, ``slug``, ``type``, ``enabled``.
        """
        return self.call("org_attributes.update", confirm=confirm, attributeId=attribute_id, **fields)

    def delete_attribute(self, attribute_id: str, *, confirm: object = None) -> Row:
        """Delete an attribute with its options and all assignments (``org_attributes.delete``).

        :param attribute_id: id of the attribute.
        :param confirm: True, or the operation's short name.
        :raises ConfirmationRequiredError: without it.
        """
        return self.call("org_attributes.delete", confirm=confirm, attributeId=attribute_id)

    # -- options -----------------------------------------------------------------------------------

    def options(self, attribute_id: str) -> Iterator[Row]:
        """Read an attribute's options (``org_attribute_options.list``).

        Nothing is unique in it: the API accepts the same value and slug again.

        :param attribute_id: id of the attribute.
        """
        return self.rows("org_attribute_options.list", attributeId=attribute_id)

    def create_option(self, attribute_id: str, value: str, slug: str) -> Row:
        """Add an option to an attribute (``org_attribute_options.create``).

        Look with :meth:`options` first: the API makes a second option of the same name without a word.

        :param attribute_id: id of the attribute; of this organisation, which the API does not check.
        :param value: text that people see.
        :param slug: name in addresses.
        """
        return self.call("org_attribute_options.create", attributeId=attribute_id, value=value, slug=slug)

    def update_option(self, attribute_id: str, option_id: str, **fields: Any) -> Row:
        """Rename an option, for everybody who holds it (``org_attribute_options.update``).

        :param attribute_id: id of the option's attribute.
        :param option_id: id of the option.
        :param fields: ``value``, ``slug``.
        """
        return self.call(
            "org_attribute_options.update", attributeId=attribute_id, optionId=option_id, **fields
        )

    def delete_option(self, attribute_id: str, option_id: str, *, confirm: object = None) -> Row:
        """Delete an option and take it from everybody who holds it (``org_attribute_options.delete``).

        :param attribute_id: id of the option's attribute.
        :param option_id: id of the option.
        :param confirm: True, or the operation's short name.
        :raises ConfirmationRequiredError: without it.
        """
        return self.call(
            "org_attribute_options.delete", confirm=confirm, attributeId=attribute_id, optionId=option_id
        )

    # -- assignments -------------------------------------------------------------------------------

    def assignments(self, attribute_id: str) -> Iterator[Row]:
        """Read an attribute's assigned options, each with the users who hold it (``...list_assigned``).

        :param attribute_id: id of the attribute.
        """
        return self.rows("org_attribute_options.list_assigned", attributeId=attribute_id)

    def user_options(self, user_id: int) -> list[Row]:
        """Return all options that a user holds (``org_attribute_options.list_for_user``).

        :param user_id: id of the user.
        """
        return list(self.rows("org_attribute_options.list_for_user", userId=user_id))

    def assign_option(self, user_id: int, attribute_id: str, option_id: str) -> Row:
        """Give a user an option (``org_attribute_options.assign``).

        The API never replaces: a user who has a value of a single-select attribute then has two. Unassign
        the old one first. It does not check that the option belongs to the attribute either.

        :param user_id: id of a user with an accepted membership.
        :param attribute_id: id of the attribute.
        :param option_id: id of the option.
        :raises ConflictError: if the user holds this option already.
        """
        return self.call(
            "org_attribute_options.assign",
            userId=user_id,
            attributeId=attribute_id,
            attributeOptionId=option_id,
        )

    def unassign_option(self, user_id: int, option_id: str) -> Row:
        """Take an option from a user (``org_attribute_options.unassign``).

        The option of a text or number attribute stays behind, held by nobody; delete it with
        :meth:`delete_option`.

        :param user_id: id of the user.
        :param option_id: id of the option.
        :raises NotFoundError: if the user does not hold it.
        """
        return self.call("org_attribute_options.unassign", userId=user_id, attributeOptionId=option_id)

    # -- out of office -----------------------------------------------------------------------------

    def ooo_entries(self, user_id: int | None = None, **filters: Any) -> Iterator[Row]:
        """Read out-of-office entries, of one user or of everybody with a profile (``org_ooo.list``).

        :param user_id: id of the user, None for all.
        :param filters: ``email``, ``sortStart``, ``sortEnd``.
        """
        if user_id is None:
            return self.rows("org_ooo.list", **filters)
        return self.rows("org_user_ooo.list", userId=user_id, **filters)

    def create_ooo(self, user_id: int, start: str, end: str, **fields: Any) -> Row:
        """Create an out-of-office entry (``org_user_ooo.create``).

        Whole UTC days are stored: the start is cut to 00:00, the end raised to 23:59:59.999. Send calendar
        days as ``2026-03-16T00:00:00Z``; a local midnight in UTC may fall on the day before. Two equal
        requests at the same time make two entries, so look with :meth:`ooo_entries` before a repetition.

        :param user_id: id of a user with a profile.
        :param start: first day, ``YYYY-MM-DDTHH:MM:SSZ``.
        :param end: last day, ``YYYY-MM-DDTHH:MM:SSZ``.
        :param fields: ``reason``, ``notes``, ``toUserId`` (who covers; has to share a team or the
            organisation).
        :raises ConflictError: if the user has an entry with these days.
        """
        return self.call("org_user_ooo.create", userId=user_id, start=start, end=end, **fields)

    def update_ooo(self, user_id: int, ooo_id: int, **fields: Any) -> Row:
        """Change an out-of-office entry (``org_user_ooo.update``).

        ``start`` and ``end`` go together, and only when they change: sent unchanged, the entry conflicts
        with itself.

        :param user_id: id of the user.
        :param ooo_id: id of the entry.
        :param fields: what to change; ``toUserId=None`` ends the cover.
        """
        return self.call("org_user_ooo.update", userId=user_id, oooId=ooo_id, **fields)

    def delete_ooo(self, user_id: int, ooo_id: int) -> Row:
        """Delete an out-of-office entry (``org_user_ooo.delete``).

        :param user_id: id of the user.
        :param ooo_id: id of the entry.
        :raises PermissionDeniedError: also if the entry is gone already; the API does not tell the two apart.
        """
        return self.call("org_user_ooo.delete", userId=user_id, oooId=ooo_id)

    # -- delegation credentials --------------------------------------------------------------------

    def create_delegation_credential(
        self, platform: str, domain: str, service_account_key: Mapping[str, Any]
    ) -> Row:
        """Store a workspace's service account, switched off (``org_delegation_credentials.create``).

        Keep the id of the answer: no operation lists or shows delegation credentials.

        :param platform: ``google`` or ``office365``.
        :param domain: mail domain, without ``@``.
        :param service_account_key: the key as one object; read it from a connection or a secrets backend.
        """
        return self.call(
            "org_delegation_credentials.create",
            workspacePlatformSlug=platform,
            domain=domain,
            serviceAccountKey=dict(service_account_key),
        )

    def update_delegation_credential(
        self, credential_id: str, *, confirm: object = None, **fields: Any
    ) -> Row:
        """Enable, disable or re-key a delegation credential (``org_delegation_credentials.update``).

        A new key switches it off. With ``enabled=True`` in the same call it is checked and switched on
        again; when that check fails, the new key stays stored and the credential stays off.

        :param credential_id: id from the time it was created.
        :param confirm: True, or the operation's short name; for a new key.
        :param fields: ``enabled``, ``serviceAccountKey``.
        """
        return self.call(
            "org_delegation_credentials.update", confirm=confirm, credentialId=credential_id, **fields
        )


def _given(**values: Any) -> Row:
    return {name: value for name, value in values.items() if value is not None}
