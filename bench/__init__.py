"""``make bench``: ratios measured in one run, never compared with another machine's."""
