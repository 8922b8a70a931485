"""The tables of the documents, written from the tables of the code: ``python -m docs``."""
