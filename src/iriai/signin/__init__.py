"""Ways in besides a password and a token made by hand, each a small part of its own.

* `factors`: what a password alone does not open: codes from an app, recovery codes, passkeys.
* `outside`: signing in with an account that one has elsewhere (OpenID Connect).
* `apps`: the other direction: apps and command lines that people let in (OAuth 2, device codes).
* `publishers`: programs elsewhere that publish without a secret (tokens of a build service).

`steps` keeps what is between two requests of one sign-in; `issuers` reads signed tokens of others.
"""
