"""An engine as a process of its own, which can be killed or kept from writing much.

Arguments: folder, URL, tag, and how large a file may become in bytes (0 for any size).
"""

import resource
import sys
from queue import Queue
from typing import TYPE_CHECKING

from cmp.writeback.git_address import REMOTE, Address
from cmp.writeback.git_edit import Place, Request
from cmp.writeback.git_engine import GitEngine, Options
from cmp.writeback.git_update import Update
from tests.support.cli import PATH
from tests.writeback.site import QUICK, line

if TYPE_CHECKING:
    from cmp.writeback.git_outcome import Outcome


def main() -> None:
    folder, url, tag, limit = sys.argv[1:]
    if int(limit):
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), int(limit)))
    ended: Queue[Outcome] = Queue()
    engine = GitEngine(folder, {"PATH": PATH}, Options(limits=QUICK), ended.put)
    place = Place(Address.parse(url, {*REMOTE, "file"}), "main")
    engine.submit(Request(place, Update("app", "argocd", ()), line("values.yaml", tag)))
    first = ended.get()
    engine.stop()
    sys.stdout.write(f"{first.error or first.commit}\n")


if __name__ == "__main__":
    main()
