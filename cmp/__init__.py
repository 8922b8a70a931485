"""Keeps the container images of Argo CD Applications current."""

__version__ = "0.1.0"
