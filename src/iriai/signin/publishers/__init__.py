"""Trusted publishers: programs elsewhere that publish without keeping a secret.

A build service signs what it runs: which repository, which workflow, for whom. Somebody who may
write to a repository here says which of those runs may act in their name; a run changes its signed
token for one of ours that reaches this one repository and lasts an hour.
"""
