"""What people tell the refresher of an image: ``pin``, ``hold``, ``rollback``, ``release``."""
