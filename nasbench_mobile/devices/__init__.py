"""Latency measured on real hardware: phones over adb, and this machine."""
