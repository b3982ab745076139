"""SSH keys with which `ollama pull` shows who it is, and the tickets it gets for them."""
