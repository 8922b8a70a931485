"""Reading ``registries.conf`` from a file."""

import yaml

from cmp.errors import InvalidInput
from cmp.registry.configuration import Registries


def read_registries(path: str) -> Registries:
    """Read the file; without one, every registry is the host its images name.

    Raises `InvalidInput` naming the file and what is wrong in it.
    """
    if not path:
        return Registries()
    try:
        with open(path, encoding="utf-8") as file:
            document = yaml.safe_load(file)
        return Registries.parse(document)
    except OSError as error:
        raise InvalidInput(f"cannot be read: {error.strerror}", where=path) from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise InvalidInput(f"not YAML: {' '.join(str(error).split())}", where=path) from error
    except InvalidInput as error:
        raise error.within(path) from None
