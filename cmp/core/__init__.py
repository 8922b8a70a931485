"""Values and decisions: pure functions of values.

Nothing here opens a file or a socket, starts a process, reads the environment or looks
at a clock. Import-linter and ruff hold it to that.
"""
