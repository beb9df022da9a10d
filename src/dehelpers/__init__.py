"""The words a notebook speaks: connect, name, stage, wait, show, price, tear down."""
