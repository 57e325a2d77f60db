"""The sandbox's own certificate authority: one per process, one cheap leaf per host and sandbox."""

import ssl
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from threading import Lock

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_VALID_FROM = datetime(2000, 1, 1, tzinfo=UTC)
_VALID_UNTIL = datetime(2099, 12, 31, tzinfo=UTC)
"""Wide, because the machine's clock may be set to anything by a test."""


class _Authority:
    """A self-signed authority; its key never leaves this process."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._leaf_key = ec.generate_private_key(ec.SECP256R1())
        name = _name("qbsf sandbox CA")
        key_id = x509.SubjectKeyIdentifier.from_public_key(self._key.public_key())
        self._authority_key_id = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(key_id)
        self.certificate = (
            _unsigned(name, name, self._key.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_key_usage(signs_certificates=True), critical=True)
            .add_extension(key_id, critical=False)
            .sign(self._key, hashes.SHA256())
        )

    def leaf(self, host: str) -> bytes:
        """Certificate and private key for one host name, as PEM."""
        public_key = self._leaf_key.public_key()
        certificate = (
            _unsigned(_name(host[:64]), self.certificate.subject, public_key)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(signs_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
            .add_extension(self._authority_key_id, critical=False)
            .sign(self._key, hashes.SHA256())
        )
        key = self._leaf_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return certificate.public_bytes(Encoding.PEM) + key


@cache
def _authority() -> _Authority:
    return _Authority()


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _unsigned(subject: x509.Name, issuer: x509.Name, public_key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(_VALID_FROM)
        .not_valid_after(_VALID_UNTIL)
    )


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


class ServedSocket(ssl.SSLSocket):
    """Closes itself where its client is gone before TLS begins: CPython 3.11 leaves it open there. What a connection
    carries is read by `recv_into`.
    """

    def recv(self, buflen: int = 1024, flags: int = 0) -> bytes:
        """As a socket does."""
        try:
            return super().recv(buflen, flags)
        except OSError:
            self.close()
            raise


class Certificates:
    """What one sandbox shows to its clients: a bundle to trust, and a TLS context for each host."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = Lock()
        self._contexts: dict[str, ssl.SSLContext] = {}
        self.bundle = folder / "sandbox-ca.pem"
        """The file for REQUESTS_CA_BUNDLE: the sandbox's CA and nothing else."""
        self.bundle.write_bytes(_authority().certificate.public_bytes(Encoding.PEM))

    def context(self, host: str) -> ssl.SSLContext:
        """The server-side TLS context of a host, made once."""
        with self._lock:
            context = self._contexts.get(host)
            if context is None:
                context = self._contexts[host] = self._made(host)
            return context

    def _made(self, host: str) -> ssl.SSLContext:
        pem = self._folder / f"{host}.pem"
        pem.touch(mode=0o600)
        pem.write_bytes(_authority().leaf(host))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem)
        context.sslsocket_class = ServedSocket
        return context
