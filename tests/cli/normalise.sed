# What differs from run to run and from machine to machine. Hashes that a script registered stand
# between @ signs here and are left alone.

# how it was read back depends on the file system; the sentence may take more than a line
/^  how:*  /{
:how
$!N
/\n \{21,22\}[^ ]/{
s/\n.*//
$!b how
}
s/^\(  how:*  *\)[^\n]*/\1HOW/
P
D
}

# not every file system gives leases, nor to everybody
/^N[oO][tT] [cC][hH][eE][cC][kK][eE][dD]:*  *whether it was written/{
:guard
$!N
/\n \{21,22\}[^ ]/{
s/\n.*//
$!b guard
}
D
}

# times, and how long it took
s/20[0-9][0-9]-[0-9][0-9]-[0-9][0-9][ T][0-9][0-9]:[0-9][0-9]:[0-9][0-9]\.[0-9]\{9\}Z/TIME/g
s/20[0-9][0-9]-[0-9][0-9]-[0-9][0-9] [0-9][0-9]:[0-9][0-9]:[0-9][0-9]\(\.[0-9][0-9][0-9]\)* UTC/TIME/g
s/20[0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[0-9][0-9]:[0-9][0-9]:[0-9][0-9]Z/TIME/g
s/"seconds":[0-9.]*/"seconds":N/g
s/ [0-9:]*[0-9]:[0-5][0-9]  \(held\|NOT\|INTER\)/ M:SS  \1/

# ids, hashes, keys
s/\([^0-9a-f@]\|^\)[0-9a-f]\{64\}\([^0-9a-f@]\|$\)/\1HASH\2/g
s/\([^0-9a-f@]\|^\)[0-9a-f]\{64\}\([^0-9a-f@]\|$\)/\1HASH\2/g
s/\([^0-9a-f]\|^\)[0-9a-f]\{32\}\([^0-9a-f]\|$\)/\1ID\2/g
s/\([^0-9a-f]\|^\)[0-9a-f]\{32\}\([^0-9a-f]\|$\)/\1ID\2/g
s/+[0-9a-f]\{8\}+[A-Za-z0-9+/]\{44\}/+KEYID+KEY/g
s/[A-Za-z0-9+/]\{42,\}=\{1,2\}/BASE64/g

s/RW[A-Za-z0-9+\/]\{54\}/MINISIGNKEY/g
s/age1[a-z0-9]\{58\}/AGERECIPIENT/g
s/AAAAC3NzaC1lZDI1NTE5AAAA[A-Za-z0-9+\/]\{44\}/SSHKEY/g

s/key with number [0-9A-F]\{16\}, not by [0-9A-F]\{16\}/key with number NUMBER, not by NUMBER/

# the machine
s/^\(    by .*, on \).*/\1HOST/
s/^    on .*/    on HOST/
s/^\( *hostname: \).*/\1HOST/
s/^\( *system: \).*/\1SYSTEM/
s/^\( *user: \).*/\1USER/
s/^\( *version: \).*/\1VERSION/
s/^\( *device: \).*/\1N/
s/^\( *inode: \).*/\1N/
s/"hostname":"[^"]*"/"hostname":"HOST"/g
s/"machine":"[^"]*"/"machine":"HOST"/g
s/"system":"[^"]*"/"system":"SYSTEM"/g
s/"user":"[^"]*"/"user":"USER"/g
s/"device":\("[^"]*"\|[0-9]*\)/"device":N/g
s/"inode":[0-9]*/"inode":N/g
/nothing was setting this machine's clock/d
s/"clock":"[^"]*"/"clock":"CLOCK"/g
s/"clock_free":[0-9]*/"clock_free":N/g
s/\(entries by a clock that nothing sets: \)[0-9]*/\1N/

# what depends on the file system and on the version of the compressor
s/^\(Added to disk  *\).*/\1SIZE/
s/^\(Stored  *\).*/\1SIZE/
s/^\(Segments  *[0-9]*, \).*/\1SIZE/
s/"\(added_bytes\|stored_bytes\)":[0-9]*/"\1":N/g
s/^\( *\(added_bytes\|stored_bytes\): \).*/\1N/
s/^\( *readback_method: \).*/\1METHOD/
s/"readback_method":"[^"]*"/"readback_method":"METHOD"/g
/^  found:$/{
N
/entries were made while nothing kept the machine's clock right$/d
}
/entries were made while nothing kept the machine's clock right$/d
s/\.[0-9a-f]\{8\}\.part/.RANDOM.part/g
s/bytes [0-9]* to [0-9]* of the item/bytes N to N of the item/
# not every file system gives leases, nor to everybody
s/\(kept from being written to while it was read: \)\(yes\|no\)$/\1YES OR NO/
s/^\( *write_guarded: \)\(yes\|no\)$/\1YES OR NO/
s/"write_guarded":\(true\|false\)/"write_guarded":BOOLEAN/g
# of an acquisition report
s/^\(\(Machine\|System\|User\|Program\|Clock\|Guarded\|  how\):  *\).*/\1…/
