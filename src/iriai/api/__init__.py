"""The JSON door: what Hugging Face clients call, and our own. It translates and decides nothing."""
