"""What the other tests here rely on: who may do what, and that nothing is left running."""

import os
import signal
import subprocess
import sys
import uuid
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.argocd import ArgoCD
from tests.support.cli import PROJECT
from tests.support.kubernetes import Kubernetes, Object, Refused
from tests.support.waiting import wait_for

RBAC = "/apis/rbac.authorization.k8s.io/v1"
RULE = {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["list"]}
FORBIDDEN = 403
READER = {"metadata": {"name": "reader"}}

# Starts a server and is killed before it can stop it.
KILLED = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from tests.support.processes import Processes
with Processes(Path(), {"PATH": os.defpath}) as processes:
    processes.spawn("sh", "-c", "echo $$ > started && exec sleep 600")
    processes.wait("sh", lambda: Path("started").read_text().endswith("\\n"))
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.e2e
def test_a_service_account_may_do_what_its_role_says_and_no_more(argocd: ArgoCD) -> None:
    kubernetes, namespace = argocd.kubernetes, f"t{uuid.uuid4().hex[:10]}"
    core, roles = f"/api/v1/namespaces/{namespace}", f"{RBAC}/namespaces/{namespace}"
    kubernetes.create_namespace(namespace)
    kubernetes.post(f"{core}/serviceaccounts", READER)

    with closing(kubernetes.as_service_account(namespace, "reader")) as reader:
        with pytest.raises(Refused) as before:
            reader.get(f"{core}/configmaps")
        kubernetes.post(f"{roles}/roles", READER | {"rules": [RULE]})
        role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "reader"}
        subject = {"kind": "ServiceAccount", "name": "reader", "namespace": namespace}
        binding = READER | {"roleRef": role, "subjects": [subject]}
        kubernetes.post(f"{roles}/rolebindings", binding)

        found = wait_for("the role applies", lambda: _allowed(reader, f"{core}/configmaps"))
        with pytest.raises(Refused) as after:
            reader.get(f"{core}/secrets")

    assert (before.value.status, found["items"], after.value.status) == (FORBIDDEN, [], FORBIDDEN)


def test_servers_end_with_a_process_that_is_killed(tmp_path: Path) -> None:
    argv = [sys.executable, "-c", KILLED, str(PROJECT)]

    killed = subprocess.run(argv, cwd=tmp_path, check=False, timeout=60)

    assert killed.returncode == -signal.SIGKILL
    server = int((tmp_path / "started").read_text())
    wait_for("the server is gone", lambda: _is_gone(server), within_s=10)


def _allowed(user: Kubernetes, path: str) -> Object | None:
    try:
        return user.get(path)
    except Refused as refusal:
        if refusal.status == FORBIDDEN:
            return None
        raise


def _is_gone(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    return False
