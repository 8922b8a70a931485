"""Tokens of ECR: whose registries, which identity, and what is told of one that has none."""

import sys
from dataclasses import replace
from email.message import Message
from pathlib import Path

import pytest

from cmp.errors import InvalidInput, RegistryFailed
from cmp.registry.auth.base import Credential, Issued
from cmp.registry.auth.ecr import issue, serves
from cmp.settings import environment
from tests.registry.auth.conftest import refusal
from tests.support.cli import run
from tests.support.cloud import (
    Answer,
    Cloud,
    Keys,
    Request,
    Service,
    always,
    container_credentials,
    ecr,
    put_ec2,
    says,
    sigv4,
    sts,
    sts_refuses,
)

HOST = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
API = f"https://{HOST}"
REGION = "eu-west-1"
TOKEN = "ecr-Pa55-word"
KEYS = Keys("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
ROLE_KEYS = Keys("ASIAEXAMPLE", "role-s3cret-key", "role-session-t0ken")
ROLE = "arn:aws:iam::123456789012:role/refresher"
POD_TOKEN = "pod.web-identity.t0ken"
ISSUED = Issued(Credential("AWS", TOKEN), 12 * 3600.0)

pytestmark = pytest.mark.usefixtures("no_cloud")


@pytest.fixture
def aws(no_cloud: None, cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    """Stand for ECR and STS."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_ECR", f"{cloud.url}/ecr/")
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", f"{cloud.url}/sts/")
    return cloud


@pytest.fixture
def keys(no_cloud: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEYS.key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", KEYS.secret)


@pytest.fixture
def web_identity(no_cloud: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Set what EKS's webhook sets in the Pods of an annotated service account."""
    file = tmp_path / "token"
    file.write_text(POD_TOKEN)
    monkeypatch.setenv("AWS_ROLE_ARN", ROLE)
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(file))
    return file


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        pytest.param(HOST, True, id="plain"),
        pytest.param("123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com", True, id="fips"),
        pytest.param("123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn", True, id="china"),
        pytest.param("123456789012.dkr.ecr.ap-southeast-1.amazonaws.com", True, id="long-region"),
        pytest.param("123456789012.dkr-ecr.us-west-2.on.aws", True, id="dual-stack"),
        pytest.param("123456789012.dkr-ecr-fips.us-west-2.on.aws", True, id="dual-stack-fips"),
        pytest.param(f"{HOST}.evil.test", False, id="longer"),
        pytest.param(f"{HOST}.", False, id="dot"),
        pytest.param(f"{HOST}:443", False, id="port"),
        pytest.param(f"{HOST}\n", False, id="newline"),
        pytest.param(f"evil.test/{HOST}", False, id="path"),
        pytest.param(f"evil.{HOST}", False, id="subdomain"),
        pytest.param(f"https://{HOST}", False, id="url"),
        pytest.param(HOST.upper(), False, id="upper-case"),
        pytest.param(HOST.replace("1234", "\u0661234"), False, id="another-scripts-digits"),
        pytest.param(HOST.replace("1234", "123"), False, id="11-digits"),
        pytest.param(HOST.replace("1234", "01234"), False, id="13-digits"),
        pytest.param(HOST.replace(".", "x"), False, id="no-dots"),
        pytest.param(HOST.replace(REGION, "eu-west-1.evil"), False, id="in-region"),
        pytest.param(HOST.replace(REGION, "evil"), False, id="no-region"),
        pytest.param(HOST.replace(REGION, "-1"), False, id="half-a-region"),
        pytest.param(HOST.replace("amazonaws", "amazonaws-evil"), False, id="domain"),
        pytest.param(HOST.replace("ecr", "ecr-fips-evil"), False, id="fips-evil"),
        pytest.param("123456789012.dkr.ecr.us-west-2.on.aws", False, id="mixed"),
        pytest.param("123456789012.dkr-ecr.us-west-2.amazonaws.com", False, id="mixed-back"),
        pytest.param("public.ecr.aws", False, id="public"),
        pytest.param("registry.test", False, id="other"),
        pytest.param("", False, id="empty"),
    ],
)
def test_serves(host: str, *, expected: bool) -> None:
    assert serves(host) is expected


@pytest.mark.usefixtures("keys")
def test_a_token_for_keys_and_for_how_long(aws: Cloud, told_nobody: list[str]) -> None:
    told_nobody += [KEYS.secret, TOKEN]
    aws.on("POST", "/ecr/", ecr(KEYS, TOKEN, region=REGION))

    issued = issue(HOST, API, environment())

    assert issued == ISSUED
    assert TOKEN not in f"{issued!r}"
    assert len(aws.requests) == 1


@pytest.mark.usefixtures("keys")
def test_the_lifetime_is_the_answers(aws: Cloud) -> None:
    aws.on("POST", "/ecr/", ecr(KEYS, TOKEN, region=REGION, valid_s=600))

    issued = issue(HOST, API, environment())

    assert issued is not None
    assert issued.valid_s == 600


@pytest.mark.usefixtures("keys")
def test_the_lifetime_where_an_answer_has_no_date(aws: Cloud) -> None:
    service = ecr(KEYS, TOKEN, region=REGION, valid_s=600)
    aws.on("POST", "/ecr/", lambda request: replace(service(request), headers={"Date": ""}))

    assert issue(HOST, API, environment()) == ISSUED


@pytest.mark.usefixtures("keys")
@pytest.mark.parametrize(
    ("host", "region"),
    [
        pytest.param("123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn", "cn-north-1", id="china"),
        pytest.param("123456789012.dkr.ecr-fips.us-east-2.amazonaws.com", "us-east-2", id="fips"),
        pytest.param("123456789012.dkr-ecr.us-west-2.on.aws", "us-west-2", id="dual-stack"),
        pytest.param("123456789012.dkr-ecr-fips.us-west-2.on.aws", "us-west-2", id="both"),
    ],
)
def test_the_region_is_the_hosts(
    aws: Cloud, monkeypatch: pytest.MonkeyPatch, host: str, region: str
) -> None:
    monkeypatch.setenv("AWS_REGION", "sa-east-1")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "sa-east-1")
    aws.on("POST", "/ecr/", ecr(KEYS, TOKEN, region=region))

    assert issue(host, f"https://{host}", environment()) == ISSUED


@pytest.mark.usefixtures("keys")
@pytest.mark.parametrize(
    ("host", "asked"),
    [
        pytest.param(HOST, "ecr.eu-west-1.amazonaws.com", id="plain"),
        pytest.param(
            "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn",
            "ecr.cn-north-1.amazonaws.com.cn",
            id="china",
        ),
        pytest.param(
            "123456789012.dkr.ecr-fips.us-east-2.amazonaws.com",
            "ecr-fips.us-east-2.amazonaws.com",
            id="fips",
        ),
        pytest.param(
            "123456789012.dkr-ecr.us-west-2.on.aws", "ecr.us-west-2.api.aws", id="dual-stack"
        ),
        pytest.param(
            "123456789012.dkr-ecr-fips.us-west-2.on.aws", "ecr-fips.us-west-2.api.aws", id="both"
        ),
    ],
)
def test_whom_it_asks(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, told_nobody: list[str], host: str, asked: str
) -> None:
    """A proxy sees where to; whatever it is to be asked with is no business of anybody's."""
    told_nobody += ["pr0xy-Pa55", KEYS.secret]
    monkeypatch.setenv("HTTPS_PROXY", f"http://user:pr0xy-Pa55@{cloud.host}")

    def ask() -> object:
        return issue(host, f"https://{host}", environment())

    message = refusal(RegistryFailed, host, ask, *told_nobody)

    assert message.startswith("no answer from ")
    (method, target), *others = {(request.method, request.target) for request in cloud.requests}
    # With api. before it or without is the library's to know: AWS has both names.
    assert (method, target.removeprefix("api."), others) == ("CONNECT", f"{asked}:443", [])


@pytest.mark.usefixtures("web_identity")
def test_a_service_accounts_role(aws: Cloud, told_nobody: list[str]) -> None:
    told_nobody += [POD_TOKEN, ROLE_KEYS.secret, ROLE_KEYS.session, TOKEN]
    aws.on("POST", "/sts/", sts(POD_TOKEN, ROLE, ROLE_KEYS))
    aws.on("POST", "/ecr/", ecr(ROLE_KEYS, TOKEN, region=REGION))

    assert issue(HOST, API, environment()) == ISSUED

    (asked,) = aws.asked("/sts/")
    assert asked.form["WebIdentityToken"] == POD_TOKEN
    assert asked.form["RoleArn"] == ROLE


def test_the_token_file_is_read_each_time(aws: Cloud, web_identity: Path) -> None:
    aws.on("POST", "/ecr/", ecr(ROLE_KEYS, TOKEN, region=REGION))
    for token in ("first", "second"):
        web_identity.write_text(token)
        aws.on("POST", "/sts/", sts(token, ROLE, ROLE_KEYS))

        assert issue(HOST, API, environment()) == ISSUED


def test_eks_pod_identity(
    aws: Cloud, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, told_nobody: list[str]
) -> None:
    told_nobody += [POD_TOKEN, ROLE_KEYS.secret, ROLE_KEYS.session, TOKEN]
    (tmp_path / "token").write_text(POD_TOKEN)
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{aws.url}/v1/credentials")
    monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", str(tmp_path / "token"))
    aws.on("GET", "/v1/credentials", container_credentials(POD_TOKEN, ROLE_KEYS))
    aws.on("POST", "/ecr/", ecr(ROLE_KEYS, TOKEN, region=REGION))

    assert issue(HOST, API, environment()) == ISSUED


def test_a_nodes_role(aws: Cloud, monkeypatch: pytest.MonkeyPatch, told_nobody: list[str]) -> None:
    told_nobody += [ROLE_KEYS.secret, ROLE_KEYS.session, TOKEN]
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "false")
    monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", aws.url)
    put_ec2(aws, ROLE_KEYS)
    aws.on("POST", "/ecr/", ecr(ROLE_KEYS, TOKEN, region=REGION))

    assert issue(HOST, API, environment()) == ISSUED


def test_no_identity_is_none(aws: Cloud) -> None:
    assert issue(HOST, API, environment()) is None
    assert aws.requests == []


def test_no_metadata_service_is_none_and_soon(
    monkeypatch: pytest.MonkeyPatch, firewalled: str, soon: None
) -> None:
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "false")
    monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", f"http://{firewalled}")

    assert issue(HOST, API, environment()) is None


@pytest.mark.usefixtures("keys")
@pytest.mark.parametrize(
    "api_url",
    [
        "https://mirror.test",
        f"http://{HOST}",
        f"https://{HOST}.evil.test",
        f"https://mirror.test/{HOST}",
        "http://127.0.0.1.evil.test",
        "http://127.0.0.1:80@evil.test",
    ],
)
def test_another_api_gets_nothing(aws: Cloud, api_url: str) -> None:
    assert issue(HOST, api_url, environment()) is None
    assert aws.requests == []


@pytest.mark.usefixtures("keys")
def test_an_api_on_loopback_does(aws: Cloud) -> None:
    aws.on("POST", "/ecr/", ecr(KEYS, TOKEN, region=REGION))

    assert issue(HOST, "http://127.0.0.1:5000", environment()) == ISSUED


@pytest.mark.usefixtures("keys")
def test_another_host_gets_nothing(aws: Cloud) -> None:
    assert issue("registry.test", "https://registry.test", environment()) is None
    assert aws.requests == []


@pytest.mark.usefixtures("keys")
@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        pytest.param(
            says({"__type": "AccessDeniedException", "message": f"{KEYS.secret} {TOKEN}"}, 400),
            "AWS refuses GetAuthorizationToken: AccessDeniedException; allow the identity of this "
            "process ecr:GetAuthorizationToken on resource *",
            id="denied",
        ),
        pytest.param(
            # The real one quotes the request, session token and all.
            says({"__type": "InvalidSignatureException", "message": f"{KEYS.secret} {TOKEN}"}, 403),
            "AWS refuses GetAuthorizationToken: InvalidSignatureException; check the AWS "
            "credentials of this process",
            id="signature",
        ),
        pytest.param(
            says({"__type": f"{TOKEN} 1"}, 400),
            "AWS refuses GetAuthorizationToken: without a code; check the AWS credentials of this "
            "process",
            id="a-code-that-is-none",
        ),
        pytest.param(
            Answer(200, b"<html>"),
            "AWS's answer holds no usable token (KeyError)",
            id="no-json",
        ),
        pytest.param(
            says({"authorizationData": []}),
            "AWS's answer holds no usable token (IndexError)",
            id="no-data",
        ),
        pytest.param(
            says({"authorizationData": [{"authorizationToken": TOKEN, "expiresAt": 1}]}),
            "AWS's answer holds no usable token (LookupError)",
            id="no-base64",
        ),
        pytest.param(
            says({"authorizationData": [{"authorizationToken": "QVdT", "expiresAt": 1}]}),
            "AWS's answer holds no usable token (LookupError)",
            id="no-password",
        ),
        pytest.param(
            says({"authorizationData": [{"authorizationToken": "QVdTOnB3"}]}),
            "AWS's answer holds no usable token (KeyError)",
            id="no-end",
        ),
    ],
)
def test_what_ecr_may_say_instead(
    aws: Cloud, told_nobody: list[str], answer: Answer, complaint: str
) -> None:
    told_nobody += [KEYS.secret, TOKEN]
    aws.on("POST", "/ecr/", always(answer))

    def ask() -> object:
        return issue(HOST, API, environment())

    assert refusal(RegistryFailed, HOST, ask, *told_nobody) == complaint


@pytest.mark.usefixtures("keys")
def test_the_server_would_not_take_another_secret(aws: Cloud) -> None:
    """So that the tests above could fail."""
    aws.on("POST", "/ecr/", ecr(Keys(KEYS.key, "another"), TOKEN, region=REGION))

    with pytest.raises(RegistryFailed, match="InvalidSignatureException"):
        issue(HOST, API, environment())


def test_signatures_are_computed_as_aws_documents_them() -> None:
    """The example of AWS, "Signature Version 4 signing process", 2015."""
    scope = "20150830/us-east-1/iam/aws4_request"
    signature = "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"
    headers = Message()
    headers["Host"] = "iam.amazonaws.com"
    headers["Content-Type"] = "application/x-www-form-urlencoded; charset=utf-8"
    headers["X-Amz-Date"] = "20150830T123600Z"
    headers["Authorization"] = (
        f"AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/{scope}, "
        f"SignedHeaders=content-type;host;x-amz-date, Signature={signature}"
    )
    request = Request("GET", "/?Action=ListUsers&Version=2010-05-08", headers, b"")

    assert sigv4(request, KEYS.secret) == signature


@pytest.mark.usefixtures("keys")
def test_no_answer_is_tried_three_times(aws: Cloud, told_nobody: list[str]) -> None:
    told_nobody += [KEYS.secret]
    aws.on("POST", "/ecr/", always(Answer(503)))

    def ask() -> object:
        return issue(HOST, API, environment())

    message = refusal(RegistryFailed, HOST, ask, *told_nobody)

    assert message.startswith("AWS refuses GetAuthorizationToken: ")
    assert len(aws.requests) == 3


@pytest.mark.usefixtures("web_identity")
@pytest.mark.parametrize("silent", ["/sts/", "/ecr/"])
def test_no_answer_has_a_deadline(
    aws: Cloud, silence: Service, monkeypatch: pytest.MonkeyPatch, silent: str, soon: None
) -> None:
    monkeypatch.setattr("cmp.registry.auth.ecr._READ_S", 0.2)
    aws.on("POST", "/sts/", sts(POD_TOKEN, ROLE, ROLE_KEYS))
    aws.on("POST", silent, silence)

    def ask() -> object:
        return issue(HOST, API, environment())

    assert refusal(RegistryFailed, HOST, ask, POD_TOKEN) == (
        f"no answer from {aws.url}{silent}: ReadTimeoutError"
    )
    assert len(aws.asked(silent)) == 3


@pytest.mark.usefixtures("keys")
def test_nobody_there(monkeypatch: pytest.MonkeyPatch, told_nobody: list[str]) -> None:
    told_nobody += [KEYS.secret]
    monkeypatch.setenv("AWS_ENDPOINT_URL_ECR", "http://127.0.0.1:1")

    def ask() -> object:
        return issue(HOST, API, environment())

    assert refusal(RegistryFailed, HOST, ask, *told_nobody) == (
        "no answer from http://127.0.0.1:1/: EndpointConnectionError"
    )


@pytest.mark.usefixtures("web_identity")
@pytest.mark.parametrize("code", ["AccessDenied", "InvalidIdentityToken", "ExpiredTokenException"])
def test_a_role_that_does_not_trust_the_pod(aws: Cloud, told_nobody: list[str], code: str) -> None:
    told_nobody += [POD_TOKEN]
    aws.on("POST", "/sts/", always(sts_refuses(code, f"not {POD_TOKEN}")))

    def ask() -> object:
        return issue(HOST, API, environment())

    assert refusal(RegistryFailed, HOST, ask, *told_nobody) == (
        f"AWS refuses AssumeRoleWithWebIdentity: {code}; let the trust policy of {ROLE} accept "
        "this pod's service account, and check its annotation eks.amazonaws.com/role-arn"
    )


def test_a_token_file_that_is_not_there(aws: Cloud, web_identity: Path) -> None:
    web_identity.unlink()

    def ask() -> object:
        return issue(HOST, API, environment())

    assert refusal(InvalidInput, HOST, ask) == (
        f"cannot read {web_identity} that AWS credentials come from (FileNotFoundError); "
        "check AWS_WEB_IDENTITY_TOKEN_FILE and the like"
    )
    assert aws.requests == []


@pytest.mark.usefixtures("aws", "web_identity")
def test_a_token_file_without_a_role(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ROLE_ARN")

    def ask() -> object:
        return issue(HOST, API, environment())

    assert refusal(InvalidInput, HOST, ask) == (
        "the AWS settings of this process cannot be used (InvalidConfigError); check its AWS_ "
        "variables and ~/.aws, and the service account's annotation eks.amazonaws.com/role-arn"
    )


@pytest.mark.usefixtures("aws")
def test_a_file_that_cannot_be_parsed_is_not_quoted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, told_nobody: list[str]
) -> None:
    told_nobody += [KEYS.secret]
    (tmp_path / "credentials").write_text(f"aws_secret_access_key={KEYS.secret}\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))

    def ask() -> object:
        return issue(HOST, API, environment())

    assert "(ConfigParseError)" in refusal(InvalidInput, HOST, ask, *told_nobody)


@pytest.mark.usefixtures("aws")
def test_pod_identity_that_does_not_answer(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, told_nobody: list[str]
) -> None:
    told_nobody += [POD_TOKEN]
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{cloud.url}/v1/credentials")
    monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", POD_TOKEN)
    cloud.on("GET", "/v1/credentials", always(Answer(500, POD_TOKEN.encode())))

    def ask() -> object:
        return issue(HOST, API, environment())

    assert refusal(RegistryFailed, HOST, ask, *told_nobody) == (
        "no answer from container-role: CredentialRetrievalError"
    )


@pytest.mark.usefixtures("aws")
def test_a_credentials_address_that_is_not_this_pods(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://evil.test/v1/credentials")

    def ask() -> object:
        return issue(HOST, API, environment())

    assert refusal(InvalidInput, HOST, ask) == (
        "the AWS settings of this process cannot be used (ValueError); check its AWS_ variables"
    )


def test_a_profile_whose_role_is_refused(
    aws: Cloud, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, told_nobody: list[str]
) -> None:
    told_nobody += [KEYS.secret]
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_PROFILE", "p")
    (tmp_path / "credentials").write_text(
        f"[base]\naws_access_key_id = {KEYS.key}\naws_secret_access_key = {KEYS.secret}\n"
    )
    (tmp_path / "config").write_text(f"[profile p]\nrole_arn = {ROLE}\nsource_profile = base\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    aws.on("POST", "/sts/", always(sts_refuses("AccessDenied", KEYS.secret)))

    def ask() -> object:
        return issue(HOST, API, environment())

    assert refusal(RegistryFailed, HOST, ask, *told_nobody) == (
        "AWS refuses AssumeRole: AccessDenied; check the AWS profile of this process"
    )


def test_the_library_is_loaded_only_when_it_is_used(tmp_path: Path) -> None:
    program = (
        "import sys; from cmp.registry.auth import ecr; ecr.issue('a.test', 'https://a.test', {})\n"
        "print([name for name in sys.modules if name.split('.')[0] == 'botocore'])"
    )

    done = run([sys.executable, "-I", "-c", program], tmp_path)

    assert (done.returncode, done.stdout.strip()) == (0, "[]"), done.stderr
