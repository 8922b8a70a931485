from argparse import Namespace
from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType

import pytest

from cmp.errors import InvalidInput
from cmp.refresh.address import Address
from cmp.refresh.scope import Scope

_FLAGS = (
    "argocd_namespace",
    "application_namespaces",
    "interval",
    "poke_concurrency",
    "forget_after",
    "ack_wait",
    "webhook_address",
    "metrics_address",
    "refresh_on_upgrade",
    "native",
    "native_beside_updater",
    "updater_namespace",
)


def read(
    namespace: str = "argocd", env: Mapping[str, str] = MappingProxyType({}), **flags: str
) -> Scope:
    args = Namespace(**{**dict.fromkeys(_FLAGS), "dry_run": False, **flags})
    return Scope.read(args, env, namespace)


def test_what_is_not_said() -> None:
    assert read() == Scope(
        control_plane="argocd",
        application_namespaces=(),
        interval=timedelta(minutes=2),
        at_once=10,
        forget_after=timedelta(days=1),
        ack_wait=timedelta(seconds=20),
        refresh_on_upgrade=True,
        dry_run=False,
    )


def test_flags() -> None:
    found = read(
        argocd_namespace="cd",
        application_namespaces="a,b",
        interval="1m",
        poke_concurrency="3",
        forget_after="2d",
        ack_wait="3s",
        refresh_on_upgrade="false",
    )

    assert found == Scope(
        control_plane="cd",
        application_namespaces=("a", "b"),
        interval=timedelta(minutes=1),
        at_once=3,
        forget_after=timedelta(days=2),
        ack_wait=timedelta(seconds=3),
        refresh_on_upgrade=False,
        dry_run=False,
    )


def test_variables() -> None:
    env = {
        "CMP_ARGOCD_NAMESPACE": "cd",
        "CMP_APPLICATION_NAMESPACES": "a",
        "CMP_INTERVAL": "90s",
        "CMP_POKE_CONCURRENCY": "1",
        "CMP_FORGET_AFTER": "1h",
        "CMP_ACK_WAIT": "0s",
        "CMP_REFRESH_ON_UPGRADE": "false",
    }

    assert read(env=env) == Scope(
        control_plane="cd",
        application_namespaces=("a",),
        interval=timedelta(seconds=90),
        at_once=1,
        forget_after=timedelta(hours=1),
        ack_wait=timedelta(0),
        refresh_on_upgrade=False,
        dry_run=False,
    )
    assert read(env=env, interval="5m").interval == timedelta(minutes=5)


def test_what_is_served() -> None:
    env = {"CMP_WEBHOOK_SECRET": "s3cret", "CMP_METRICS_ADDRESS": ":8081"}

    found = read(env=env, webhook_address="127.0.0.1:8082")

    assert found.webhook == Address("127.0.0.1", 8082)
    assert found.metrics == Address("", 8081)
    assert "s3cret" not in repr(found)


def test_a_dry_run() -> None:
    args = Namespace(**dict.fromkeys(_FLAGS), dry_run=True)

    assert Scope.read(args, {}, "argocd").dry_run


@pytest.mark.parametrize(
    ("text", "names"),
    [
        pytest.param("", (), id="empty"),
        pytest.param("team-a", ("team-a",), id="one"),
        pytest.param(" team-a , team-b,", ("team-a", "team-b"), id="spaces-and-commas"),
    ],
)
def test_application_namespaces(text: str, names: tuple[str, ...]) -> None:
    assert read(application_namespaces=text).application_namespaces == names


@pytest.mark.parametrize(
    ("flags", "complaint"),
    [
        pytest.param(
            {"application_namespaces": "a,team-*"},
            "CMP_APPLICATION_NAMESPACES: not the name of a namespace: 'team-*'; name each, without "
            "patterns, and apply kustomize/application-namespace there",
            id="pattern",
        ),
        pytest.param(
            {"application_namespaces": "a b"},
            "CMP_APPLICATION_NAMESPACES: not the name of a namespace: 'a b'; name each, without "
            "patterns, and apply kustomize/application-namespace there",
            id="no-comma",
        ),
        pytest.param(
            {"interval": "120"},
            "CMP_INTERVAL: not a duration: '120'; write 90s, 2m, 1h30m or 3d",
            id="no-unit",
        ),
        pytest.param(
            {"interval": "999ms"},
            "CMP_INTERVAL: '999ms' is too short for the registries; write 1s or more",
            id="too-short",
        ),
        pytest.param(
            {"interval": "0"},
            "CMP_INTERVAL: '0' is too short for the registries; write 1s or more",
            id="no-interval",
        ),
        pytest.param(
            {"forget_after": "tomorrow"},
            "CMP_FORGET_AFTER: not a duration: 'tomorrow'; write 90s, 2m, 1h30m or 3d",
            id="no-time",
        ),
        pytest.param(
            {"webhook_address": ":8082"},
            "CMP_WEBHOOK_SECRET: webhooks are not served without a secret; set it, and give it "
            "to the senders",
            id="no-secret",
        ),
        pytest.param(
            {"metrics_address": "8081"},
            "CMP_METRICS_ADDRESS: not an address to listen at: '8081'; write :8082 or "
            "127.0.0.1:8082",
            id="no-address",
        ),
        pytest.param(
            {"poke_concurrency": "0"},
            "CMP_POKE_CONCURRENCY: not a number from 1 on: '0'",
            id="none-at-once",
        ),
        pytest.param(
            {"poke_concurrency": "-1"},
            "CMP_POKE_CONCURRENCY: not a number from 1 on: '-1'",
            id="negative",
        ),
        pytest.param(
            {"poke_concurrency": "٣"},
            "CMP_POKE_CONCURRENCY: not a number from 1 on: '٣'",
            id="digits-of-others",
        ),
    ],
)
def test_refuses_and_says_which_setting(flags: dict[str, str], complaint: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        read(env={}, **flags)

    assert str(caught.value) == complaint


def test_a_control_plane_has_to_be_known() -> None:
    with pytest.raises(InvalidInput, match="--argocd-namespace or CMP_ARGOCD_NAMESPACE"):
        read("")
