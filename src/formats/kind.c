/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/kind_internal.h"

#include "base/cursor.h"

#include <stdio.h>
#include <string.h>

/* ---- those that are a run of bytes at one place ---- */

static const struct {
    const char *bytes;
    size_t size;
    size_t offset;
    const char *word, *text, *detail;
} signatures[] = {
    {SIGNATURE("7z\xbc\xaf\x27\x1c"), 0, "7z", "7z archive", ""},
    {SIGNATURE("Rar!\x1a\x07\x00"), 0, "rar", "rar archive", ""},
    {SIGNATURE("Rar!\x1a\x07\x01\x00"), 0, "rar", "rar archive", "version 5"},
    {SIGNATURE("\xfd"
               "7zXZ\x00"),
     0, "xz", "xz compressed data", ""},
    {SIGNATURE("\x28\xb5\x2f\xfd"), 0, "zstd", "zstd compressed data", ""},
    {SIGNATURE("EVF\x09\x0d\x0a\xff\x00"), 0, "ewf", "E01 image", ""},
    {SIGNATURE("LVF\x09\x0d\x0a\xff\x00"), 0, "ewf-logical", "L01 logical image", ""},
    {SIGNATURE("EVF2\x0d\x0a\x81\x00"), 0, "ewf", "Ex01 image", "version 2"},
    {SIGNATURE("LEF2\x0d\x0a\x81\x00"), 0, "ewf-logical", "Lx01 logical image", "version 2"},
    {SIGNATURE("AFF10\x0d\x0a\x00"), 0, "aff", "AFF image", ""},
    {SIGNATURE("KDMV"), 0, "vmdk", "VMDK disk image", "sparse extent"},
    {SIGNATURE("COWD"), 0, "vmdk", "VMDK disk image", "sparse extent of ESX"},
    {SIGNATURE("# Disk DescriptorFile"), 0, "vmdk", "VMDK disk image", "descriptor alone"},
    {SIGNATURE("conectix"), 0, "vhd", "VHD disk image", "dynamic or differencing"},
    {SIGNATURE("vhdxfile"), 0, "vhdx", "VHDX disk image", ""},
    {SIGNATURE("\x7f\x10\xda\xbe"), 64, "vdi", "VDI disk image", ""},
    {SIGNATURE("\x3a\xff\x26\xed"), 0, "android-sparse", "Android sparse image", ""},
    {SIGNATURE("encrcdsa"), 0, "apple-encrypted", "encrypted Apple disk image", ""},
    {SIGNATURE("SQLite format 3\x00"), 0, "sqlite", "SQLite database", ""},
    {SIGNATURE("bplist00"), 0, "plist", "binary property list", ""},
    {SIGNATURE("%PDF-"), 0, "pdf", "PDF document", ""},
    {SIGNATURE("LUKS\xba\xbe"), 0, "luks", "LUKS encrypted volume", ""},
    {SIGNATURE("-FVE-FS-"), 3, "bitlocker", "BitLocker encrypted volume", ""},
    {SIGNATURE("NTFS    "), 3, "ntfs", "NTFS volume", ""},
    {SIGNATURE("EXFAT   "), 3, "exfat", "exFAT volume", ""},
    {SIGNATURE("FAT32   "), 82, "fat", "FAT volume", "FAT32"},
    {SIGNATURE("FAT16   "), 54, "fat", "FAT volume", "FAT16"},
    {SIGNATURE("FAT12   "), 54, "fat", "FAT volume", "FAT12"},
    {SIGNATURE("NXSB"), 32, "apfs", "APFS container", ""},
    {SIGNATURE("XFSB"), 0, "xfs", "XFS volume", ""},
    {SIGNATURE("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), 0, "ole", "OLE compound file", ""},
    {SIGNATURE("{\\rtf"), 0, "rtf", "RTF document", ""},
    {SIGNATURE("\xff\xd8\xff"), 0, "jpeg", "JPEG picture", ""},
    {SIGNATURE("\x89PNG\x0d\x0a\x1a\x0a"), 0, "png", "PNG picture", ""},
    {SIGNATURE("GIF87a"), 0, "gif", "GIF picture", ""},
    {SIGNATURE("GIF89a"), 0, "gif", "GIF picture", ""},
    {SIGNATURE("II*\x00"), 0, "tiff", "TIFF picture", "little-endian"},
    {SIGNATURE("MM\x00*"), 0, "tiff", "TIFF picture", "big-endian"},
    {SIGNATURE("\x7f"
               "ELF"),
     0, "elf", "ELF program or library", ""},
    {SIGNATURE("regf"), 0, "regf", "Windows registry hive", ""},
    {SIGNATURE("ElfFile\x00"), 0, "evtx", "Windows event log", ""},
    {SIGNATURE("\x4c\x00\x00\x00\x01\x14\x02\x00\x00\x00\x00\x00\xc0\x00\x00\x00\x00\x00\x00\x46"),
     0, "lnk", "Windows shortcut", ""},
    {SIGNATURE("\xef\xcd\xab\x89"), 4, "ese", "ESE database", ""},
    {SIGNATURE("\x1a\x45\xdf\xa3"), 0, "matroska", "Matroska or WebM recording", ""},
    {SIGNATURE("OggS\x00"), 0, "ogg", "Ogg recording", ""},
    {SIGNATURE("fLaC\x00\x00\x00\x22"), 0, "flac", "FLAC recording", ""},
    {SIGNATURE("ID3"), 0, "mp3", "MP3 recording", "with ID3v2"},
    {SIGNATURE("EFI PART"), 512, "disk", "disk image", "GPT, sectors of 512 bytes"},
    {SIGNATURE("EFI PART"), 4096, "disk", "disk image", "GPT, sectors of 4096 bytes"},
};

bool kind_has(const uint8_t *head, size_t size, size_t offset, const char *bytes, size_t count) {
    return offset <= size && count <= size - offset && memcmp(head + offset, bytes, count) == 0;
}

bool kind_say(struct kind *ret, const char *word, const char *text, const char *detail) {
    ret->word = word;
    ret->text = text;
    (void)snprintf(ret->detail, sizeof ret->detail, "%s", detail);
    return true;
}

static bool by_signature(const uint8_t *head, size_t size, struct kind *ret) {
    for (size_t i = 0; i < sizeof signatures / sizeof signatures[0]; i++)
        if (kind_has(head, size, signatures[i].offset, signatures[i].bytes, signatures[i].size))
            return kind_say(ret, signatures[i].word, signatures[i].text, signatures[i].detail);
    return false;
}

/* ---- those that take a closer look ---- */

/* By the name of the first member. A package whose writer began otherwise, and everything else that
 * is a zip underneath (a UFDR, an app), is called a zip. */
static bool zip_name(const uint8_t *name, size_t size, const char *detail, struct kind *ret) {
    static const char *const office[] = {
        "[Content_Types].xml", "_rels/.rels", "docProps/", "word/", "xl/", "ppt/"};
    static const char aff4[] = "container.description";
    if (size == sizeof aff4 - 1 && memcmp(name, aff4, size) == 0)
        return kind_say(ret, "aff4", "AFF4 image", detail);
    for (size_t i = 0; i < sizeof office / sizeof office[0]; i++)
        if (kind_has(name, size, 0, office[i], strlen(office[i])))
            return kind_say(ret, "ooxml", "Office Open XML document", detail);
    return false;
}

/* OpenDocument 1.2 part 3 §3.3, EPUB OCF 3.2 §4.3: the first member is stored, and says it. */
static bool zip_mimetype(const uint8_t *name, size_t size, const char *detail, struct kind *ret) {
    if (kind_has(name, size, 0, SIGNATURE("mimetypeapplication/vnd.oasis.opendocument.")))
        return kind_say(ret, "odf", "OpenDocument document", detail);
    if (kind_has(name, size, 0, SIGNATURE("mimetypeapplication/epub+zip")))
        return kind_say(ret, "epub", "EPUB book", detail);
    return false;
}

static bool zip_member(const uint8_t *head, size_t size, size_t offset, const char *detail,
                       struct kind *ret) {
    struct ex_cursor c = ex_cursor_make(head, size);
    (void)ex_cursor_bytes(&c, offset + 26);
    size_t name_bytes = ex_cursor_le16(&c), extra_bytes = ex_cursor_le16(&c);
    if (ex_cursor_check(&c, "a header", NULL) != EX_OK)
        return false;
    size_t left = ex_cursor_left(&c);
    const uint8_t *name = ex_cursor_bytes(&c, left);
    if ((name_bytes <= left && zip_name(name, name_bytes, detail, ret)) ||
        (extra_bytes == 0 && zip_mimetype(name, left, detail, ret)))
        return true;
    return kind_say(ret, "zip", "zip archive", detail);
}

static bool is_zip(const uint8_t *head, size_t size, struct kind *ret) {
    static const uint8_t nothing[18] = {0};
    if (kind_has(head, size, 0, SIGNATURE("PK\x03\x04")))
        return zip_member(head, size, 0, "", ret);
    if (kind_has(head, size, 0, SIGNATURE("PK\x07\x08PK\x03\x04")))
        return zip_member(head, size, 4, "first of several parts", ret);
    if (kind_has(head, size, 0, SIGNATURE("PK00PK\x03\x04")))
        return zip_member(head, size, 4, "made in parts, and is one", ret);
    /* The end record alone, all of it zero but for the length of its comment. */
    if (kind_has(head, size, 0, SIGNATURE("PK\x05\x06")) && size >= 22 &&
        memcmp(head + 4, nothing, 16) == 0)
        return kind_say(ret, "zip", "zip archive", "empty");
    return false;
}

static bool is_gzip(const uint8_t *head, size_t size, struct kind *ret) {
    if (size < 10 || !kind_has(head, size, 0, SIGNATURE("\x1f\x8b\x08")) || (head[3] & 0xe0) != 0)
        return false;
    return kind_say(ret, "gzip", "gzip compressed data", "");
}

static bool is_bzip2(const uint8_t *head, size_t size, struct kind *ret) {
    bool level = size > 3 && head[3] >= '1' && head[3] <= '9';
    if (!level || !kind_has(head, size, 0, SIGNATURE("BZh")) ||
        (!kind_has(head, size, 4, SIGNATURE("1AY&SY")) &&
         !kind_has(head, size, 4, SIGNATURE("\x17\x72\x45\x38\x50\x90"))))
        return false;
    return kind_say(ret, "bzip2", "bzip2 compressed data", "");
}

static bool is_qcow(const uint8_t *head, size_t size, struct kind *ret) {
    struct ex_cursor c = ex_cursor_make(head, size);
    char detail[32];
    if (!kind_has(head, size, 0, SIGNATURE("QFI\xfb")))
        return false;
    (void)ex_cursor_be32(&c);
    uint32_t version = ex_cursor_be32(&c);
    if (version < 1 || version > 3)
        return false;
    (void)snprintf(detail, sizeof detail, "version %u", version);
    return kind_say(ret, version == 1 ? "qcow" : "qcow2",
                    version == 1 ? "QCOW disk image" : "QCOW2 disk image", detail);
}

/* A line of letters, digits and dashes. */
static bool plain_line(struct ex_cursor *c, char *to, size_t to_bytes) {
    size_t size = 0;
    const char *line = ex_cursor_line(c, &size);
    if (line == NULL || size == 0 || size >= to_bytes)
        return false;
    for (size_t i = 0; i < size; i++)
        if (strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-", line[i]) ==
                NULL ||
            line[i] == '\0')
            return false;
    memcpy(to, line, size);
    to[size] = '\0';
    return true;
}

/* ANDROID BACKUP, and on lines of their own: version, compressed or not, encryption. */
static bool is_android_backup(const uint8_t *head, size_t size, struct kind *ret) {
    struct ex_cursor c = ex_cursor_make(head, size);
    char version[8], compressed[8], encryption[16], detail[KIND_DETAIL_BYTES] = "";
    if (!kind_has(head, size, 0, SIGNATURE("ANDROID BACKUP\n")))
        return false;
    (void)ex_cursor_bytes(&c, sizeof "ANDROID BACKUP\n" - 1);
    if (plain_line(&c, version, sizeof version) && plain_line(&c, compressed, sizeof compressed) &&
        plain_line(&c, encryption, sizeof encryption))
        (void)snprintf(detail, sizeof detail, "version %s, %s, encryption %s", version,
                       strcmp(compressed, "1") == 0   ? "compressed"
                       : strcmp(compressed, "0") == 0 ? "not compressed"
                                                      : "compression not known",
                       encryption);
    return kind_say(ret, "android-backup", "Android backup", detail);
}

/* An octal number with spaces in front and a NUL or a space behind it. */
static bool octal(const uint8_t *text, size_t size, uint32_t *ret) {
    size_t i = 0;
    uint32_t value = 0;
    while (i < size && text[i] == ' ')
        i++;
    size_t begin = i;
    for (; i < size && text[i] >= '0' && text[i] <= '7'; i++)
        value = value * 8 + (uint32_t)(text[i] - '0');
    *ret = value;
    return i > begin && i < size && (text[i] == '\0' || text[i] == ' ');
}

/* [MS-PST] §2.2.2.6: whose file it is, and a version that there is. */
static bool is_store(const uint8_t *head, size_t size, struct kind *ret) {
    struct ex_cursor c = ex_cursor_make(head, size);
    if (!kind_has(head, size, 0, SIGNATURE("!BDN")))
        return false;
    (void)ex_cursor_bytes(&c, 10);
    unsigned version = ex_cursor_le16(&c);
    if (ex_cursor_check(&c, "a head", NULL) != EX_OK || version < 14)
        return false;
    const char *detail = version < 20 ? "97 to 2002" : version < 36 ? "" : "pages of 4 KiB";
    if (kind_has(head, size, 8, SIGNATURE("SM")))
        return kind_say(ret, "pst", "Outlook data file", detail);
    if (kind_has(head, size, 8, SIGNATURE("SO")))
        return kind_say(ret, "ost", "Outlook offline data file", detail);
    if (kind_has(head, size, 8, SIGNATURE("AB")))
        return kind_say(ret, "pab", "Outlook address book", detail);
    return false;
}

/* POSIX ustar, "Header Block": the sum of all bytes, those of the sum itself taken as spaces. */
static bool is_tar(const uint8_t *head, size_t size, struct kind *ret) {
    enum { BLOCK = 512, SUM_AT = 148, SUM_BYTES = 8 };
    uint32_t said, sum = 0;
    if (size < BLOCK || head[0] == '\0' || !octal(head + SUM_AT, SUM_BYTES, &said))
        return false;
    for (size_t i = 0; i < BLOCK; i++)
        sum += i >= SUM_AT && i < SUM_AT + SUM_BYTES ? ' ' : head[i];
    if (sum != said)
        return false;
    return kind_say(ret, "tar", "tar archive",
                    kind_has(head, size, 257, SIGNATURE("ustar\x00")) ? "ustar"
                    : kind_has(head, size, 257, SIGNATURE("ustar  ")) ? "gnu"
                                                                      : "old form");
}

/* The superblock at 1024: magic, and numbers that make sense beside it, for two bytes are few. */
static bool is_ext(const uint8_t *head, size_t size, struct kind *ret) {
    struct ex_cursor c = ex_cursor_make(head, size);
    (void)ex_cursor_bytes(&c, 1024);
    uint32_t inodes = ex_cursor_le32(&c), blocks = ex_cursor_le32(&c);
    (void)ex_cursor_bytes(&c, 16);
    uint32_t block_shift = ex_cursor_le32(&c);
    (void)ex_cursor_bytes(&c, 28);
    if (ex_cursor_le16(&c) != 0xef53 || inodes == 0 || blocks == 0 || block_shift > 6)
        return false;
    return kind_say(ret, "ext", "ext2, ext3 or ext4 volume", "");
}

/* A table of four entries, each empty or sensible, and at least one in use. */
static bool is_mbr(const uint8_t *head, size_t size, struct kind *ret) {
    struct ex_cursor c = ex_cursor_make(head, size);
    unsigned used = 0;
    if (!kind_has(head, size, 510, SIGNATURE("\x55\xaa")))
        return false;
    (void)ex_cursor_bytes(&c, 446);
    for (int i = 0; i < 4; i++) {
        uint8_t boot = ex_cursor_u8(&c);
        (void)ex_cursor_bytes(&c, 3);
        uint8_t type = ex_cursor_u8(&c);
        (void)ex_cursor_bytes(&c, 3);
        uint32_t first = ex_cursor_le32(&c), sectors = ex_cursor_le32(&c);
        if (boot != 0 && boot != 0x80)
            return false;
        if (type != 0 && (first == 0 || sectors == 0))
            return false;
        used += type != 0;
    }
    return used > 0 && kind_say(ret, "disk", "disk image", "MBR");
}

void kind_of_bytes(const uint8_t *head, size_t size_bytes, struct kind *ret) {
    *ret = (struct kind){0};
    if (size_bytes == 0) {
        (void)kind_say(ret, "empty", "nothing: it has no bytes", "");
        return;
    }
    size_t size = size_bytes < KIND_HEAD_BYTES ? size_bytes : KIND_HEAD_BYTES;
    (void)(is_zip(head, size, ret) || is_gzip(head, size, ret) || is_bzip2(head, size, ret) ||
           is_android_backup(head, size, ret) || is_qcow(head, size, ret) ||
           is_store(head, size, ret) || by_signature(head, size, ret) || is_tar(head, size, ret) ||
           is_ext(head, size, ret) || is_mbr(head, size, ret) || kind_of_system(head, size, ret) ||
           kind_of_media(head, size, ret) || kind_of_text(head, size, ret));
}

/* A record of the end whose comment, up to the end of the file, is the name of an AFF4 volume. */
static bool is_aff4_end(const uint8_t *tail, size_t size) {
    enum { END_BYTES = 22 };
    for (size_t at = 0; at + END_BYTES <= size; at++) {
        struct ex_cursor c = ex_cursor_make(tail + at, size - at);
        const uint8_t *end = ex_cursor_bytes(&c, END_BYTES - 2);
        if (memcmp(end, "PK\x05\x06", 4) == 0 && ex_cursor_le16(&c) == ex_cursor_left(&c) &&
            kind_has(tail, size, at + END_BYTES, SIGNATURE("aff4://")))
            return true;
    }
    return false;
}

bool kind_of_tail(const uint8_t *tail, size_t size_bytes, struct kind *ret) {
    enum { FOOTER_BYTES = 512 };
    *ret = (struct kind){0};
    if (size_bytes > KIND_TAIL_BYTES) {
        tail += size_bytes - KIND_TAIL_BYTES;
        size_bytes = KIND_TAIL_BYTES;
    }
    /* The first versions of Virtual PC left out the last byte. */
    if ((size_bytes == FOOTER_BYTES && kind_has(tail, size_bytes, 0, SIGNATURE("conectix"))) ||
        (size_bytes >= FOOTER_BYTES - 1 &&
         kind_has(tail, size_bytes, size_bytes - (FOOTER_BYTES - 1), SIGNATURE("conectix"))))
        return kind_say(ret, "vhd", "VHD disk image", "fixed, or its footer");
    return is_aff4_end(tail, size_bytes) && kind_say(ret, "aff4", "AFF4 image", "");
}

const char *kind_parser(const struct kind *k) {
    static const char *const SAME[] = {"ewf", "aff4", "qcow2", "vhd", "vhdx", "vmdk"};
    if (k->word == NULL || strcmp(k->detail, "sparse extent of ESX") == 0 ||
        (strcmp(k->word, "ewf") == 0 && k->detail[0] != '\0')) /* Ex01 */
        return NULL;
    for (size_t i = 0; i < sizeof SAME / sizeof SAME[0]; i++)
        if (strcmp(k->word, SAME[i]) == 0)
            return SAME[i];
    return NULL;
}

/* ---- folders ---- */

static bool is_there(const char *const *name, size_t count, const char *wanted) {
    for (size_t i = 0; i < count; i++)
        if (strcmp(name[i], wanted) == 0)
            return true;
    return false;
}

void kind_of_names(const char *const *name, size_t count, struct kind *ret) {
    *ret = (struct kind){0};
    bool info = is_there(name, count, "Info.plist");
    if (info && is_there(name, count, "Manifest.db"))
        (void)kind_say(ret, "itunes-backup", "iTunes or Finder backup", "Manifest.db, Info.plist");
    else if (info && is_there(name, count, "Manifest.mbdb"))
        (void)kind_say(ret, "itunes-backup", "iTunes backup", "Manifest.mbdb, Info.plist");
}
