"""Delivery: who gets which report, what was sent to whom, and the only code that sends."""
