"""Serve the sandbox with TLS, behind a certificate of an authority that nobody knows."""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from calcom_provider.sandbox import Sandbox


@contextmanager
def served_with_tls(calcom: Sandbox, folder: Path) -> Iterator[int]:
    """Serve the sandbox a second time, behind a certificate of an authority that nobody knows."""
    import uvicorn

    company, authority = make_certificate("Company CA", None)
    server, key = make_certificate("localhost", (company, authority))
    from cryptography.hazmat.primitives import serialization

    (folder / "company-ca.pem").write_bytes(company.public_bytes(serialization.Encoding.PEM))
    (folder / "server.pem").write_bytes(
        server.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    config = uvicorn.Config(
        calcom.gateway, port=0, host="127.0.0.1", ws="none", lifespan="off", log_config=None,
        http=calcom.gateway.protocol, ssl_certfile=str(folder / "server.pem"),
    )  # fmt: skip
    running = uvicorn.Server(config)
    thread = threading.Thread(target=running.run, daemon=True)
    thread.start()
    try:
        while not running.started:
            time.sleep(0.01)
        yield running.servers[0].sockets[0].getsockname()[1]
    finally:
        running.should_exit = running.force_exit = True
        thread.join(10)


def make_certificate(name: str, issuer: tuple[Any, Any] | None) -> tuple[Any, Any]:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer[0].subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
    )
    return made.sign(issuer[1] if issuer else key, hashes.SHA256()), key
