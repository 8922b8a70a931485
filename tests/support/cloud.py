"""The clouds' identity services: a small HTTP server on loopback that checks what it is sent.

Each function below returns what one service answers with, as its cloud's documentation says, or
refuses as it does: a wrong signature, a missing header, a token it did not give.
"""

import base64
import hashlib
import hmac
import json
import re
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import Message
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from tests.support.loopback import Loopback, QuietServer

_ECR_TARGET = "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken"
_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>[^/]+)/(?P<scope>[0-9]{8}/[^/]+/[^/]+/aws4_request), "
    r"SignedHeaders=(?P<signed>[a-z0-9;-]+), Signature=(?P<signature>[0-9a-f]{64})"
)
_ACCOUNT = "/computeMetadata/v1/instance/service-accounts/default"
_TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
_JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_ACR_SCOPE = "https://containerregistry.azure.net/.default"
_PATIENCE_S = 30
_ACR_RESOURCE = "https://containerregistry.azure.net"


@dataclass(frozen=True, slots=True)
class Request:
    """What the server was asked."""

    method: str
    target: str
    """Path and query, as sent."""
    headers: Message
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> Mapping[str, str]:
        return dict(parse_qsl(urlsplit(self.target).query, keep_blank_values=True))

    @property
    def form(self) -> Mapping[str, str]:
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))


@dataclass(frozen=True, slots=True)
class Answer:
    """What it says."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    """One without a value is not sent, as ``Date`` would be."""


Service = Callable[[Request], Answer]


def says(document: Mapping[str, Any], status: int = 200, **headers: str) -> Answer:
    """Return an answer in JSON."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    named.setdefault("Content-Type", "application/json")
    return Answer(status, json.dumps(document).encode(), named)


def always(answer: Answer) -> Service:
    """Say the same to everyone."""
    return lambda _: answer


def hanging(until: threading.Event) -> Service:
    """Say nothing until a test is over."""

    def serve(_: Request) -> Answer:
        until.wait(_PATIENCE_S)
        return Answer(500)

    return serve


class Cloud(Loopback):
    """Services at paths of one server; what is at none of them is not found.

    Example:
        with Cloud() as cloud:
            cloud.on("POST", "/ecr/", ecr(keys, "token"))
    """

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self._services: dict[tuple[str, str], Service] = {}
        server = _Server(("127.0.0.1", 0), _Handler)
        server.cloud = self
        super().__init__(server)

    def on(self, method: str, path: str, service: Service) -> None:
        """Put a service at a path, in place of what was there."""
        self._services[method, path] = service

    def asked(self, path: str) -> list[Request]:
        """Return the requests of a path, in their order."""
        return [request for request in self.requests if request.path == path]

    def answer(self, request: Request) -> Answer:
        """Return what is said to a request."""
        self.requests.append(request)
        service = self._services.get((request.method, request.path))
        return service(request) if service else Answer(404)


class _Server(QuietServer):
    cloud: Cloud


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_PUT(self) -> None:
        self._serve()

    def do_CONNECT(self) -> None:
        """Be a proxy that lets nobody through, and knows where they wanted to go."""
        self._serve()

    def log_message(self, *_: object) -> None:
        """Say nothing: `Cloud.requests` has it all."""

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        answer = self.server.cloud.answer(Request(self.command, self.path, self.headers, body))
        self.send_response_only(answer.status)
        # A clock's time that is not this machine's, so that nobody relies on it.
        date = format_datetime(SERVER_TIME, usegmt=True)
        sent = {"Date": date, **answer.headers, "Content-Length": str(len(answer.body))}
        for name, value in sent.items():
            if value:
                self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.body)


SERVER_TIME = datetime(2031, 5, 6, 7, 8, 9, tzinfo=UTC)


@contextmanager
def unreachable() -> Iterator[str]:
    """Yield a ``host:port`` that lets every attempt to connect wait, as a firewall does."""
    with ExitStack() as opened:
        listening = opened.enter_context(closing(socket.socket()))
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        for _ in range(8):  # more than it takes, and nobody accepts them
            waiting = opened.enter_context(closing(socket.socket()))
            waiting.settimeout(0)
            with suppress(BlockingIOError):
                waiting.connect(listening.getsockname())
        yield f"127.0.0.1:{listening.getsockname()[1]}"


def jwt(**claims: object) -> str:
    """Return a JSON Web Token whose signature nobody here looks at."""
    parts = ({"alg": "none"}, claims)
    encoded = (base64.urlsafe_b64encode(json.dumps(part).encode()) for part in parts)
    return ".".join([*(part.decode().rstrip("=") for part in encoded), "c2lnbmF0dXJl"])


@dataclass(frozen=True, slots=True)
class Keys:
    """An AWS identity's keys."""

    key: str
    secret: str
    session: str = ""


def ecr(keys: Keys, token: str, *, region: str, valid_s: float = 12 * 3600) -> Service:
    """Return ECR's GetAuthorizationToken, for who signs with ``keys`` for ``region``."""

    def serve(request: Request) -> Answer:
        if reason := _refused_by_ecr(request, keys, region):
            return says({"__type": f"com.amazon.coral.service#{reason}"}, 400)
        expires_at = (SERVER_TIME + timedelta(seconds=valid_s)).timestamp()
        encoded = base64.b64encode(f"AWS:{token}".encode()).decode()
        data = {"authorizationToken": encoded, "expiresAt": expires_at}
        return says({"authorizationData": [data]}, Content_Type="application/x-amz-json-1.1")

    return serve


def _refused_by_ecr(request: Request, keys: Keys, region: str) -> str:
    sent = _AUTHORIZATION.fullmatch(request.headers.get("Authorization", ""))
    session = request.headers.get("X-Amz-Security-Token", "")
    if sent is None or (sent["key"], session) != (keys.key, keys.session):
        return "UnrecognizedClientException"
    is_for_us = sent["scope"].split("/")[1:] == [region, "ecr", "aws4_request"]
    is_whole = {"host", "x-amz-date", "x-amz-target"} <= set(sent["signed"].split(";"))
    is_right = hmac.compare_digest(sent["signature"], sigv4(request, keys.secret))
    if not (is_for_us and is_whole and is_right):
        return "InvalidSignatureException"
    return "" if request.headers.get("X-Amz-Target") == _ECR_TARGET else "UnknownOperationException"


def sigv4(request: Request, secret: str) -> str:
    """Return the signature a request should have (AWS, "Create a signed AWS API request")."""
    sent = _AUTHORIZATION.fullmatch(request.headers.get("Authorization", ""))
    if sent is None:
        return ""
    query = sorted((quote(n, safe="-_.~"), quote(v, safe="-_.~")) for n, v in request.query.items())
    headers = [
        f"{name}:{' '.join(request.headers.get(name, '').split())}\n"
        for name in sent["signed"].split(";")
    ]
    canonical = "\n".join(
        [
            request.method,
            request.path,
            "&".join(f"{name}={value}" for name, value in query),
            "".join(headers),
            sent["signed"],
            hashlib.sha256(request.body).hexdigest(),
        ]
    )
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    to_sign = "\n".join(
        ["AWS4-HMAC-SHA256", request.headers.get("X-Amz-Date", ""), sent["scope"], digest]
    )
    key = f"AWS4{secret}".encode()
    for part in (*sent["scope"].split("/"), to_sign):
        key = hmac.digest(key, part.encode(), "sha256")
    return key.hex()


def sts(token: str, role: str, keys: Keys) -> Service:
    """Return STS's AssumeRoleWithWebIdentity, for who brings ``token`` for ``role``."""

    def serve(request: Request) -> Answer:
        form = request.form
        if form.get("Action") != "AssumeRoleWithWebIdentity" or form["Version"] != "2011-06-15":
            return sts_refuses("InvalidAction")
        if "Authorization" in request.headers or form.get("WebIdentityToken") != token:
            return sts_refuses("InvalidIdentityToken")
        if form.get("RoleArn") != role or not form.get("RoleSessionName"):
            return sts_refuses("AccessDenied")
        expiration = "2999-01-01T00:00:00Z"
        return Answer(
            200,
            (
                '<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">'
                "<AssumeRoleWithWebIdentityResult><Credentials>"
                f"<AccessKeyId>{keys.key}</AccessKeyId>"
                f"<SecretAccessKey>{keys.secret}</SecretAccessKey>"
                f"<SessionToken>{keys.session}</SessionToken>"
                f"<Expiration>{expiration}</Expiration></Credentials>"
                f"<AssumedRoleUser><Arn>{role}/x</Arn><AssumedRoleId>A:x</AssumedRoleId>"
                "</AssumedRoleUser></AssumeRoleWithWebIdentityResult>"
                "</AssumeRoleWithWebIdentityResponse>"
            ).encode(),
            {"Content-Type": "text/xml"},
        )

    return serve


def sts_refuses(code: str, message: str = "no") -> Answer:
    """Return what STS says to who gets nothing."""
    body = (
        '<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error>'
        f"<Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"
    )
    return Answer(403, body.encode(), {"Content-Type": "text/xml"})


def container_credentials(authorization: str, keys: Keys) -> Service:
    """Return EKS Pod Identity's agent, for who brings the Pod's token."""

    def serve(request: Request) -> Answer:
        if request.headers.get("Authorization") != authorization:
            return says({"message": "no"}, 400)
        return says(_instance_keys(keys))

    return serve


def put_ec2(cloud: Cloud, keys: Keys) -> None:
    """Put EC2's instance metadata service, version 2, at the paths it has."""
    session, root = "imds-session", "/latest/meta-data/iam/security-credentials/"

    def with_session(answer: Answer) -> Service:
        def serve(request: Request) -> Answer:
            known = request.headers.get("X-Aws-Ec2-Metadata-Token") == session
            return answer if known else Answer(401)

        return serve

    cloud.on("PUT", "/latest/api/token", always(Answer(200, session.encode())))
    cloud.on("GET", root, with_session(Answer(200, b"node")))
    cloud.on("GET", f"{root}node", with_session(says(_instance_keys(keys))))


def _instance_keys(keys: Keys) -> Mapping[str, str]:
    return {
        "Code": "Success",
        "Type": "AWS-HMAC",
        "AccessKeyId": keys.key,
        "SecretAccessKey": keys.secret,
        "Token": keys.session,
        "Expiration": "2999-01-01T00:00:00Z",
    }


def put_google(cloud: Cloud, token: str, *, expires_in: int = 3599) -> None:
    """Put Google's metadata server, with a default account, at the paths it has."""
    email = "robot@project.iam.gserviceaccount.com"
    account = says({"email": email, "aliases": ["default"], "scopes": []}, Metadata_Flavor="Google")
    plain = Answer(200, email.encode(), {"Metadata-Flavor": "Google"})
    issued = {"access_token": token, "expires_in": expires_in, "token_type": "Bearer"}
    cloud.on("GET", f"{_ACCOUNT}/email", of_google(always(plain)))
    cloud.on("GET", f"{_ACCOUNT}/", of_google(always(account)))
    cloud.on("GET", f"{_ACCOUNT}/token", of_google(always(says(issued, Metadata_Flavor="Google"))))


def of_google(service: Service) -> Service:
    """Answer only who says that they want Google's metadata server, and no other."""

    def serve(request: Request) -> Answer:
        if request.headers.get("Metadata-Flavor") != "Google":
            return Answer(403, b"", {"Metadata-Flavor": "Google"})
        return service(request)

    return serve


def google_sts(subject: str, audience: str, token: str, *, scope: str) -> Service:
    """Return Google's STS, for who brings the other identity's token (RFC 8693)."""

    def serve(request: Request) -> Answer:
        form = request.form
        expected = {
            "grant_type": _TOKEN_EXCHANGE,
            "audience": audience,
            "subject_token": subject,
            "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
            "scope": scope,
        }
        if any(form.get(name) != value for name, value in expected.items()):
            return says({"error": "invalid_grant", "error_description": f"not {subject}"}, 400)
        kind = "urn:ietf:params:oauth:token-type:access_token"
        issued = {"access_token": token, "expires_in": 1800, "token_type": "Bearer"}
        return says({**issued, "issued_token_type": kind})

    return serve


def google_iam(bearer: str, token: str, *, scope: str) -> Service:
    """Return IAM's generateAccessToken of an account, for who may impersonate it."""

    def serve(request: Request) -> Answer:
        asked = json.loads(request.body)
        if request.headers.get("Authorization") != f"Bearer {bearer}" or asked["scope"] != [scope]:
            return says({"error": {"code": 403, "status": "PERMISSION_DENIED"}}, 403)
        return says({"accessToken": token, "expireTime": "2999-01-01T00:00:00Z"})

    return serve


@dataclass(frozen=True, slots=True)
class ServiceAccountKey:
    """A key of a Google service account."""

    key: rsa.RSAPrivateKey
    email: str = "robot@p.iam.gserviceaccount.com"

    @property
    def pem(self) -> str:
        encoding, shape = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
        return self.key.private_bytes(encoding, shape, serialization.NoEncryption()).decode()

    def document(self, token_uri: str) -> Mapping[str, str]:
        """Return it as Google's console gives it."""
        return {
            "type": "service_account",
            "project_id": "p",
            "private_key_id": "1",
            "private_key": self.pem,
            "client_email": self.email,
            "token_uri": token_uri,
        }


def service_account_key() -> ServiceAccountKey:
    """Make one."""
    return ServiceAccountKey(rsa.generate_private_key(public_exponent=65537, key_size=2048))


def google_oauth(account: ServiceAccountKey, token: str, *, scope: str) -> Service:
    """Return Google's token endpoint, for who signs with the account's key (RFC 7523, 2.1)."""

    def serve(request: Request) -> Answer:
        signed, _, signature = request.form["assertion"].rpartition(".")
        try:
            account.key.public_key().verify(
                _decoded(signature), signed.encode(), padding.PKCS1v15(), hashes.SHA256()
            )
        except InvalidSignature:
            return says({"error": "invalid_grant"}, 400)
        claims = json.loads(_decoded(signed.partition(".")[2]))
        if (claims["iss"], claims["scope"]) != (account.email, scope):
            return says({"error": "invalid_scope"}, 400)
        return says({"access_token": token, "expires_in": 3599, "token_type": "Bearer"})

    return serve


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def entra(client: str, assertion: str, token: str) -> Service:
    """Return Entra's token endpoint, for a client who brings its federated token (RFC 7523)."""

    def serve(request: Request) -> Answer:
        expected = {
            "grant_type": "client_credentials",
            "client_id": client,
            "scope": _ACR_SCOPE,
            "client_assertion_type": _JWT_BEARER,
            "client_assertion": assertion,
        }
        if request.form != expected:
            description = f"AADSTS700213: No matching federated identity record for {assertion}"
            return says({"error": "invalid_client", "error_description": description}, 401)
        return says({"token_type": "Bearer", "expires_in": 86399, "access_token": token})

    return serve


def azure_metadata(token: str, *, client: str = "") -> Service:
    """Return the token endpoint of Azure's metadata service, for a machine with one identity."""

    def serve(request: Request) -> Answer:
        if request.headers.get("Metadata") != "true":
            return azure_refuses("Required metadata header not specified")
        expected = {"api-version": "2018-02-01", "resource": _ACR_RESOURCE}
        if request.query != expected | ({"client_id": client} if client else {}):
            return azure_refuses("Identity not found")
        return says({"access_token": token, "expires_in": "86399", "resource": _ACR_RESOURCE})

    return serve


def azure_refuses(description: str, status: int = 400) -> Answer:
    """Return what Azure's metadata service says to who gets nothing."""
    return says({"error": "invalid_request", "error_description": description}, status)


def app_service(header: str, token: str) -> Service:
    """Return App Service's token endpoint, for who brings the secret of ``IDENTITY_HEADER``."""

    def serve(request: Request) -> Answer:
        expected = {"api-version": "2019-08-01", "resource": _ACR_RESOURCE}
        if request.headers.get("X-IDENTITY-HEADER") != header or request.query != expected:
            return says({"statusCode": 401, "message": header}, 401)
        return says({"access_token": token, "expires_on": "1586984735"})

    return serve


def acr_exchange(service: str, token: str, refresh_token: str, *, tenant: str = "") -> Service:
    """Return an Azure registry's exchange, for who brings Entra's access token."""

    def serve(request: Request) -> Answer:
        expected = {"grant_type": "access_token", "service": service, "access_token": token}
        if request.form != expected | ({"tenant": tenant} if tenant else {}):
            return says({"errors": [{"code": "UNAUTHORIZED", "message": token}]}, 401)
        return says({"refresh_token": refresh_token})

    return serve
