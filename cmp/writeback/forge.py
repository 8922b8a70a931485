"""Where pull requests are asked for: each forge is a file here and a line of the table."""

from collections.abc import Mapping
from types import MappingProxyType

FORGES: Mapping[str, str] = MappingProxyType(
    {
        "github": "cmp.writeback.forge_github:Github",
        "gitlab": "cmp.writeback.forge_gitlab:Gitlab",
    }
)
