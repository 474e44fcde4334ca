"""One running bridge: the core with a clock, a store, a broker and players around it."""

from bridge.runtime.runtime import Runtime

__all__ = ["Runtime"]
