"""The Singing Pager: hear how your systems are."""

__version__ = "0.1.0"
