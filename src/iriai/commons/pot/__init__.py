"""The pot: what a commons has to share (storage, traffic, machines), and who may use how much."""
