"""Search spaces, one file each; names with an underscore first are what several share."""
