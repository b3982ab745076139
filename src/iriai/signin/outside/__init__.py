"""Signing in with an account elsewhere, at the one OpenID provider that the operator named.

An account there is known by issuer and subject. It is never matched by its e-mail address: an
address can pass to somebody else, or be claimed without proof.
"""
