"""The lab's certificate for TLS, signed by a small authority of its own that vouches for this machine's loopback only.

Whoever checks a certificate looks at the machine's clock, so it is that and not the lab's by which it ends and is
renewed. The authority outlives it many times: a client that has its bundle need not be told.
"""

from __future__ import annotations

import hashlib
import ssl
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from localaws.home import write_secret

#: The longest that Apple's and browsers' rules allow a certificate ("About upcoming limits on trusted certificates").
VALID = timedelta(days=397)
AUTHORITY_VALID = timedelta(days=10 * 365)
#: Before its end a certificate is renewed, and it begins earlier than now: clocks differ.
MARGIN = timedelta(days=30)


class Certificates:
    """Those of the lab in *directory*: ``bundle`` is what a client trusts, AWS_CA_BUNDLE.

    ``trusted`` is a directory with the same for clients that have only OpenSSL's SSL_CERT_DIR, as Redshift's driver.
    *names* are the hosts that the server answers to besides localhost; "*" stands for one label.
    """

    def __init__(self, directory: Path, names: Sequence[str] = ()) -> None:
        self._folder = directory / "tls"
        self._folder.mkdir(exist_ok=True)
        self._names = ["localhost", *names]
        self.bundle = self._folder / "ca.pem"
        self.trusted = self._folder / "trusted"
        self.trusted.mkdir(exist_ok=True)
        self._authority = self._folder / "authority.pem"
        self._own = self._folder / "server.pem"
        self._context: ssl.SSLContext | None = None
        self._renew = 0.0  # seconds since the epoch
        self._ensure()

    def context(self) -> ssl.SSLContext:
        """What a server's sockets are wrapped with, made when it is first asked for and when the certificate ends."""
        if self._context is None or time.time() > self._renew:
            self._ensure()
            self._context = _context(self._own)
        return self._context

    def _ensure(self) -> None:
        """Make what is missing, cannot be read or ends soon. Each file is whole: a certificate and its key."""
        authority = _read(self._authority, VALID + MARGIN)
        if authority is None:
            authority = _new_authority()
            _write(self._authority, *authority)
        if _text(self.bundle) != _pem(authority[0]):
            self.bundle.write_text(_pem(authority[0]))
        entry = self.trusted / f"{_hash_of(authority[0].subject)}.0"
        if _text(entry) != _pem(authority[0]):
            entry.write_text(_pem(authority[0]))
        own = _read(self._own, MARGIN)
        if own is None or not _is_of(own[0], authority[0], self._names):
            own = _new_certificate(self._names, *authority)
            _write(self._own, *own)
        self._renew = (own[0].not_valid_after_utc - MARGIN).timestamp()


_Signed = tuple[x509.Certificate, EllipticCurvePrivateKey]


def _context(file: Path) -> ssl.SSLContext:
    """TLS 1.2 and later, as AWS's endpoints have it ("TLS 1.2 to become the minimum", AWS security blog)."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION
    context.num_tickets = 0  # SDKs take up no earlier session, and so none has to be kept
    context.load_cert_chain(file)
    return context


def _new_authority() -> _Signed:
    key = generate_private_key(SECP256R1())
    name = _name("localaws: this machine only")
    usage = _usage(key_cert_sign=True, crl_sign=True)
    only_here = x509.NameConstraints([x509.DNSName("localhost"), x509.IPAddress(ip_network("127.0.0.0/8"))], None)
    builder = (
        _builder(name, name, key, AUTHORITY_VALID)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(only_here, critical=True)
    )
    return builder.sign(key, SHA256()), key


def _new_certificate(names: Sequence[str], issuer: x509.Certificate, signer: EllipticCurvePrivateKey) -> _Signed:
    key = generate_private_key(SECP256R1())
    hosts = [*map(x509.DNSName, names), x509.IPAddress(ip_address("127.0.0.1"))]
    builder = (
        _builder(_name("127.0.0.1"), issuer.subject, key, VALID)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(digital_signature=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(hosts), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
    )
    return builder.sign(signer, SHA256()), key


def _builder(
    subject: x509.Name, issuer: x509.Name, key: EllipticCurvePrivateKey, valid: timedelta
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder(issuer, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - MARGIN)
        .not_valid_after(now + valid - MARGIN)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _hash_of(name: x509.Name) -> str:
    """By which OpenSSL finds a certificate in a directory ("openssl-rehash", OpenSSL's manual).

    It is of the name in small letters with single spaces, each part of it encoded for itself.
    """
    canonical = [x509.NameAttribute(part.oid, " ".join(str(part.value).lower().split())) for part in name]
    parts = b"".join(x509.Name([part]).public_bytes()[2:] for part in canonical)  # without the head of a sequence
    return f"{int.from_bytes(hashlib.sha1(parts).digest()[:4], 'little'):08x}"


def _usage(**usage: bool) -> x509.KeyUsage:
    names = "digital_signature content_commitment key_encipherment data_encipherment key_agreement key_cert_sign"
    none = dict.fromkeys([*names.split(), "crl_sign", "encipher_only", "decipher_only"], False)
    return x509.KeyUsage(**{**none, **usage})


def _is_of(certificate: x509.Certificate, authority: x509.Certificate, names: Sequence[str]) -> bool:
    """Whether *authority* has signed *certificate*, for *names*."""
    try:
        certificate.verify_directly_issued_by(authority)
    except Exception:  # of several kinds: by whom, how and with which key it was signed
        return False
    hosts = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return hosts.get_values_for_type(x509.DNSName) == list(names)


def _read(file: Path, left: timedelta) -> _Signed | None:
    """The certificate and the key in *file*; None if they cannot be read, or the certificate ends before *left*."""
    content = _text(file).encode()
    try:
        certificate, key = x509.load_pem_x509_certificate(content), load_pem_private_key(content, None)
    except (ValueError, TypeError):
        return None
    now = datetime.now(UTC)
    valid = certificate.not_valid_before_utc <= now and now + left < certificate.not_valid_after_utc
    return (certificate, key) if valid and isinstance(key, EllipticCurvePrivateKey) else None


def _write(file: Path, certificate: x509.Certificate, key: EllipticCurvePrivateKey) -> None:
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    write_secret(file, _pem(certificate) + secret.decode())


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(Encoding.PEM).decode()


def _text(file: Path) -> str:
    try:
        return file.read_text()
    except (OSError, ValueError):
        return ""
