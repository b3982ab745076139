"""The transparency log: a commons' log signed by the hub, for tools that are not ours to check."""
