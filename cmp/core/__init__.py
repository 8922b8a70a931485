"""Values and decisions: pure functions of values.

Nothing here opens a file or a socket, starts a process, reads the environment or looks
at a clock. Import-linter and ruff hold it to that.

Values are frozen and slotted. Those that a render with a recorded decision needs are
NamedTuples: importing `dataclasses` (which imports `inspect`) and building the classes
costs such a render more than everything else it does. The others are dataclasses.
"""
