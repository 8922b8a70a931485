"""Write the tables in the documents anew, and name the files that changed."""

import sys

from docs.written import DOCUMENTS, rewritten


def main() -> int:
    """Rewrite each document whose tables are not those of the code."""
    for document in DOCUMENTS:
        text = document.read_text()
        if (fresh := rewritten(text)) != text:
            document.write_text(fresh)
            print(document)
    return 0


if __name__ == "__main__":
    sys.exit(main())
