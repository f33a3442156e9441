/* SPDX-License-Identifier: Apache-2.0 */
/* What first bytes look like, and above all what they do not. */
#include "../crypto/testing.h"

#include "formats/kind.h"

#include <stdio.h>

#define TEXT(text) (text), sizeof(text) - 1

struct sample {
    uint8_t bytes[KIND_HEAD_BYTES];
    size_t size;
};

static void put(struct sample *s, size_t at, const char *bytes, size_t size) {
    memcpy(s->bytes + at, bytes, size);
    s->size = at + size > s->size ? at + size : s->size;
}

/* NULL: no format, though its bytes may be text. */
static void assert_kind(const struct sample *s, const char *word, const char *detail) {
    struct kind k;
    kind_of_bytes(s->bytes, s->size, &k);
    if (word == NULL) {
        if (k.word != NULL && strcmp(k.word, "text") != 0)
            fail_msg("taken for %s (%s)", k.word, k.detail);
        return;
    }
    assert_non_null(k.word);
    assert_string_equal(k.word, word);
    assert_non_null(k.text);
    assert_string_equal(k.detail, detail);
}

/* Every beginning of a sample is nothing else, and is the kind from some size on. */
static void assert_from(struct sample *s, size_t least, const char *word) {
    size_t whole = s->size;
    for (size_t size = 1; size <= whole; size++) {
        struct kind k;
        uint8_t *exact = malloc(size); /* so that a byte too far is seen */
        assert_non_null(exact);
        memcpy(exact, s->bytes, size);
        kind_of_bytes(exact, size, &k);
        free(exact);
        if (size < least && k.word != NULL && strcmp(k.word, "text") != 0)
            fail_msg("%zu bytes of %s are taken for %s", size, word, k.word);
        if (size >= least && (k.word == NULL || strcmp(k.word, word) != 0))
            fail_msg("%zu bytes are not taken for %s", size, word);
    }
}

static void runs_of_bytes(void **state) {
    static const struct {
        const char *bytes;
        size_t size, at;
        const char *word, *detail;
    } known[] = {
        {TEXT("7z\xbc\xaf\x27\x1c"), 0, "7z", ""},
        {TEXT("Rar!\x1a\x07\x00"), 0, "rar", ""},
        {TEXT("Rar!\x1a\x07\x01\x00"), 0, "rar", "version 5"},
        {TEXT("\xfd\x37zXZ\x00"), 0, "xz", ""},
        {TEXT("\x28\xb5\x2f\xfd"), 0, "zstd", ""},
        {TEXT("EVF\x09\x0d\x0a\xff\x00"), 0, "ewf", ""},
        {TEXT("LVF\x09\x0d\x0a\xff\x00"), 0, "ewf-logical", ""},
        {TEXT("EVF2\x0d\x0a\x81\x00"), 0, "ewf", "version 2"},
        {TEXT("LEF2\x0d\x0a\x81\x00"), 0, "ewf-logical", "version 2"},
        {TEXT("AFF10\x0d\x0a\x00"), 0, "aff", ""},
        {TEXT("KDMV"), 0, "vmdk", "sparse extent"},
        {TEXT("# Disk DescriptorFile"), 0, "vmdk", "descriptor alone"},
        {TEXT("conectix"), 0, "vhd", "dynamic or differencing"},
        {TEXT("vhdxfile"), 0, "vhdx", ""},
        {TEXT("\x7f\x10\xda\xbe"), 64, "vdi", ""},
        {TEXT("SQLite format 3\x00"), 0, "sqlite", ""},
        {TEXT("LUKS\xba\xbe"), 0, "luks", ""},
        {TEXT("-FVE-FS-"), 3, "bitlocker", ""},
        {TEXT("NTFS    "), 3, "ntfs", ""},
        {TEXT("NXSB"), 32, "apfs", ""},
        {TEXT("EFI PART"), 512, "disk", "GPT, sectors of 512 bytes"},
        {TEXT("EFI PART"), 4096, "disk", "GPT, sectors of 4096 bytes"},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        struct sample s = {.size = 0};
        put(&s, known[i].at, known[i].bytes, known[i].size);
        assert_kind(&s, known[i].word, known[i].detail);
        assert_from(&s, s.size, known[i].word);
        s.bytes[known[i].at] ^= 0x20;
        assert_kind(&s, NULL, NULL);
    }
}

static void nothing_at_all(void **state) {
    struct sample s = {.size = 0};
    assert_kind(&s, "empty", "");
    for (s.size = 1; s.size <= KIND_HEAD_BYTES; s.size += 127) /* zeros are nothing */
        assert_kind(&s, NULL, NULL);
    memset(s.bytes, 0xff, sizeof s.bytes);
    s.size = sizeof s.bytes;
    assert_kind(&s, NULL, NULL);
}

/* Only at the beginning: a signature behind other bytes is content. */
static void bytes_in_front(void **state) {
    struct sample s = {.size = 0};
    put(&s, 1, TEXT("PK\x03\x04"));
    put(&s, 100, TEXT("ANDROID BACKUP\n1\n1\nnone\n"));
    put(&s, 200, TEXT("SQLite format 3\x00"));
    s.size = sizeof s.bytes;
    assert_kind(&s, NULL, NULL);
}

static void zips(void **state) {
    struct sample s = {.size = 0};
    put(&s, 0, TEXT("PK\x03\x04\x14\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x05\0\0\0a.txt"));
    assert_kind(&s, "zip", "");
    assert_from(&s, 30, "zip"); /* a local header has 30 bytes */
    struct sample aff4 = {.size = 0};
    put(&aff4, 0,
        TEXT("PK\x03\x04\x14\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x15\0\0\0container."
             "description"));
    assert_kind(&aff4, "aff4", "");
    aff4.size--; /* its name is cut off: still a zip */
    assert_kind(&aff4, "zip", "");
    struct sample empty = {.size = 0};
    put(&empty, 0, TEXT("PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"));
    assert_kind(&empty, "zip", "empty");
    assert_from(&empty, 22, "zip");
    empty.bytes[8] = 1; /* it has a member, but where? */
    assert_kind(&empty, NULL, NULL);
    struct sample part = {.size = 0};
    put(&part, 0, TEXT("PK\x07\x08"));
    put(&part, 4, (const char *)s.bytes, s.size);
    assert_kind(&part, "zip", "first of several parts");
    memcpy(part.bytes, "PK00", 4);
    assert_kind(&part, "zip", "made in parts, and is one");
    memset(part.bytes + 4, 0, 4); /* the marker alone */
    assert_kind(&part, NULL, NULL);
}

static void assert_text(const char *bytes, size_t size, const char *word, const char *detail) {
    struct sample s = {.size = 0};
    put(&s, 0, bytes, size);
    assert_kind(&s, word, detail);
}

static void assert_no_text(const char *bytes, size_t size) {
    struct kind k;
    kind_of_bytes((const uint8_t *)bytes, size, &k);
    if (k.word != NULL)
        fail_msg("taken for %s (%s)", k.word, k.detail);
}

static void put_zip(struct sample *s, const char *name, unsigned extra, const char *content) {
    *s = (struct sample){.size = 0};
    put(s, 0, TEXT("PK\x03\x04\x14\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"));
    s->bytes[26] = (uint8_t)strlen(name);
    s->bytes[28] = (uint8_t)extra;
    put(s, 30, name, strlen(name));
    put(s, 30 + strlen(name) + extra, content, strlen(content));
}

static void documents(void **state) {
    struct sample s;
    put_zip(&s, "[Content_Types].xml", 0, "");
    assert_kind(&s, "ooxml", "");
    put_zip(&s, "word/document.xml", 0, "");
    assert_kind(&s, "ooxml", "");
    put_zip(&s, "words/document.xml", 0, "");
    assert_kind(&s, "zip", "");
    put_zip(&s, "mimetype", 0, "application/vnd.oasis.opendocument.text");
    assert_kind(&s, "odf", "");
    put_zip(&s, "mimetype", 0, "application/epub+zipPK");
    assert_kind(&s, "epub", "");
    put_zip(&s, "mimetype", 4, "application/epub+zip"); /* not where it has to be */
    assert_kind(&s, "zip", "");
    put_zip(&s, "mimetype", 0, "text/plain");
    assert_kind(&s, "zip", "");
    assert_text(TEXT("{\\rtf1"), "rtf", "");
    assert_text(TEXT("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), "ole", "");
    assert_text(TEXT("!BDN1234SM\x17\x00"), "pst", "");
    assert_text(TEXT("!BDN1234SM\x0e\x00"), "pst", "97 to 2002");
    assert_text(TEXT("!BDN1234SO\x24\x00"), "ost", "pages of 4 KiB");
    assert_text(TEXT("!BDN1234AB\x0f\x00"), "pab", "97 to 2002");
    assert_no_text(TEXT("!BDN1234XX\x17\x00"));
    assert_no_text(TEXT("!BDN1234SM\x01\x00"));
    assert_text(TEXT("\xef\xbb\xbf \r\n<!DOCTYPE HTML>"), "html", "");
    assert_text(TEXT("<HTML lang=km>"), "html", "");
    assert_text(TEXT("<?xml version='1.0'?><a/>"), "xml", "");
    assert_text(TEXT("<?xml version='1.0'?><html xmlns='http://www.w3.org/1999/xhtml'>"), "html",
                "XHTML");
}

static void system_records(void **state) {
    uint8_t login[3 * 384] = {0};
    struct kind k;
    assert_text(TEXT("NAME=x\nID=y\nVERSION_ID=\"1\"\n"), "os-release", "");
    assert_text(TEXT("NAME=x\nID=y\n"), "text", "ASCII");
    assert_text(TEXT("NAME=x\nID=y\nVERSION_ID=1\nan odd line\n"), "text", "ASCII");
    assert_text(TEXT("root:x:0:0:root:/root:/bin/sh\nnobody:*:-2:-2::/:\n"), "passwd", "");
    assert_text(TEXT("root:x:0:0:root:/root:/bin/sh\nno account\n"), "text", "ASCII");
    assert_text(TEXT("root:x:0:4294967296:root:/root:/bin/sh\n"), "text", "ASCII");
    assert_text(TEXT("root:x:0:0:root:/root:/bin/sh:\n"), "text", "ASCII");
    assert_text(TEXT("a:b:0:0:c:d:e\n"), "text", "ASCII");
    assert_text(TEXT("# remarks alone\n"), "text", "ASCII");
    assert_text(TEXT("Package: a\nStatus: install ok installed\n\n"), "dpkg-status", "");
    assert_text(TEXT("Package: a\nStatus: install ok\n\n"), "text", "ASCII");
    assert_text(TEXT("Package: a\nVersion: 1\n\n"), "text", "ASCII");
    kind_of_bytes(login, sizeof login, &k);
    assert_null(k.word); /* nothing happened */
    login[384] = 7;
    login[384 + 340] = 1;
    kind_of_bytes(login, sizeof login, &k);
    assert_string_equal(k.word, "utmp");
    kind_of_bytes(login, sizeof login - 1, &k);
    assert_null(k.word);
    login[2 * 384 + 364] = 1; /* where nothing is used */
    kind_of_bytes(login, sizeof login, &k);
    assert_null(k.word);
}

static void media(void **state) {
    struct sample s = {.size = 0};
    assert_text(TEXT("\xff\xd8\xff\xe1"), "jpeg", "");
    assert_text(TEXT("RIFF\0\0\0\0WEBP"), "webp", "");
    assert_text(TEXT("RIFF\0\0\0\0WAVE"), "wav", "");
    assert_text(TEXT("RIFF\0\0\0\0WEB"), NULL, NULL);
    assert_text(TEXT("\0\0\0\x18"
                     "ftypheic"),
                "heif", "");
    assert_text(TEXT("\0\0\0\x18"
                     "ftypisom"),
                "mp4", "");
    assert_text(TEXT("\0\0\0\x18"
                     "ftypiso"),
                NULL, NULL);
    put(&s, 0, TEXT("MZ"));
    put(&s, 60, TEXT("\x80\0\0\0"));
    put(&s, 128, TEXT("PE\0\0"));
    assert_kind(&s, "pe", "");
    s.bytes[63] = 0xff; /* it stands far behind */
    assert_kind(&s, NULL, NULL);
}

static void mails(void **state) {
    assert_text(TEXT("Return-Path: <a@example.org>\r\nReceived: from b\r\n by c\r\n\r\nhello"),
                "eml", "");
    assert_text(TEXT("From: a\nX-Odd: b\nsubject: c\n\n"), "eml", "");
    assert_text(TEXT("From a@example.org Mon Jan  1 00:00:00 2024\nFrom: a\nDate: b\n"), "mbox",
                "");
    assert_text(TEXT("From here on it is text.\n"), "text", "ASCII");
    assert_text(TEXT("From: a\nhello\nTo: b\n"), "text", "ASCII"); /* one field */
    assert_text(TEXT("Name: a\nVersion: b\nDate: c\n\n"), "text", "ASCII");
}

static void texts(void **state) {
    assert_text(TEXT("a line\n"), "text", "ASCII");
    assert_text(TEXT("\xe1\x9e\x80\xe1\x9e\x98\xe1\x9f\x92\n"), "text", "UTF-8");
    assert_text(TEXT("\xff\xfe"
                     "a\0"),
                "text", "UTF-16, little-endian");
    assert_text(TEXT("\xfe\xff\0a"), "text", "UTF-16, big-endian");
    assert_no_text(TEXT("a\0b"));
    assert_no_text(TEXT("caf\xe9\n")); /* another encoding, or none */
    assert_no_text(TEXT("\xe1\x9e"));  /* cut, and no more is left out */
    assert_no_text(TEXT("\xc0\x80"));  /* too long a form */
    struct sample cut = {.size = 0};
    memset(cut.bytes, 'a', sizeof cut.bytes);
    cut.size = sizeof cut.bytes;
    cut.bytes[sizeof cut.bytes - 1] = 0xe1; /* goes on behind what is looked at */
    assert_kind(&cut, "text", "UTF-8");
}

static void compressed(void **state) {
    struct sample gzip = {.size = 0}, bzip2 = {.size = 0};
    put(&gzip, 0, TEXT("\x1f\x8b\x08\x08\0\0\0\0\0\x03"));
    assert_kind(&gzip, "gzip", "");
    assert_from(&gzip, 10, "gzip");
    gzip.bytes[3] = 0x80; /* reserved */
    assert_kind(&gzip, NULL, NULL);
    put(&bzip2, 0, TEXT("BZh91AY&SY"));
    assert_kind(&bzip2, "bzip2", "");
    assert_from(&bzip2, 10, "bzip2");
    bzip2.bytes[3] = '0';
    assert_kind(&bzip2, NULL, NULL);
}

static void android_backups(void **state) {
    static const struct {
        const char *text, *detail;
    } backups[] = {
        {"ANDROID BACKUP\n1\n1\nnone\n", "version 1, compressed, encryption none"},
        {"ANDROID BACKUP\n5\n0\nAES-256\n0011", "version 5, not compressed, encryption AES-256"},
        {"ANDROID BACKUP\n5\n7\nnone\n", "version 5, compression not known, encryption none"},
        {"ANDROID BACKUP\n", ""}, /* what is behind is cut off, or is none of it */
        {"ANDROID BACKUP\n1\n1\nnone", ""},
        {"ANDROID BACKUP\n1\n1\n\x1b[31m\n", ""},
        {"ANDROID BACKUP\n\n\n\n", ""},
        {"ANDROID BACKUP\n12345678901234567890\n1\nnone\n", ""},
        {"ANDROID BACKUP\n1\n1\nan encryption with spaces\n", ""},
    };
    for (size_t i = 0; i < sizeof backups / sizeof backups[0]; i++) {
        struct sample s = {.size = 0};
        put(&s, 0, backups[i].text, strlen(backups[i].text));
        assert_kind(&s, "android-backup", backups[i].detail);
    }
    struct sample windows = {.size = 0};
    put(&windows, 0, TEXT("ANDROID BACKUP\r\n1\r\n"));
    assert_kind(&windows, NULL, NULL);
    struct sample zero = {.size = 0};
    put(&zero, 0, TEXT("ANDROID BACKUP\n1\n1\nno\0ne\n"));
    assert_kind(&zero, "android-backup", "");
}

static void qcows(void **state) {
    struct sample s = {.size = 0};
    put(&s, 0, TEXT("QFI\xfb\0\0\0\x03"));
    assert_kind(&s, "qcow2", "version 3");
    assert_from(&s, 8, "qcow2");
    s.bytes[7] = 1;
    assert_kind(&s, "qcow", "version 1");
    s.bytes[7] = 9;
    assert_kind(&s, NULL, NULL);
}

static void make_tar(struct sample *s, const char *magic) {
    unsigned sum = 0;
    char text[9];
    *s = (struct sample){.size = 512};
    memcpy(s->bytes, "a/file", 6);
    memcpy(s->bytes + 257, magic, strlen(magic));
    memset(s->bytes + 148, ' ', 8);
    for (size_t i = 0; i < 512; i++)
        sum += s->bytes[i];
    (void)snprintf(text, sizeof text, "%06o", sum);
    memcpy(s->bytes + 148, text, 7); /* with its NUL, and the space behind it */
}

static void tars(void **state) {
    struct sample s;
    make_tar(&s, "ustar");
    assert_kind(&s, "tar", "ustar");
    assert_from(&s, 512, "tar");
    make_tar(&s, "ustar  ");
    assert_kind(&s, "tar", "gnu");
    make_tar(&s, "");
    assert_kind(&s, "tar", "old form");
    for (size_t i = 0; i < 512; i++) { /* every byte is under the sum, but the one behind its end */
        if (i == 155)
            continue;
        s.bytes[i] ^= 1;
        assert_kind(&s, NULL, NULL);
        s.bytes[i] ^= 1;
    }
    memset(s.bytes, 0, 512);
    memcpy(s.bytes + 148, "000400\0 ", 8); /* the sum of nothing, and no name */
    assert_kind(&s, NULL, NULL);
}

static void disks(void **state) {
    struct sample s = {.size = 512};
    put(&s, 510, TEXT("\x55\xaa"));
    assert_kind(&s, NULL, NULL); /* two bytes are no disk */
    put(&s, 446, TEXT("\x80\0\0\0\x07\0\0\0\0\x08\0\0\0\0\x10\0"));
    assert_kind(&s, "disk", "MBR");
    assert_from(&s, 512, "disk");
    s.bytes[446] = 0x41; /* boot code and no table */
    assert_kind(&s, NULL, NULL);
    s.bytes[446] = 0;
    memset(s.bytes + 446 + 12, 0, 4); /* a partition of no sectors */
    assert_kind(&s, NULL, NULL);
}

static void ext_volumes(void **state) {
    struct sample s = {.size = 2048};
    put(&s, 1024, TEXT("\x10\0\0\0\x40\0\0\0"));
    put(&s, 1024 + 56, TEXT("\x53\xef"));
    s.size = 2048;
    assert_kind(&s, "ext", "");
    s.bytes[1024 + 24] = 7; /* blocks of 128 KiB there are none */
    assert_kind(&s, NULL, NULL);
    s.bytes[1024 + 24] = 0;
    s.bytes[1024] = 0; /* nor volumes without an inode */
    assert_kind(&s, NULL, NULL);
}

static void assert_tail(const char *bytes, size_t size, size_t from_end, const char *word) {
    uint8_t tail[KIND_TAIL_BYTES] = {0};
    struct kind k;
    memcpy(tail + sizeof tail - from_end, bytes, size);
    bool known = kind_of_tail(tail, sizeof tail, &k);
    assert_int_equal(known, word != NULL);
    if (word != NULL)
        assert_string_equal(k.word, word);
    else
        assert_null(k.word);
}

static void tails(void **state) {
    struct kind k;
    assert_tail(TEXT("conectix"), 512, "vhd");
    assert_tail(TEXT("conectix"), 511, "vhd");
    assert_tail(TEXT("conectix"), 510, NULL);
    assert_tail(TEXT("conectix"), 8, NULL);
    assert_tail(TEXT("PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x0b\0aff4://abcd"), 33, "aff4");
    assert_tail(TEXT("PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x0b\0aff4://abcd"), 34, NULL);
    assert_tail(TEXT("PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x0b\0http://abcd"), 33, NULL);
    assert_false(kind_of_tail((const uint8_t *)"conectix", 8, &k));
    assert_false(kind_of_tail((const uint8_t *)"", 0, &k));
}

static void assert_parser(const char *bytes, size_t size, const char *parser) {
    struct kind k;
    kind_of_bytes((const uint8_t *)bytes, size, &k);
    const char *name = kind_parser(&k);
    if (parser == NULL)
        assert_null(name);
    else
        assert_string_equal(name, parser);
}

static void parsers(void **state) {
    assert_parser(TEXT("EVF\x09\x0d\x0a\xff\x00"), "ewf");
    assert_parser(TEXT("EVF2\x0d\x0a\x81\x00"), NULL);
    assert_parser(TEXT("LVF\x09\x0d\x0a\xff\x00"), NULL);
    assert_parser(TEXT("QFI\xfb\0\0\0\x01"), NULL);
    assert_parser(TEXT("QFI\xfb\0\0\0\x03"), "qcow2");
    assert_parser(TEXT("conectix"), "vhd");
    assert_parser(TEXT("vhdxfile"), "vhdx");
    assert_parser(TEXT("KDMV"), "vmdk");
    assert_parser(TEXT("# Disk DescriptorFile"), "vmdk");
    assert_parser(TEXT("COWD"), NULL);
    assert_parser(TEXT("SQLite format 3\x00"), NULL);
    assert_parser(TEXT("anything"), NULL);
    assert_parser(TEXT(""), NULL);
}

static void folders(void **state) {
    static const char *const backup[] = {"00", "Info.plist", "Manifest.db", "\xff\n"};
    static const char *const old[] = {"Manifest.mbdb", "Info.plist"};
    static const char *const other[] = {"info.plist", "Manifest.db", "Manifest.db.bak"};
    struct kind k;
    kind_of_names(backup, 4, &k);
    assert_string_equal(k.word, "itunes-backup");
    kind_of_names(old, 2, &k);
    assert_string_equal(k.word, "itunes-backup");
    kind_of_names(other, 3, &k);
    assert_null(k.word);
    kind_of_names(NULL, 0, &k);
    assert_null(k.word);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(runs_of_bytes),  cmocka_unit_test(nothing_at_all),
        cmocka_unit_test(bytes_in_front), cmocka_unit_test(zips),
        cmocka_unit_test(compressed),     cmocka_unit_test(android_backups),
        cmocka_unit_test(qcows),          cmocka_unit_test(tars),
        cmocka_unit_test(disks),          cmocka_unit_test(ext_volumes),
        cmocka_unit_test(tails),          cmocka_unit_test(parsers),
        cmocka_unit_test(folders),        cmocka_unit_test(documents),
        cmocka_unit_test(media),          cmocka_unit_test(system_records),
        cmocka_unit_test(mails),          cmocka_unit_test(texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
