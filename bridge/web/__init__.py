"""The bridge over HTTP."""

from bridge.web.app import create_app, create_metrics_app

__all__ = ["create_app", "create_metrics_app"]
