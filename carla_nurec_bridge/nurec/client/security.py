"""TLS for the contract: certificates from files, on both sides."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path

import grpc

from ...core.errors import InputError

_CERTIFICATE, _KEY = "CERTIFICATE", "PRIVATE KEY"
_MOST_BYTES = 4 << 20
"""Some ten times what a system's list of all authorities has."""


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
    """Return what a channel needs; InputError for a file that cannot be read or is none of PEM."""
    return grpc.ssl_channel_credentials(
        root_certificates=_certificates(files.authority),
        private_key=_read(files.key, _KEY),
        certificate_chain=_certificates(files.certificate),
    )


def server_credentials(files: TlsFiles) -> grpc.ServerCredentials:
    """Return what a server's port needs; InputError without a certificate and its key."""
    key, certificate = _read(files.key, _KEY), _certificates(files.certificate)
    if key is None or certificate is None:
        raise InputError("a TLS server needs a certificate and its key (--tls-cert, --tls-key)")
    authority = _certificates(files.authority)
    return grpc.ssl_server_credentials(
        [(key, certificate)],
        root_certificates=authority,
        require_client_auth=authority is not None,
    )


def _certificates(path: Path | None) -> bytes | None:
    """Return the certificates of a file, which gRPC would take unread and wait in vain with."""
    pem = _read(path, _CERTIFICATE)
    if pem is not None:
        # Lists of authorities name some in words of other alphabets, between the certificates.
        text = pem.decode("ascii", "replace").replace("\ufffd", "?")
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=text)
        except (ssl.SSLError, ValueError) as error:
            raise InputError(f"the TLS file {path} has a broken certificate: {error}") from error
    return pem


def _read(path: Path | None, what: str) -> bytes | None:
    """Return a PEM file that has ``what`` it is for; None without a path."""
    if path is None:
        return None
    try:
        with path.open("rb") as file:
            pem = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise InputError(f"cannot read the TLS file {path}: {error.strerror or error}") from error
    if len(pem) > _MOST_BYTES:
        raise InputError(f"the TLS file {path} has more than {_MOST_BYTES} bytes")
    if what.encode() not in pem:
        raise InputError(
            f"the TLS file {path} has no line '-----BEGIN ...{what}-----', as PEM does"
        )
    return pem
