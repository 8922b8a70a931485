"""A Kubernetes API server and its etcd, with nothing else of a cluster."""

import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import requests

from tests.support.kubernetes import Kubernetes
from tests.support.processes import Processes, free_ports

_ADMIN = "e2e-admin"


@contextmanager
def api_server(processes: Processes, root: Path) -> Iterator[Kubernetes]:
    """Start an API server with RBAC; yield, before it is ready, a user who may do everything.

    Nothing runs in its cluster and nobody collects garbage: Deployments make no Pods, what is
    deleted in the foreground stays for ever, and so do Namespaces.

    Args:
        processes: where both are started, and ended.
        root: a folder of its own.
    """
    port, *etcd_ports = free_ports(3)
    certificates = root / "certificates"
    ca = certificates / "apiserver.crt"
    with closing(Kubernetes(f"https://127.0.0.1:{port}", ca=ca, token=_ADMIN)) as admin:
        etcd, peer = (f"http://127.0.0.1:{port}" for port in etcd_ports)
        _start_etcd(processes, root, etcd, peer)
        key = root / "service-accounts.key"
        generate = ["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout"]
        key.write_bytes(subprocess.run(generate, check=True, capture_output=True).stdout)
        tokens = root / "tokens.csv"
        tokens.write_text(f"{_ADMIN},admin,admin,system:masters\n")
        processes.wait("etcd", lambda: is_ok(f"{etcd}/health"))
        processes.spawn(
            "kube-apiserver",
            f"--etcd-servers={etcd}",
            f"--cert-dir={certificates}",
            f"--service-account-key-file={key}",
            f"--service-account-signing-key-file={key}",
            "--service-account-issuer=https://kubernetes.default",
            f"--secure-port={port}",
            "--bind-address=127.0.0.1",
            "--advertise-address=127.0.0.1",
            "--service-cluster-ip-range=10.0.0.0/16",
            "--authorization-mode=RBAC",
            f"--token-auth-file={tokens}",
            # It would give each Pod an account that nobody makes here.
            "--disable-admission-plugins=ServiceAccount",
            "--endpoint-reconciler-type=none",
        )
        yield admin


def _start_etcd(processes: Processes, root: Path, client: str, peer: str) -> None:
    processes.spawn(
        "etcd",
        f"--data-dir={root / 'etcd'}",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=default={peer}",
        "--unsafe-no-fsync",
    )


def is_ok(url: str) -> bool:
    """Tell whether a server on loopback says that it is well."""
    with requests.Session() as session:
        session.trust_env = False  # loopback needs no proxy and no .netrc
        return session.get(url, timeout=5).ok
