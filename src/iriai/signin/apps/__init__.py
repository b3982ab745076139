"""Apps and command lines that people let in: OAuth 2.1, OpenID Connect and device codes.

An *app* is registered by somebody; the command line of Hugging Face's clients needs no
registration. A person's consent is a *grant*; every token given out for it belongs to it and ends
with it. The hub's side of the protocol is here; how it is written on the wire is in `api/oauth.py`,
and the pages on which a person decides are in `web/pages`.
"""
