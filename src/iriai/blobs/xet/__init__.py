"""The Xet formats: hashes, xorbs, shards and reconstruction plans. Bytes in, values out."""
