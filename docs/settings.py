"""The settings: what each variable means, and its default. Its flag is the command line's.

tests/documents hold this table to the code: a variable that is read and has no row, or the other
way round, is a failing test.
"""

from collections.abc import Mapping
from typing import NamedTuple

from cmp.refresh.scope import (
    DEFAULT_ACK_WAIT,
    DEFAULT_AT_ONCE,
    DEFAULT_FORGET_AFTER,
    DEFAULT_INTERVAL,
)
from cmp.settings import DEFAULT_DEADLINE_S, DEFAULT_INDEX
from cmp.writeback.git_message import Author


class Setting(NamedTuple):
    """One variable."""

    variable: str
    default: str
    meaning: str

    @property
    def flag(self) -> str:
        """The flag of the same meaning, where a command has one."""
        return f"--{self.variable.removeprefix('CMP_').lower().replace('_', '-')}"


_STORE = (
    Setting(
        "CMP_STORE",
        f"`{DEFAULT_INDEX}`",
        "where the index is kept: `redis://user@host:port/0`, `rediss://` with TLS, or "
        "`file://` on one machine. A `mirror` has no default",
    ),
    Setting("CMP_STORE_USERNAME", "", "the user, where the URL has none"),
    Setting(
        "CMP_STORE_PASSWORD",
        "",
        "the user's password; only a variable, for flags and URLs are seen by everyone",
    ),
    Setting(
        "CMP_STORE_CA",
        "the system's",
        "a file with the certificates to trust",
    ),
)
_REFRESH = (
    Setting(
        "CMP_APPLICATIONS", "a cluster", "a file or folder of Application manifests, with `--once`"
    ),
    Setting(
        "CMP_REGISTRIES",
        "ConfigMap `argocd-image-updater-config`",
        "[registries.conf](registries.md): a file, or the ConfigMap's key of that name; read "
        "again for each pass",
    ),
    Setting(
        "CMP_ARGOCD_NAMESPACE",
        "the Pod's own",
        "of Argo CD's control plane, whatever it is called; the state is kept there",
    ),
    Setting("CMP_APPLICATION_NAMESPACES", "none", "others that hold Applications, comma-separated"),
    Setting(
        "CMP_INTERVAL",
        f"`{DEFAULT_INTERVAL}`",
        "between two passes, ±10 %; most [repositories](webhooks.md) are listed on each. A new or "
        "changed Application is looked at at once",
    ),
    Setting(
        "CMP_ACK_WAIT",
        f"`{DEFAULT_ACK_WAIT}`",
        "how long the mirrors are waited for; one that is late is logged and measured",
    ),
    Setting(
        "CMP_POKE_CONCURRENCY",
        f"`{DEFAULT_AT_ONCE}`",
        "Applications that Argo CD is asked to refresh or sync at a time",
    ),
    Setting(
        "CMP_FORGET_AFTER",
        f"`{DEFAULT_FORGET_AFTER}`",
        "how long the state of an Application that is gone is kept, and what the index has of "
        "Applications and repositories that nobody uses; counted anew when another refresher "
        "takes over, and not with `--once`",
    ),
    Setting(
        "CMP_REFRESH_ON_UPGRADE",
        "`true`",
        "after a change of plugin, helm or kustomize all Applications are rendered anew, one each "
        "2 seconds, and none is synced for it",
    ),
    Setting(
        "CMP_WEBHOOK_ADDRESS",
        "nowhere",
        "where [pushes](webhooks.md) are told, as `:8082`; `[::]:8082` for IPv6 too",
    ),
    Setting(
        "CMP_WEBHOOK_SECRET",
        "",
        "what their senders have to show; only a variable. Without it the refresher does not "
        "start with a webhook address",
    ),
    Setting(
        "CMP_METRICS_ADDRESS",
        "nowhere",
        "where [health and metrics](operations.md#health-and-logs) are read, as `:8081`",
    ),
    Setting(
        "CMP_NATIVE",
        "`report`",
        "what is done with [native Applications](native.md): `off`, `report` or `on`",
    ),
    Setting(
        "CMP_NATIVE_BESIDE_UPDATER",
        "`false`",
        "`true`: with `on`, though an argocd-image-updater may write the same",
    ),
    Setting(
        "CMP_UPDATER_NAMESPACE",
        "none",
        "where to look for an argocd-image-updater, besides the control plane's namespace",
    ),
    Setting("CMP_LOG_LEVEL", "`info`", "or `debug`, `warning`, `error`"),
    Setting("CMP_LOG_FORMAT", "`logfmt`", "or `json`"),
)
_MIRROR = (
    Setting("CMP_TO", "", "the directory that the plugin reads; required"),
    Setting("CMP_POD", "the host's name", "who acknowledges"),
    Setting(
        "CMP_TOOLS",
        "what is found",
        "the versions that render in this Pod, so that an upgrade is noticed: our own, and those "
        "of helm and kustomize on PATH; `off` says nothing",
    ),
)
_RENDER = (
    Setting(
        "CMP_INDEX", f"`{DEFAULT_INDEX}`", "the index; `wait`, `explain` and `resolve` read it too"
    ),
    Setting(
        "CMP_WAIT_AT_MOST",
        "for ever",
        "how long `wait` keeps a new Pod's plugin from beginning without a complete index; then it "
        "begins, and renders errors",
    ),
    Setting(
        "CMP_KUSTOMIZE_BUILD_OPTIONS",
        "",
        "for `kustomize build`, as `kustomize.buildOptions` in `argocd-cm`, which a plugin does "
        "not see. With `--enable-helm` charts in a kustomization are told "
        "`kustomize.kubeVersion` and `.apiVersions`, else the cluster's. Refused is what would "
        "start programs of an Application's repository (`--enable-exec`, "
        "`--enable-alpha-plugins`, `--helm-command` with a path that is not the sidecar's own) or "
        "print nothing",
    ),
    Setting(
        "CMP_OFFLINE",
        "`false`",
        "`true`: what would be fetched from elsewhere is refused, as far as it can be seen before "
        "anything is started; what only kustomize finds meets a Git without protocols and a proxy "
        "that is not there (an `http://` address of the Pod itself needs no proxy). Else kustomize "
        "fetches it, without credentials",
    ),
    Setting(
        "CMP_RENDER_CONCURRENCY",
        "cores in the sidecar",
        "how many render at once; the others wait, first come, first served. In the sidecar as "
        "many as it has cores (its CPU limit, rounded up, where cgroups are v2), elsewhere no "
        "limit. Each may take the memory of a helm or kustomize; one that waits takes 12 MB",
    ),
    Setting(
        "CMP_RENDER_DEADLINE",
        f"`{DEFAULT_DEADLINE_S:.0f}s`",
        "from the start of the process: after that helm or kustomize is ended, or the waiting, and "
        "the error says which and after how long. Argo CD itself gives up after 60 s and says "
        "less: raise both, this and `controller.repo.server.timeout.seconds`",
    ),
)
_GIT = (
    Setting("CMP_GIT_BATCH_WINDOW", "`5s`", "how long others may join a commit"),
    Setting("CMP_GIT_COMMITS_PER_HOUR", "`60`", "commits to one branch"),
    Setting("CMP_GIT_LOOP_WINDOW", "`15m`", "how long what somebody replaced is not written again"),
    Setting("CMP_GIT_CONCURRENCY", "`4`", "repositories that are written at the same time"),
    Setting(
        "CMP_GIT_DIRECTORY",
        "the temporary one",
        "where clones and keys lie while they are needed",
    ),
    Setting("CMP_GIT_COMMIT_USER", f"`{Author().name}`", "who commits"),
    Setting("CMP_GIT_COMMIT_EMAIL", f"`{Author().email}`", "their address"),
    Setting(
        "CMP_GIT_COMMIT_MESSAGE_PATH",
        "",
        "a file with a template: `.AppName` and `.AppChanges` (`.Image`, `.OldTag`, `.NewTag`)",
    ),
    Setting("CMP_GIT_COMMIT_SIGN_OFF", "`false`", "`true`: with `Signed-off-by`"),
    Setting("CMP_GIT_SKIP_CI", "`false`", "`true`: with `[skip ci]` in the subject"),
    Setting("CMP_GIT_COMMIT_SIGNING_KEY", "", "a file with a key, to sign commits"),
    Setting("CMP_GIT_COMMIT_SIGNING_METHOD", "`openpgp`", "or `ssh`"),
)
SETTINGS: Mapping[str, tuple[Setting, ...]] = {
    "store": _STORE,
    "refresh": _REFRESH,
    "mirror": _MIRROR,
    "render": _RENDER,
    "git": _GIT,
}
NOT_SETTINGS = frozenset(
    {
        # What git_login gives to git's helper, in the environment of that child alone.
        *("CMP_GIT_PATH", "CMP_GIT_ORIGIN", "CMP_GIT_USERNAME", "CMP_GIT_PASSWORD"),
    }
)
