"""What is shipped: wheels and the image, made here and looked at by tests/image."""
