"""The LFS door: uploads and downloads of whole objects, by their SHA-256."""

from iriai.api.lfs.objects import serve_object

__all__ = ["serve_object"]
