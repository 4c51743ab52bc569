"""Read the URL of a lakehouse: the format, where its files are, and the options that may be said openly."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from calcom_provider.warehouse.backends.lakehouse.formats import LakeFormat, LakeTarget
from calcom_provider.warehouse.errors import UnsupportedTargetError

NAMESPACE = "calcom"
"""Namespace of an Iceberg catalog where none is named."""

CATALOGS = (
    "iceberg+file:///folder, iceberg+sqlite:////file?warehouse=s3://bucket/path, iceberg+postgresql://host/database,"
    " iceberg+https://catalog, iceberg+glue://?warehouse=s3://bucket/path, iceberg+catalog://name"
)
EXAMPLES = "delta+file:///folder, delta+s3://bucket/path, iceberg+file:///folder or iceberg+https://catalog"


def open_format(target: LakeTarget, schema: str | None) -> LakeFormat:
    """Open the tables that a target names.

    :param target: URL and options.
    :param schema: folder under that of the lakehouse, or namespace of the catalog.
    :raises UnsupportedTargetError: when the URL is none, or a package is missing.
    """
    scheme, _, rest = target.url.partition("+")
    if scheme not in ("delta", "iceberg") or "://" not in rest:
        raise UnsupportedTargetError(f"A lakehouse is named as one of {EXAMPLES}")
    if scheme == "delta":
        return _delta(rest, target, schema)
    return _iceberg(rest, target, schema)


def folder_of(path: str) -> Path:
    """Return the folder of a lakehouse on this machine; a new one lets its owner in and, by the umask, its group.

    :param path: path of a URL.
    """
    folder = Path(unquote(path))
    # The libraries let everybody read the files that they make.
    folder.mkdir(0o770, parents=True, exist_ok=True)
    return folder


def _delta(url: str, target: LakeTarget, schema: str | None) -> LakeFormat:
    try:
        import deltalake  # noqa: F401
    except ImportError:
        raise UnsupportedTargetError(
            "Delta Lake needs its packages: pip install 'airflow-provider-calcom[delta]'"
        ) from None
    from calcom_provider.warehouse.backends.lakehouse.delta import DeltaFormat

    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query)) | {key: str(value) for key, value in target.options.items()}
    root = parts._replace(query="", fragment="").geturl()
    if parts.scheme == "file":
        folder = folder_of(parts.path)
        root = folder.as_uri()
    return DeltaFormat(f"{root.rstrip('/')}/{schema}" if schema else root, options)


def _iceberg(url: str, target: LakeTarget, schema: str | None) -> LakeFormat:
    try:
        import pyiceberg  # noqa: F401
    except ImportError:
        raise UnsupportedTargetError(
            "Iceberg needs its packages: pip install 'airflow-provider-calcom[iceberg]'"
        ) from None
    from calcom_provider.warehouse.backends.lakehouse.iceberg import IcebergFormat

    parts = urlsplit(url)
    # Options that the libraries name with dots stand in the query.
    options: dict[str, Any] = dict(parse_qsl(parts.query))
    # Not put together from its parts, which would lose a slash of an absolute path.
    place = url.partition("?")[0]
    name = "calcom"
    if parts.scheme == "file":
        folder = folder_of(parts.path)
        options = {
            "type": "sql",
            "uri": f"sqlite:///{folder}/catalog.db?timeout=60",
            "warehouse": folder.as_uri(),
        } | options
    elif parts.scheme in ("http", "https"):
        options = {"type": "rest", "uri": place} | options
    elif parts.scheme == "glue":
        options = {"type": "glue"} | options
    elif parts.scheme == "catalog":
        name = parts.netloc
    elif parts.scheme == "sqlite":
        options = {"type": "sql", "uri": f"{place}?timeout=60"} | options
    elif parts.scheme.partition("+")[0] == "postgresql":
        options = {"type": "sql", "uri": place} | options
    else:
        raise UnsupportedTargetError(
            f"An Iceberg lakehouse is named by its catalog, which {parts.scheme}:// is none: one of {CATALOGS}"
        )
    return IcebergFormat(name, schema or NAMESPACE, options | dict(target.options))
