"""HTTP, below any framework: ranges, files to and from sockets, and the server itself."""
