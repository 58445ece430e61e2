"""The control page: one browser tab for playing and watching the whole instrument.

`app` answers requests, `guard` controls access, `hub` keeps every open page in sync with the
controls, `server` runs it all on a separate thread, and `static/` is the page itself.
"""

from bridge.web.app import create_app

__all__ = ["create_app"]
