"""Relays on loopback: one that serves (`serving.py`), one that follows a script and misbehaves (`scripted.py`)."""
