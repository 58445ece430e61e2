"""The control page: one browser tab from which the whole instrument is played and watched.

`app` answers requests, `guard` decides whose, `hub` keeps every open page in step with the
controls, `server` runs it all in a thread of its own, and `static/` is the page itself.
"""

from bridge.web.app import create_app

__all__ = ["create_app"]
