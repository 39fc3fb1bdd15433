"""Where the bytes of a lake are: files on a disk or objects in a bucket, and their paths."""
