"""Where a registry's credentials come from; a kind is one file."""
