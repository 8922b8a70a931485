"""What an application's repository may hold to have its code run by us."""

from pathlib import Path

FILES = ("cmp/__init__.py", "cmp/__main__.py", "yaml.py", "json.py", "re.py", "sitecustomize.py")


def plant(folder: Path, marker: Path) -> None:
    """Write modules that we or Python might import; each leaves its name in ``marker``."""
    for name in FILES:
        file = folder / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"open({str(marker)!r}, 'a').write(__name__ + '\\n')\n")
