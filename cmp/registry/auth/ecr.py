"""Amazon ECR: a registry token for the AWS identity that this process has.

Which identity that is, botocore finds as every AWS tool does: keys in the environment, a service
account's role (``AWS_ROLE_ARN``, ``AWS_WEB_IDENTITY_TOKEN_FILE``), ``~/.aws``, EKS Pod Identity,
the node's role. Hosts and lifetime: AWS, "Private registry authentication in Amazon ECR" and
"Making requests to Amazon ECR registries"; the call: ECR API 2015-09-21, GetAuthorizationToken.
"""

import base64
import binascii
import logging
import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any

from cmp.errors import CmpError, InvalidInput, RegistryFailed
from cmp.registry.auth.base import Credential, Issued, is_own

_REGION = r"[a-z]{2,4}(?:-[a-z]+)+-[0-9]{1,2}"
_HOST = re.compile(
    rf"[0-9]{{12}}\.dkr\.ecr(?P<fips>-fips)?\.(?P<region>{_REGION})\.amazonaws\.com(?:\.cn)?"
)
_DUAL_STACK_HOST = re.compile(
    rf"[0-9]{{12}}\.dkr-ecr(?P<fips>-fips)?\.(?P<region>{_REGION})\.on\.aws"
)
_CONNECT_S, _READ_S, _ATTEMPTS = 5, 10, 3
_VALID_S = 12 * 3600.0  # where an answer does not say when it was given
_CODE = re.compile(r"[A-Za-z.]{1,80}")
_DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})


def serves(host: str) -> bool:
    """Return whether ``host`` is a private ECR registry, and not one that only looks like it."""
    return _parts(host) is not None


def issue(host: str, api_url: str, env: Mapping[str, str]) -> Issued | None:
    """Ask ECR for the token of this process's identity; None where it has none.

    None also where ``api_url`` is not the registry's own: a mirror's owner could use the token.

    Raises:
        RegistryFailed: AWS did not answer, or refuses the identity.
        InvalidInput: what names the identity cannot be used.
    """
    parts = _parts(host)
    if parts is None or not is_own(host, api_url):
        return None
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError

    # It would log tokens and keys: bodies at DEBUG. What fails is said here.
    logging.getLogger("botocore").setLevel(logging.CRITICAL)
    where = f"registry {host}"
    try:
        answer = _authorization(parts)
        return None if answer is None else _issued(answer)
    except ClientError as error:
        raise _refused(error, env, where) from None
    except BotoCoreError as error:
        raise _failed(error, where) from None
    except OSError as error:
        raise InvalidInput(
            f"cannot read {error.filename or 'a file'} that AWS credentials come from "
            f"({error.__class__.__name__}); check AWS_WEB_IDENTITY_TOKEN_FILE and the like",
            where=where,
        ) from None
    except ValueError as error:
        raise InvalidInput(
            f"the AWS settings of this process cannot be used ({error.__class__.__name__}); "
            "check its AWS_ variables",
            where=where,
        ) from None
    except (ResponseParserError, LookupError, TypeError, RuntimeError) as error:
        raise RegistryFailed(
            f"AWS's answer holds no usable token ({error.__class__.__name__})", where=where
        ) from None


def _parts(host: str) -> re.Match[str] | None:
    return _HOST.fullmatch(host) or _DUAL_STACK_HOST.fullmatch(host)


def _authorization(parts: re.Match[str]) -> Any:
    """Return ECR's answer, or None when botocore finds no credentials at all."""
    from botocore.config import Config
    from botocore.session import Session

    session = Session()
    patience = {
        "connect_timeout": _CONNECT_S,
        "read_timeout": _READ_S,
        "retries": {"mode": "standard", "total_max_attempts": _ATTEMPTS},
    }
    session.set_default_client_config(Config(**patience))  # of STS's client too
    if session.get_config_variable("region") is None:
        session.set_config_variable("region", parts["region"])  # STS's too
    if session.get_credentials() is None:
        return None
    kind = Config(
        use_fips_endpoint=True if parts["fips"] else None,  # None: as AWS_USE_FIPS_ENDPOINT says
        use_dualstack_endpoint=True if parts.re is _DUAL_STACK_HOST else None,
    )
    client = session.create_client("ecr", region_name=parts["region"], config=kind)
    try:
        return client.get_authorization_token()
    finally:
        client.close()


def _issued(answer: Any) -> Issued:
    """Return what ECR's answer holds; it is good from the answer's own date on."""
    data = answer["authorizationData"][0]
    try:
        pair = base64.b64decode(data["authorizationToken"], validate=True).decode("ascii")
        username, colon, password = pair.partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise LookupError from None
    if not colon or not username or not password.isprintable() or not password:
        raise LookupError
    headers = answer["ResponseMetadata"]["HTTPHeaders"]
    valid_s = _VALID_S
    if "date" in headers:
        valid_s = (data["expiresAt"] - parsedate_to_datetime(headers["date"])).total_seconds()
    return Issued(Credential(username, password), valid_s)


def _refused(error: Any, env: Mapping[str, str], where: str) -> RegistryFailed:
    """Return the error for an answer of AWS's; its text may quote the request, with its tokens."""
    said = str(error.response.get("Error", {}).get("Code", ""))
    code = said if _CODE.fullmatch(said) else "without a code"
    action, role = error.operation_name, env.get("AWS_ROLE_ARN", "the role")
    if action == "AssumeRoleWithWebIdentity":
        way_out = (
            f"; let the trust policy of {role} accept this pod's service account, and check its "
            "annotation eks.amazonaws.com/role-arn"
        )
    elif action != "GetAuthorizationToken":
        way_out = "; check the AWS profile of this process"
    elif code in _DENIED:
        way_out = "; allow the identity of this process ecr:GetAuthorizationToken on resource *"
    else:
        way_out = "; check the AWS credentials of this process"
    return RegistryFailed(f"AWS refuses {action}: {code}{way_out}", where=where)


def _failed(error: Any, where: str) -> CmpError:
    """Return the error for a failure of botocore's; its text may quote a line of a file."""
    from botocore import exceptions

    name = error.__class__.__name__
    unanswered = (
        exceptions.ConnectionError,
        exceptions.HTTPClientError,
        exceptions.CredentialRetrievalError,
        exceptions.MetadataRetrievalError,
        exceptions.TokenRetrievalError,
        exceptions.SSOError,
    )
    if isinstance(error, unanswered):
        endpoint = str(error.kwargs.get("endpoint_url") or error.kwargs.get("provider") or "AWS")
        return RegistryFailed(f"no answer from {endpoint.partition('?')[0]}: {name}", where=where)
    return InvalidInput(
        f"the AWS settings of this process cannot be used ({name}); "
        "check its AWS_ variables and ~/.aws, and the service account's annotation "
        "eks.amazonaws.com/role-arn",
        where=where,
    )
