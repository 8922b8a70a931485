"""What a user of Argo CD reads when our plugin refuses."""

import re
import sys

from tests.support.repo_server import Generated, Refused

_LONGEST = 500  # characters; a person reads it in a narrow box
_AROUND = re.compile(
    r'CMP processing failed for application "[^"]+": error generating manifests in cmp: '
    r"rpc error: code = Unknown desc = error generating manifests: "
    rf"`{re.escape(sys.executable)} -I -m cmp render` failed exit status (?P<status>[12]): "
    r"error: (?P<sentence>.*)",
    re.DOTALL,
)
_NOBODYS_BUSINESS = ("/_cmp_server/", "/tmp/", "level=", "Traceback", "ARGOCD_", "PATH=", "HOME=")  # noqa: S108 - what must not be shown


def sentence(outcome: Generated | Refused, status: int = 0) -> str:
    """Return our sentence, which is all there is beside what Argo CD puts around it."""
    assert isinstance(outcome, Refused), "it was rendered"
    around = _AROUND.fullmatch(str(outcome))
    assert around, str(outcome)
    said = around["sentence"]
    assert not [word for word in _NOBODYS_BUSINESS if word in said]
    assert len(said) <= _LONGEST
    if status:
        assert int(around["status"]) == status
    return said
