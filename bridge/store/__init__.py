"""What must survive: who the bridge is, what fires, how every event ended, what waits for the broker.

SQLite in WAL mode, one file, one writer thread. Everything that is handed in while a commit runs goes into the
next one, so a burst costs few commits. A write is safe once its future is done (`synchronous=NORMAL`: it survives
the death of the bridge; the last moments before a power cut may be lost).

A write that fails because the file cannot be written now (locked, disk full) is owed: the next write, also an empty
one, brings it along. What the bridge knows by then and decides upon is so never missing from what it remembers.

A file that is damaged, or that somebody took away, is kept aside and a new one begun; who opened it is told.
"""

from bridge.store.batch import Batch, weight
from bridge.store.retention import Retention
from bridge.store.rows import OpenRow, Remembered
from bridge.store.store import Store

__all__ = ["Batch", "OpenRow", "Remembered", "Retention", "Store", "weight"]
