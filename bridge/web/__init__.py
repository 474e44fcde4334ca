"""The bridge over HTTP."""

from bridge.web.app import create_app

__all__ = ["create_app"]
