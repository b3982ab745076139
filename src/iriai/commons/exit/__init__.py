"""Exit: a whole commons in a folder, brought to life elsewhere, and the fork that is a right."""
