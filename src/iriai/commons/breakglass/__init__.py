"""Break-glass: what the operator does to what a commons holds, told, logged and undone in time."""
