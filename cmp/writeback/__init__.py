"""Writing chosen images back into Git; only the refresher imports this."""
