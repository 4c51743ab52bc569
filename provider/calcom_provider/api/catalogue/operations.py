"""Every operation of the Cal.com API v2 as data: names, paths, parameters, paging, retry class, secrets.

The data lies beside this module in ``operations.json``, which ``make catalogue`` writes from an OpenAPI
document and ``tools/corrections.yaml``. The client and the sandbox both read it; nothing else is shared
between them. Reading the file costs a few milliseconds; an :class:`Operation` is built when it is first
asked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from functools import cache, cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

import orjson

DATA = Path(__file__).with_name("operations.json")

Location = Literal["path", "query", "body"]
Retry = Literal["read", "repeatable", "look_first", "never"]
NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Parameter:
    """Describe one named value of a request.

    ``type`` is ``string``, ``integer``, ``number``, ``boolean``, ``array``, ``object`` or ``any``;
    ``items`` is the type inside an array; ``array_style`` says how the real API takes a list in the query
    (``repeat``, ``comma``, ``brackets`` or ``indexed``), whatever the contract says; ``secret`` values
    never go into a log or an error.
    """

    name: str
    location: Location
    type: str
    required: bool = False
    enum: tuple[Any, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    default: Any = None
    items: str | None = None
    array_style: str | None = None
    format: str | None = None
    nullable: bool = False
    secret: bool = False


@dataclass(frozen=True, slots=True)
class Paging:
    """Describe how a list is read.

    ``kind`` is ``take_skip``, ``limit_offset``, ``cursor`` or ``none`` (all rows in one answer); ``size``
    the page size to use, the largest that is wise; ``maximum`` what the API accepts, None without a limit;
    ``order`` what the rows were seen to be ordered by when nothing is asked for (``number`` ids rise,
    ``uuid``/``cuid`` ids are random, so a new row can land on a page already read; ``time`` has ties;
    ``none`` unknown); ``key`` the fields that identify a row, empty where rows are plain strings.
    """

    kind: Literal["take_skip", "limit_offset", "cursor", "none"]
    size: int = 0
    maximum: int | None = None
    offset_maximum: int | None = None
    order: Literal["number", "uuid", "cuid", "time", "none"] = "none"
    key: tuple[str, ...] = ("id",)
    pagination_block: bool = False

    @property
    def size_name(self) -> str:
        """Name the query parameter that carries the page size."""
        return "take" if self.kind == "take_skip" else "limit"

    @property
    def offset_name(self) -> str:
        """Name the query parameter that carries the place of the page."""
        return {"take_skip": "skip", "limit_offset": "offset"}.get(self.kind, "cursor")


@dataclass(frozen=True, slots=True)
class Rule:
    """Tie parameters together: ``exactly_one``, ``at_least_one``, ``at_most_one`` or all ``together``."""

    kind: Literal["exactly_one", "at_least_one", "at_most_one", "together"]
    names: tuple[str, ...]

    def broken_by(self, given: Mapping[str, Any]) -> bool:
        """Tell whether the given parameters break the rule.

        :param given: the parameters of a call by name; a value of None counts as not given.
        """
        count = sum(given.get(name) is not None for name in self.names)
        match self.kind:
            case "exactly_one":
                return count != 1
            case "at_least_one":
                return count == 0
            case "at_most_one":
                return count > 1
            case _:
                return count not in (0, len(self.names))


@dataclass(frozen=True, slots=True)
class Operation:
    """Describe one operation of the API.

    ``path`` lies below ``/v2``. ``version`` is the ``cal-api-version`` to send, None for no header.
    ``retry`` says what may happen after an unclear end: ``read`` and ``repeatable`` may be sent again,
    ``look_first`` only after a look at what is there, ``never`` not at all. ``secrets`` are dotted paths
    below ``data``; lists on the way are entered. ``resets`` names body fields that fall back to a default
    when they are left out. ``confirm`` says why a confirmation is asked for, always or (``confirm_when``)
    only if one of these parameters is given. ``refused`` maps documented parameters that must not be sent
    to the reason. With ``free_body`` any further name is part of the body. ``throttle`` names a bucket of
    its own with ``throttle_limit`` requests per 60 s. ``envelope`` is False where the answer comes without
    ``status`` and ``data``. ``side_effect`` says what a read changes.
    """

    id: str
    name: str
    method: str
    path: str
    parameters: tuple[Parameter, ...] = ()
    version: str | None = None
    auth: tuple[str, ...] = ()
    paging: Paging | None = None
    retry: Retry = "read"
    deterministic_500: bool = False
    success: int = 200
    secrets: tuple[str, ...] = ()
    resets: tuple[str, ...] = ()
    rules: tuple[Rule, ...] = ()
    confirm: str | None = None
    confirm_when: tuple[str, ...] = ()
    refused: Mapping[str, str] = field(default_factory=lambda: NOTHING)
    free_body: bool = False
    throttle: str | None = None
    throttle_limit: int | None = None
    envelope: bool = True
    side_effect: str | None = None
    origin: Literal["contract", "newer", "undocumented"] = "contract"

    @property
    def group(self) -> str:
        """Name the group, the part of the short name before the dot."""
        return self.name.partition(".")[0]

    @property
    def upsert(self) -> bool:
        """Tell whether the operation overwrites with defaults what its body leaves out."""
        return bool(self.resets)

    @property
    def is_read(self) -> bool:
        """Tell whether the operation only reads."""
        return self.retry == "read"

    @property
    def organization_scoped(self) -> bool:
        """Tell whether the path names an organisation."""
        return self.path.startswith("/organizations/{orgId}")

    def parameter(self, name: str) -> Parameter | None:
        """Find a parameter by its name, None when the operation has none of that name."""
        return next((p for p in self.parameters if p.name == name), None)

    def at(self, location: Location) -> tuple[Parameter, ...]:
        """List the parameters of one location: ``path``, ``query`` or ``body``."""
        return tuple(p for p in self.parameters if p.location == location)

    def asks_confirmation(self, given: Mapping[str, Any]) -> bool:
        """Tell whether a call with these parameters has to be confirmed."""
        if self.confirm is None:
            return False
        return not self.confirm_when or any(given.get(name) is not None for name in self.confirm_when)


class Catalogue(Mapping[str, Operation]):
    """Hold all operations by operationId, each built when it is first asked for.

    :param raw: the decoded operations of ``operations.json`` by operationId.
    """

    def __init__(self, raw: Mapping[str, dict[str, Any]]) -> None:
        self._raw = raw
        self._built: dict[str, Operation] = {}

    def __getitem__(self, operation_id: str) -> Operation:
        if operation_id not in self._built:
            self._built[operation_id] = _build(operation_id, self._raw[operation_id])
        return self._built[operation_id]

    def __iter__(self) -> Iterator[str]:
        return iter(self._raw)

    def __len__(self) -> int:
        return len(self._raw)

    def __contains__(self, key: object) -> bool:
        return key in self._raw

    @cached_property
    def by_name(self) -> Mapping[str, Operation]:
        """Map short names to operations."""
        return _ByName(self)

    @cached_property
    def _ids(self) -> Mapping[str, str]:
        return {entry["name"]: id_ for id_, entry in self._raw.items()}

    @cached_property
    def groups(self) -> Mapping[str, tuple[str, ...]]:
        """Map each group to the short names in it."""
        found: dict[str, list[str]] = {}
        for name in self._ids:
            found.setdefault(name.partition(".")[0], []).append(name)
        return MappingProxyType({group: tuple(names) for group, names in found.items()})

    @cached_property
    def _spellings(self) -> Mapping[str, str]:
        return {spelling: id_ for id_ in self._raw for spelling in (_plain(_undated(id_)), _plain(id_))}

    def resolve(self, name: str) -> Operation:
        """Find an operation by short name, operationId or tool-server spelling.

        :param name: for example ``org_memberships.list``, ``MeController_getMe`` or
            ``cal_platform_me_controller_get_me``.
        :raises UnknownOperationError: when nothing has that name; the message names the nearest.
        """
        if name in self._ids:
            return self[self._ids[name]]
        if name in self._raw:
            return self[name]
        plain = _plain(re.sub(r"^cal_(platform_)?", "", name.strip()))
        for spelling in (
            plain,
            re.sub("^organizationscontroller", "organizationsorganizationscontroller", plain),
        ):
            if spelling in self._spellings:
                return self[self._spellings[spelling]]
        from calcom_provider.api.errors import UnknownOperationError

        raise UnknownOperationError(f"There is no operation {name!r}.{self._nearest(name)}")

    def _nearest(self, name: str) -> str:
        near = get_close_matches(name, self._ids, n=3, cutoff=0.6)
        if not near:
            plain = get_close_matches(_plain(name), self._spellings, n=3, cutoff=0.6)
            near = [self._raw[self._spellings[spelling]]["name"] for spelling in plain]
        return f" The nearest: {', '.join(dict.fromkeys(near))}." if near else ""


class _ByName(Mapping[str, Operation]):
    """Look operations up by short name without building the others."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    def __getitem__(self, name: str) -> Operation:
        return self._catalogue[self._catalogue._ids[name]]

    def __iter__(self) -> Iterator[str]:
        return iter(self._catalogue._ids)

    def __len__(self) -> int:
        return len(self._catalogue)


def _plain(name: str) -> str:
    return name.replace("_", "").lower()


def _undated(operation_id: str) -> str:
    return re.sub(r"_\d{4}_\d\d_\d\d", "", operation_id)


def _build(operation_id: str, raw: dict[str, Any]) -> Operation:
    paging = raw.get("paging")
    values = {key: value for key, value in raw.items() if key not in _BUILT}
    values |= {key: tuple(raw[key]) for key in _TUPLES & raw.keys()}
    return Operation(
        id=operation_id,
        parameters=tuple(_parameter(entry) for entry in raw.get("parameters", ())),
        paging=Paging(**paging | {"key": tuple(paging.get("key", ("id",)))}) if paging else None,
        rules=tuple(Rule(kind, tuple(names)) for kind, names in raw.get("rules", ())),
        refused=MappingProxyType(raw.get("refused", {})),
        **values,
    )


def _parameter(raw: dict[str, Any]) -> Parameter:
    return Parameter(**raw | {"enum": tuple(raw.get("enum", ()))})


_BUILT = {"parameters", "paging", "rules", "refused"}
_TUPLES = {f.name for f in fields(Operation) if str(f.type).startswith("tuple[str")}


@cache
def catalogue() -> Catalogue:
    """Read the catalogue of all operations, once per process."""
    return Catalogue(orjson.loads(DATA.read_bytes())["operations"])


def resolve(name: str) -> Operation:
    """Find an operation by short name, operationId or tool-server spelling.

    :param name: for example ``org_memberships.list``.
    :raises UnknownOperationError: when nothing has that name; the message names the nearest.
    """
    return catalogue().resolve(name)
