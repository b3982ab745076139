"""Git over HTTP, the "smart" protocol: clone, fetch and push, for any git and git-lfs.

`packets` is the wire, `bodies` what a request carries, `processes` runs git for readers,
`fetching` and `pushing` are the two services, `routes` where they live.
"""
