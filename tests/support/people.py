"""People with the Role that is shipped for them, beside a refresher."""

import json
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.applications import Application
from tests.support.argocd import ArgoCD
from tests.support.cli import cmp

if TYPE_CHECKING:
    from subprocess import CompletedProcess

_RBAC = "/apis/rbac.authorization.k8s.io/v1/namespaces/{}/rolebindings"


class Person:
    """Somebody who may do what kustomize/people allows, and nothing else."""

    def __init__(self, argocd: ArgoCD, root: Path, name: str = "alice") -> None:
        namespace, kubernetes = argocd.namespace, argocd.kubernetes
        self.name = f"system:serviceaccount:{namespace}:{name}"
        self._root = root
        accounts = f"/api/v1/namespaces/{namespace}/serviceaccounts"
        if not kubernetes.find(f"{accounts}/{name}"):
            kubernetes.post(accounts, {"metadata": {"name": name}})
            binding = {
                "metadata": {"name": name},
                "roleRef": {
                    "apiGroup": "rbac.authorization.k8s.io",
                    "kind": "Role",
                    "name": "image-cmp-people",
                },
                "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": namespace}],
            }
            kubernetes.post(_RBAC.format(namespace), binding)
        self._kubeconfig = root / f"kubeconfig-{name}"
        with closing(kubernetes.as_service_account(namespace, name)) as account:
            self._kubeconfig.write_text(json.dumps(account.kubeconfig(namespace)))

    def say(self, command: str, app: Application, *arguments: str) -> str:
        """Run ``pin``, ``hold``, ``rollback`` or ``release``; return what it printed."""
        done = self.run(command, f"{app.namespace}/{app.name}", *arguments)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    def run(self, *words: str) -> "CompletedProcess[str]":
        """Run a command, which may fail."""
        return cmp(*words, "--kubeconfig", str(self._kubeconfig), cwd=self._root)
