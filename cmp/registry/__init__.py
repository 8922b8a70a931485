"""Registries: what the refresher asks them, over the distribution specification's HTTP API."""
