"""Version schemes that strategies order tags by."""
