"""The HTML door: pages that are links and forms first, and decide nothing.

A page's story: `pages/<family>.py` names its routes through `door.get` and `door.post`; the door
turns the request into an `Ask` and runs the page in a thread; the page opens one transaction, calls
queries or one action, and hands plain facts to a template through `render.page`. Errors become
pages in `problems`. How facts look to a person is said in `shown`, where things are in `links`.
"""
