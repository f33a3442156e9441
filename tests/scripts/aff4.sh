#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# AFF4 volumes, sound and broken, read in the sandbox: tests/scripts/aff4.sh EXHIBIT; prints TAP.
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/scripts/tap.inc
. "$here/tap.inc" aff4 "$1"
# shellcheck source=tests/scripts/disks.inc
. "$here/disks.inc"

python3 - >source.raw <<'E1'
import random, sys
r = random.Random(13)
text = b"".join(b"line %d of what somebody wrote; " % i for i in range(30000))
sys.stdout.buffer.write(text + r.randbytes(700000) + bytes(200000) + text[:200000] + b"\xff" * 5632)
E1
truncate -s 2000384 source.raw
make() { "$here/aff4-make.py" "$1" x.aff4; }
# Its content, and the two ranges that a partial image has.
whole() { # WAY
    make "$1" || return 1
    content aff4 x.aff4 >out
    cat out
    ! grep '^fact warning\|^damaged\|^error' out && grep -qx "sha256 $(sha256sum expected.raw | cut -d' ' -f1)" out &&
        [ "$(grep '^range' out)" = "$(printf 'range 2131456 131072 2\nrange 2262528 131072 1')" ]
}
for way in snappy deflate zlib zlib-1950 lz4 lz4-size stored relative no-hashes zip64 zip64-member streamed; do
    check "$way" whole $way
done
make no-map
check "a stream without a map" same aff4 x.aff4 expected.raw
check "… its MD5 is that of the image" says aff4 x.aff4 "fact image.hash.md5 $(md5sum source.raw | cut -d' ' -f1)"
check "… and its SHA-1" says aff4 x.aff4 "fact image.hash.sha1 $(sha1sum source.raw | cut -d' ' -f1)"
make identity
check "a map that is the stream itself" same aff4 x.aff4 expected.raw
check "… its MD5 is that of the image" says aff4 x.aff4 "fact image.hash.md5 $(md5sum source.raw | cut -d' ' -f1)"
make snappy
BLOCK=1000 check "in small pieces" says aff4 x.aff4 "sha256 $(sha256sum expected.raw | cut -d' ' -f1)"
check "what it says of its case" says aff4 x.aff4 'fact case.examiner An Officer$'
check "… and of the disk" says aff4 x.aff4 'fact image.disk-serial S "1" é$'
check "its hashes are claims" says aff4 x.aff4 "fact stream.hash.md5 $(md5sum source.raw | cut -d' ' -f1)"
not_of_image() { ! content aff4 x.aff4 | grep 'fact image.hash'; }
check "… of the stream, and not of what a map makes of it" not_of_image

bad() { # WAY CODE TEXT
    make "$1" && refused aff4 x.aff4 "$2" "$3"
}
chunk_lost() { # WAY TEXT BYTES
    make "$1" && honest aff4 x.aff4 expected.raw && grep "^\(damaged\|fact warning\) .*$2" out &&
        [ "$(cat lost)" = $(($3 + 262144)) ] # with those two ranges
}
check "a flipped bit: its chunk is lost" chunk_lost flip '.' 32768
check "a chunk that fails its hash" chunk_lost hash 'its sha1 does not fit' 32768
check "a chunk that expands without end" chunk_lost bomb 'expands to more\|cannot be expanded' 32768
check "a chunk outside its bevy" chunk_lost index 'it would be 100 bytes at byte' 32768
check "an index that is too short" chunk_lost short-index 'ends with chunk 2' $((14 * 32768))
check "a bevy that is missing" chunk_lost no-bevy '1 of 4 parts' $((16 * 32768))
past() { make past-stream && says aff4 x.aff4 'range 1996288 4096 3'; }
check "a map that points behind its stream" past
check "runs that overlap" bad overlap format 'run of the map'
check "a run behind the end" bad behind format 'run of the map'
check "a run of no stream" bad no-stream format 'points to stream 9'
check "a map that fails its hash" bad map-hash altered 'mapPointHash'
check "a stream of another volume" bad volumes unsupported 'not in this volume'
check "an unknown codec" bad other unsupported 'example.org'
check "encrypted" bad encrypted unsupported 'encrypted'
check "a logical image" bad logical unsupported 'AFF4-L'
check "two images" bad two unsupported 'several images'
check "version 2" bad version unsupported 'version'
check "a statement without its end" bad turtle format 'information.turtle, line'
check "a blank node" bad blank format 'information.turtle, line'
check "chunks of 100 MB" bad chunk-size format 'in chunks of'
check "a member that stands twice" bad twice format 'stands twice'
check "another name in front of a member" bad local-name format 'disagree about its name'
check "another method" bad local-method format 'disagree about its kind'
check "another size" chunk_lost local-size 'disagree about its stored size\|disagree about its size' $((16 * 32768))
check "a member that fails its checksum" bad crc altered 'checksum\|expanded'
check "members that overlap" bad overlapping format 'reaches into what follows'
check "a directory that is elsewhere" bad directory format 'directory is said to have'
check "cut off" bad cut format 'at its end, which is missing'
check "something else" refused aff4 source.raw format 'at its end, which is missing'

known=${EXHIBIT_KNOWN_DATA:-}/aff4 # a folder of images that others made
if [ -d "$known" ]; then
    # Of its 256 MiB; SHA-1 7d3d27f6…, which other readers of AFF4 give as well.
    linear() { says aff4 "$known/Base-Linear.aff4" "md5 dd6dbda282e27fd0d196abd95f5c3e58" && ! grep '^damaged\|^fact warning\|^range' out; }
    check "known: Base-Linear.aff4" linear
    allocated() { says aff4 "$known/Base-Allocated.aff4" 'range [0-9]* [0-9]* 2' && ! grep '^damaged\|^fact warning' out; }
    check "known: Base-Allocated.aff4 has parts that are unknown" allocated
    check "known: dream.aff4 is logical" refused aff4 "$known/dream.aff4" unsupported AFF4-L
else
    skip "known volumes" "EXHIBIT_KNOWN_DATA names no folder with them"
fi
echo "1..$count"
