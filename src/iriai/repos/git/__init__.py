"""Git, without a work tree and without refs on disk: formats, packs, reading by libgit2."""
