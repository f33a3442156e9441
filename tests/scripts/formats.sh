#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The formats of packages against other people's programs: what they read of ours and we of theirs,
# and the bags of the BagIt conformance suite. tests/scripts/formats.sh EXHIBIT   (TAP)
#
# Needs the helper that is built with the unit tests of EXHIBIT's build directory.
# shellcheck disable=SC2016,SC2094 # `sh -c` expands; "bagit.txt" is also the name of a command of ours
vectors=$(cd "$(dirname "$0")/../vectors/bagit" && pwd)
makers=$(cd "$(dirname "$0")" && pwd)/formats-make.py
tool=$(realpath "$(dirname "$1")/../../tests/unit/formats/formats_tool")
# shellcheck source=tests/scripts/tap.inc
. "$(dirname "$0")/tap.inc" formats "$1"
umask 022

says() { # TEXT COMMAND…: fails, and says why
    local text=$1
    shift
    ! "$@" >said 2>&1 && cat said && grep -qF -- "$text" said
}
from() { # ARCHIVE COMMAND…
    local file=$1
    shift
    "$@" <"$file"
}
refuses() { # TEXT ARCHIVE
    says "$1" from "$2" "$tool" list
}

# ---- a tree, in our tar, for others ----

long=$(printf 'part-%02d/' 1 2 3 4 5 6 7 8 9 10 11 12)
longer=$(printf 'a-longer-part-of-a-path-%02d/' 1 2 3 4 5 6 7 8 9 10 11 12)
mkdir -p "tree/data/$long" "tree/data/$longer" tree/data/empty
: >tree/data/zero
for size in 1 511 512 513 70000; do head -c $size /dev/urandom >tree/data/of-$size; done
echo long >"tree/data/${long}file"
echo longer >"tree/data/${longer}file"
echo name >"tree/data/ភាសាខ្មែរ ü 日本"
cd tree || exit 1
mapfile -t paths < <(find data -mindepth 1 | sort)
find data -type f -print0 | sort -z | xargs -0 sha256sum >../sums
"$tool" tar "${paths[@]}" >../ours.tar
"$tool" tar "${paths[@]}" >../again.tar
cd .. || exit 1

check "the same tar twice" cmp ours.tar again.tar
unpacked() { # COMMAND…: into a new directory, as it was
    rm -rf out && mkdir out && (cd out && "$@") && diff -r tree out && (cd out && sha256sum --quiet -c ../sums)
}
check "GNU tar reads ours" unpacked tar -xf ../ours.tar
check "and says nothing about it" sh -c '[ -z "$(tar -tf ours.tar 2>&1 >/dev/null)" ]'
check "Python reads ours" unpacked python3 -c 'import tarfile; tarfile.open("../ours.tar").extractall()'
if command -v bsdtar >/dev/null; then
    check "bsdtar reads ours" unpacked bsdtar -xf ../ours.tar
else
    skip "bsdtar reads ours" "no bsdtar (libarchive-tools)"
fi
check "owners, times and modes are fixed" sh -c \
    'tar --utc --numeric-owner --full-time -tvf ours.tar | grep -v "^[-d]r[-wx]*.* 0/0 .* 2023-11-14 22:13:20 " | wc -l | grep -qx 0'

# ---- others' tar, for us ----

reads() { # ARCHIVE: each file with its hash
    "$tool" list <"$1" >listed || return 1
    grep -v '/$' listed | LC_ALL=C sort >got
    LC_ALL=C sort sums | diff - got
}
check "we read ours" reads ours.tar
tar -C tree --format=pax -cf theirs.tar data
check "we read GNU tar's pax form" reads theirs.tar
if command -v bsdtar >/dev/null; then
    bsdtar -C tree --format pax -cf theirs.tar data
    check "we read bsdtar's pax form" reads theirs.tar
else
    skip "we read bsdtar's pax form" "no bsdtar (libarchive-tools)"
fi
python3 -c 'import tarfile
with tarfile.open("theirs.tar", "w", format=tarfile.PAX_FORMAT) as t: t.add("tree/data", "data")'
check "we read Python's pax form" reads theirs.tar
rm -rf "tree/data/part-01" "tree/data/a-longer-part-of-a-path-01"
(cd tree && find data -type f -print0 | sort -z | xargs -0 sha256sum) >sums
for form in ustar gnu; do
    tar -C tree --format=$form -cf theirs.tar data
    check "we read GNU tar's $form form" reads theirs.tar
done
check "but not what is beyond ASCII, when asked" says ASCII from theirs.tar "$tool" list-ascii

# ---- what a package must not hold ----

python3 "$makers" hostile || exit 1
while IFS=$'\t' read -r name text; do
    check "refused: $name" refuses "$text" "hostile/$name.tar"
done <hostile/list
mkdir -p links && echo x >links/file && ln links/file links/hard && ln -s file links/soft && mkfifo links/fifo
tar -cf theirs.tar links/soft && check "refused: GNU tar's symbolic link" refuses "symbolic link" theirs.tar
tar -cf theirs.tar links/file links/hard && check "refused: GNU tar's hard link" refuses "hard link" theirs.tar
tar -cf theirs.tar links/fifo && check "refused: GNU tar's FIFO" refuses "FIFO" theirs.tar
tar -cf theirs.tar -C /dev null && check "refused: GNU tar's device" refuses "device" theirs.tar
truncate -s 1M links/holes && echo x >>links/holes
tar --format=gnu -Scf theirs.tar links/holes && check "refused: GNU tar's sparse file" refuses "sparse" theirs.tar
tar --format=pax -Scf theirs.tar links/holes && check "refused: the same in pax form" refuses "GNU.sparse" theirs.tar
cut_after() { # BYTES: every cut of ours is told as one
    head -c "$1" ours.tar >cut.tar && refuses "cut short" cut.tar
}
for bytes in 0 100 512 700 2048; do check "cut short after $bytes bytes" cut_after $bytes; done

# ---- beyond 8 GiB ----

size=$((9 * 1024 * 1024 * 1024 + 1))
if "$tool" tar-sparse $size >huge.tar && [ "$(stat -c %s huge.tar)" -gt $size ]; then
    lists() { # COMMAND…: both members, the first with its size
        "$@" >said 2>&1 && grep "$size" said && grep small said
    }
    check "GNU tar sees a member of 9 GiB in ours" lists tar -tvf huge.tar
    check "Python too" lists python3 -c 'import tarfile; [print(m.size, m.name) for m in tarfile.open("huge.tar")]'
    ! command -v bsdtar >/dev/null || check "bsdtar too" lists bsdtar -tvf huge.tar
    rm -f huge.tar
else
    skip "a member of 9 GiB" "no file with holes of this size here"
fi
if truncate -s $size huge.raw; then
    huge() { # COMMAND…: the header that others write for it
        "$@" 2>/dev/null | head -c 4096 >head.tar
        [ "$("$tool" first <head.tar)" = "$size huge.raw" ]
    }
    check "we see one in GNU tar's" huge tar --format=pax -cf - huge.raw
    ! command -v bsdtar >/dev/null || check "we see one in bsdtar's" huge bsdtar --format pax --no-read-sparse -cf - huge.raw
    check "we see one in Python's" huge python3 -c "import sys, tarfile; t = tarfile.TarInfo('huge.raw'); t.size = $size
sys.stdout.buffer.write(t.tobuf(tarfile.PAX_FORMAT))"
    rm -f huge.raw
fi

# ---- a bag of ours ----

mkdir -p bag/data/sub && head -c 3000 /dev/urandom >bag/data/one && echo two >bag/data/sub/two
cd bag || exit 1
"$tool" bagit.txt >bagit.txt
"$tool" info Source-Organization 'Agency' External-Description "$(printf 'word %.0s' {1..60})x" Payload-Oxum 3004.2 >bag-info.txt
"$tool" manifest data/one data/sub/two >manifest-sha256.txt
"$tool" manifest bagit.txt bag-info.txt manifest-sha256.txt >tagmanifest-sha256.txt
cd .. || exit 1
in_bag() { (cd bag && "$@"); }
valid() { # COMMAND…
    "$@" >said && cat said && grep -q '^valid ' said
}
check "sha256sum reads our manifests" in_bag sha256sum --strict -c manifest-sha256.txt tagmanifest-sha256.txt
check "no line is over 79 characters" sh -c '! grep -E "^.{80}" bag/bag-info.txt'
check "our bag is valid" valid "$tool" bag bag
tar --format=pax -cf bag.tar bag
check "and in GNU tar's archive" valid from bag.tar "$tool" bag-tar
mapfile -t paths < <(find bag -type f | sort -r)
"$tool" tar "${paths[@]}" >bag.tar
check "and in ours, the other way round" valid from bag.tar "$tool" bag-tar
echo more >>bag/data/sub/two
"$tool" tar "${paths[@]}" >bag.tar
check "an altered file is told" says "data/sub/two is altered" "$tool" bag bag
check "and in an archive" says "data/sub/two is altered" from bag.tar "$tool" bag-tar
check "as sha256sum does" says FAILED in_bag sha256sum -c manifest-sha256.txt

# ---- the conformance suite ----

# Judged otherwise than the suite wants, which was made on systems that take these names for others.
otherwise() { # BAG
    case $1 in
    v0.97/warning/duplicate-file-with-different-case) echo "lists data/HELLO.txt, and only data/hello.txt is there" ;;
    v0.97/warning/same-filename-listed-twice-with-different-normalization) echo "lists a name in two spellings, and one of them is there" ;;
    v0.97/warning/special-system-files) echo "lists data/.DS_Store, which is not there" ;;
    *) return 1 ;;
    esac
}
judge() { # BAG: as its folder says
    local grade wanted=${1%/*}
    "$tool" bag "$1" >said
    cat said
    grade=$(head -n 1 said | cut -d ' ' -f 1)
    if otherwise "$1" >/dev/null; then
        [ "$grade" = invalid ] && grep -q 'invalid: .* is not there.*, and is in' said
        return
    fi
    case ${wanted#*/} in
    valid) [ "$grade" = valid ] || [ "$grade" = warning ] ;;
    warning) [ "$grade" = warning ] && grep 'warning: ' said | grep -qv 'only md5 or sha1' ;;
    *) [ "$grade" = invalid ] ;;
    esac
}
mkdir suite && cd suite || exit 1
tar -xzf "$vectors/bagit-conformance-v0.97-v1.0.tar.gz" || exit 1
for bag in v*/*/*/; do
    bag=${bag%/}
    if reason=$(otherwise "$bag"); then
        check "judged otherwise, as invalid: $bag: $reason" judge "$bag"
    else
        check "$bag" judge "$bag"
    fi
done
check "all 46 bags of the suite were judged, 5 of them BagIt 1.0 and 41 of them 0.97 or 0.96" \
    sh -c '[ "$(ls -d v1.0/*/*/ | wc -l) $(ls -d v0.97/*/*/ | wc -l)" = "5 41" ]'
cd .. || exit 1

echo "1..$count"
