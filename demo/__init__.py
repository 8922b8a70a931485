"""``make demo``: the whole job on one machine, on a real registry."""
