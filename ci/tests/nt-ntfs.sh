#!/usr/bin/env bash
# Descriptors of ours come back byte for byte from an NTFS volume (ntfs-3g); skipped where none can be mounted.
exec "$2/ci/nt-ntfs" --tool "$1/bin/nt-access"
