"""What a client is tried with. Runs in that client's own environment, without pytest."""
