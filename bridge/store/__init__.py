"""What must survive: who the bridge is, what fires, how every event ended, what waits for the broker.

SQLite in WAL mode, one file, one writer thread. Everything that is handed in while a commit runs goes into the
next one, so a burst costs few commits. A write is safe once its future is done (`synchronous=NORMAL`: it survives
the death of the bridge; the last moments before a power cut may be lost).

A write that fails because the file cannot be written now (locked, disk full) is owed: the next write, also an empty
one, brings it along. Where too much is owed, or the file was damaged, cut off or taken away (it is kept aside, and a new one
begun), the store says that it forgot something: until all that the bridge knows is written anew, nothing is called safe.
What the bridge knows and decides upon is so never missing from what it remembers.
"""

from bridge.store.batch import Batch, weight
from bridge.store.retention import Retention
from bridge.store.rows import OpenRow, Remembered
from bridge.store.store import Store

__all__ = ["Batch", "OpenRow", "Remembered", "Retention", "Store", "weight"]
