"""Latency of a network on an Android phone, measured over adb."""
