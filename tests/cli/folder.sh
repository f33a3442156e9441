# SPDX-License-Identifier: Apache-2.0
# A folder: taken, partly taken, looked at, restored.
make_vault
umask 022
mkdir -p case/mail case/cache
echo 'a letter' >case/mail/letter.txt
echo 'another' >case/mail/other.txt
echo junk >case/cache/junk
ln case/mail/letter.txt case/mail/copy.txt
ln -s letter.txt case/mail/link
mkfifo case/fifo
# Inode numbers stand in the stream, and not every file system notes times of access.
steady() {
    sed -e 's/^\(Size  *\).*/\1SIZE/' -e '/access time may have changed/d' -e 's/, [0-9]* bytes$/, N bytes/'
}
t exhibit collect case --case 7 --label 'Desktop of the suspect' | steady
t exhibit collect case --case 7 --exclude 'cache,*.tmp' --newer 2000-01-01 --type file,symlink | steady
t exhibit item show 7/2 --quiet | steady
t exhibit export 7/1 --format files --output restored
s 'diff -r --no-dereference case/mail restored/content/mail && ls -1 restored restored/exhibit'
t exhibit export 7/1 --format files --output restored --quiet
t exhibit export 7/1 --format files --output - --quiet
s 'exhibit export 7/1 --format raw --output - --quiet 2>/dev/null | tar -tf -'
t exhibit collect case --case 7 --newer yesterday
t exhibit collect case --case 7 --type files
t exhibit collect case --case 7 --min-size 1k
t exhibit collect case/mail/letter.txt --case 7 --exclude x
s 'exhibit collect case/mail/letter.txt --case 7 --quiet >/dev/null; exhibit export 7/3 --format files --output no'
