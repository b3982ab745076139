"""Large bytes: by SHA-256 (LFS) and by chunk (Xet)."""
