"""Real servers, and what goes into them, for tests."""
