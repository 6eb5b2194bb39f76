"""TLS for the contract: certificates from files, on both sides."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import grpc

from ...core.errors import InputError


@dataclass(frozen=True)
class TlsFiles:
    """PEM files; ``certificate`` and ``key`` come together.

    A client needs ``authority`` (who signed the server) unless the system knows it, and the pair
    where the server asks for it. A server needs the pair, and ``authority`` to ask clients for
    certificates signed by it.
    """

    authority: Path | None = None
    certificate: Path | None = None
    key: Path | None = None

    def __post_init__(self) -> None:
        if (self.certificate is None) != (self.key is None):
            raise InputError("a TLS certificate and its key come together; give both files")


def client_credentials(files: TlsFiles) -> grpc.ChannelCredentials:
    """Return what a channel needs; InputError for a file that cannot be read."""
    return grpc.ssl_channel_credentials(
        root_certificates=_read(files.authority),
        private_key=_read(files.key),
        certificate_chain=_read(files.certificate),
    )


def server_credentials(files: TlsFiles) -> grpc.ServerCredentials:
    """Return what a server's port needs; InputError without a certificate and its key."""
    key, certificate = _read(files.key), _read(files.certificate)
    if key is None or certificate is None:
        raise InputError("a TLS server needs a certificate and its key (--tls-cert, --tls-key)")
    authority = _read(files.authority)
    return grpc.ssl_server_credentials(
        [(key, certificate)],
        root_certificates=authority,
        require_client_auth=authority is not None,
    )


def _read(path: Path | None) -> bytes | None:
    if path is None:
        return None
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot read the TLS file {path}: {error.strerror or error}") from error
