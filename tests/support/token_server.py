"""A real token server, and the private authority that its certificates come from.

Tokens are those that a real registry with ``auth: token`` verifies itself (distribution,
docs/content/spec/auth/token.md and jwt.md): JSON Web Tokens, signed with ES256 by a key whose
certificate the authority has issued. So are the certificates that servers speak TLS with.
"""

import base64
import ipaddress
import json
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from tests.support.loopback import Loopback, QuietServer

_VALID = timedelta(days=10)  # either way: also by a clock that jumps
# Python takes no other authority from 3.13 on.
_SIGNS_OTHERS = x509.KeyUsage(
    digital_signature=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=True,
    encipher_only=False,
    decipher_only=False,
)
_ISSUER = "token server of the tests"
_SERVICE = "registry of the tests"


class Authority:
    """A certificate authority that nobody trusts by himself; its files are in ``folder``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _named("private authority of the tests")
        self.file = folder / "ca.pem"
        """Its own certificate."""
        limits = x509.BasicConstraints(ca=True, path_length=0)
        certificate = self._sign(self._name, self._key, limits)
        folder.mkdir(parents=True, exist_ok=True)
        self.file.write_bytes(_pem(certificate))

    def issue(self, name: str) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
        """Return a certificate for 127.0.0.1, and its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        limits = x509.BasicConstraints(ca=False, path_length=None)
        return self._sign(_named(name), key, limits), key

    def server(self, name: str) -> Path:
        """Issue a certificate to a server; return the file that holds it and its key."""
        certificate, key = self.issue(name)
        file = self._folder / f"{name}.pem"
        file.write_bytes(
            _pem(certificate)
            + key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return file

    def _sign(
        self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, limits: x509.BasicConstraints
    ) -> x509.Certificate:
        now = _now()
        public = key.public_key()
        address = x509.IPAddress(ipaddress.IPv4Address("127.0.0.1"))
        signs = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - _VALID)
            .not_valid_after(now + _VALID)
            .add_extension(limits, critical=True)
            .add_extension(x509.SubjectAlternativeName([address]), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .add_extension(signs, critical=False)
        )
        if limits.ca:
            builder = builder.add_extension(_SIGNS_OTHERS, critical=True)
        return builder.sign(self._key, hashes.SHA256())


class Asked(NamedTuple):
    """What somebody wanted a token for."""

    user: str
    """Empty for nobody, or somebody with a wrong password."""
    scope: str


class TokenServer(Loopback):
    """Gives tokens over TLS to the users it knows, and to nobody else.

    Example:
        with TokenServer(authority, {"robot": "s3cret"}) as tokens:
            with RegistryServer(..., token=tokens.for_registry) as registry:

    Args:
        authority: issues the certificates, for TLS and for signing.
        users: user and password.
        may_pull: whether a user may pull from a repository; others get a token without it.
        valid_s: how long a token is good, which it also says as ``expires_in``.
        clock_s: how far this server's clock is ahead: to inject a fault that a right one has not.
    """

    def __init__(
        self,
        authority: Authority,
        users: Mapping[str, str],
        *,
        may_pull: Callable[[str, str], bool] = lambda _, __: True,
        valid_s: int = 300,
        clock_s: int = 0,
    ) -> None:
        self.asked: list[Asked] = []
        self.issued: list[str] = []
        self.clock_s = clock_s
        self._authority = authority
        self._users = users
        self._may_pull = may_pull
        self._valid_s = valid_s
        self._certificate, self._key = authority.issue("signs tokens")
        server = _Server(("127.0.0.1", 0), _Handler)
        server.tokens = self
        super().__init__(server, authority.server(f"tokens-{server.server_port}"))

    @property
    def realm(self) -> str:
        """Where tokens are to be had."""
        return f"{self.url}/token"

    @property
    def for_registry(self) -> Mapping[str, str]:
        """What a registry has to be told: its configuration's ``auth.token``."""
        return {
            "realm": self.realm,
            "service": _SERVICE,
            "issuer": _ISSUER,
            "rootcertbundle": str(self._authority.file),
        }

    def answer(self, path: str, authorization: str) -> tuple[HTTPStatus, Mapping[str, Any]]:
        """Return status and document for a request."""
        url = urlsplit(path)
        query = parse_qs(url.query)
        if url.path != "/token" or query.get("service") != [_SERVICE]:
            return HTTPStatus.BAD_REQUEST, {}
        user = self._user(authorization)
        scopes = query.get("scope", [])
        self.asked.append(Asked(user, " ".join(scopes)))
        if not user:
            return HTTPStatus.UNAUTHORIZED, {}
        token = self._token(user, [self._granted(user, scope) for scope in scopes])
        self.issued.append(token)
        return HTTPStatus.OK, {"token": token, "expires_in": self._valid_s}

    def _user(self, authorization: str) -> str:
        """Return who sends this header (RFC 7617); empty where the password is not theirs."""
        try:
            pair = base64.b64decode(authorization.removeprefix("Basic ")).decode()
        except ValueError:
            return ""
        user, _, password = pair.partition(":")
        return user if self._users.get(user) == password else ""

    def _granted(self, user: str, scope: str) -> Mapping[str, Any]:
        """Return what a scope asks for, without what the user may not (scope.md)."""
        kind, _, rest = scope.partition(":")
        name, _, actions = rest.rpartition(":")
        granted = ["pull"] if "pull" in actions.split(",") and self._may_pull(user, name) else []
        return {"type": kind, "name": name, "actions": granted}

    def _token(self, user: str, access: list[Mapping[str, Any]]) -> str:
        now_s = int(_now().timestamp()) + self.clock_s
        der = self._certificate.public_bytes(serialization.Encoding.DER)
        header = {"typ": "JWT", "alg": "ES256", "x5c": [base64.b64encode(der).decode()]}
        claims = {
            "iss": _ISSUER,
            "sub": user,
            "aud": _SERVICE,
            "exp": now_s + self._valid_s,
            "nbf": now_s,
            "iat": now_s,
            "jti": str(uuid.uuid4()),
            "access": access,
        }
        signed = f"{_base64url(_json(header))}.{_base64url(_json(claims))}"
        r, s = decode_dss_signature(self._key.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
        # RFC 7518, 3.4: the two numbers, each of 32 bytes.
        return f"{signed}.{_base64url(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


class _Server(QuietServer):
    """Threads that end with the tests, and one token server for all of them."""

    tokens: TokenServer


class _Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        authorization = self.headers.get("Authorization", "")
        status, document = self.server.tokens.answer(self.path, authorization)
        body = _json(document)
        self.send_response(status)
        if status == HTTPStatus.UNAUTHORIZED:
            self.send_header("WWW-Authenticate", f'Basic realm="{_ISSUER}"')
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing: `TokenServer.asked` has it all."""


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])


def _now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - certificates and tokens are for now


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _json(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document).encode()


def _base64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
