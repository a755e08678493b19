"""Reading and writing files: nothing is half written, and damage is told in words."""
