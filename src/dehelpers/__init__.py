"""The words a notebook speaks: connect, name, stage, wait, show, price, tear down."""

from dehelpers.connect import Session, connect, current

__all__ = ["Session", "connect", "current"]
