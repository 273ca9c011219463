"""Certificates for relays: of an authority that the client trusts, and such as it must not accept."""

import ssl
from datetime import UTC, datetime
from pathlib import Path

import trustme

HOST = "127.0.0.1"


class Authority:
    """A certificate authority; `file` is what a client trusts."""

    def __init__(self, folder: Path) -> None:
        self._authority = trustme.CA()
        self.file = folder / "authority.pem"
        self._authority.cert_pem.write_to_path(self.file)

    def good(self) -> ssl.SSLContext:
        """Return what a relay encrypts with whose certificate is good."""
        return _context(self._authority.issue_cert(HOST))

    def for_another_host(self) -> ssl.SSLContext:
        """Return the same with a certificate for another name."""
        return _context(self._authority.issue_cert("relay.example"))

    def expired(self) -> ssl.SSLContext:
        """Return the same with a certificate that ran out."""
        began, ended = datetime(2019, 1, 1, tzinfo=UTC), datetime(2020, 1, 1, tzinfo=UTC)
        return _context(self._authority.issue_cert(HOST, not_before=began, not_after=ended))

    def self_signed(self) -> ssl.SSLContext:
        """Return the same with a certificate that nobody vouches for."""
        return _context(trustme.CA().issue_cert(HOST))


def _context(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context
