"""Reading ``registries.conf`` from a file, or from text that came another way."""

import io
import os.path

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
            text = file.read()
    except OSError as error:
        raise InvalidInput(f"cannot be read: {error.strerror}", where=path) from error
    except ValueError as error:
        raise InvalidInput(f"not YAML: {error}", where=path) from error
    return registries_from_text(text, where=path, folder=os.path.dirname(path))


def registries_from_text(text: str, *, where: str, folder: str = "") -> Registries:
    """Read what a file ``registries.conf`` holds.

    Args:
        text: the file's content.
        where: what to call it in messages.
        folder: where a relative ``ca_file`` begins; by default the working directory.

    Raises:
        InvalidInput: naming ``where`` and what is wrong there.
    """

    def read(path: str) -> str:
        try:
            # A file of bytes is one without a certificate in PEM, and is told so.
            with open(os.path.join(folder, path), encoding="utf-8", errors="replace") as file:
                return file.read()
        except OSError as error:
            raise InvalidInput(f"cannot be read: {error.strerror}") from error
        except ValueError as error:
            raise InvalidInput(f"cannot be read: {error}") from error

    try:
        # Of a stream, and unlike of text, PyYAML shows no lines in what it complains of.
        document = yaml.safe_load(io.StringIO(text))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise InvalidInput(f"not YAML: {' '.join(str(error).split())}", where=where) from error
    try:
        return Registries.parse(document, read=read)
    except InvalidInput as error:
        raise error.within(where) from None
