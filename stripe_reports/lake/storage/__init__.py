"""Storage: the bytes of a lake, as files on a disk or objects in a bucket, and their paths."""
