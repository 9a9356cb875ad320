"""One file a revision; `revision` and `down_revision` chain them."""
