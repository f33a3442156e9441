/* SPDX-License-Identifier: Apache-2.0 */
/* The whole as a public key, as a signature file, and as a comment to be shown. */
#include "base/mem.h"
#include "formats/comment.h"
#include "formats/minisign.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void one_key(const char *text, size_t size) {
    struct minisign_key key, again;
    char line[MINISIGN_KEY_LINE_BYTES], file[MINISIGN_KEY_TEXT_BYTES];
    if (minisign_key_parse(text, size, &key, NULL) != EX_OK)
        return;
    (void)minisign_key_line(&key, line);
    (void)minisign_key_text(&key, file);
    if (memmem(text, size, line, strlen(line)) == NULL ||
        minisign_key_parse(file, strlen(file), &again, NULL) != EX_OK ||
        memcmp(&key, &again, sizeof key) != 0)
        abort();
}

static void one_comment(const char *text, size_t size) {
    EX_AUTO_FREE char *shown = NULL;
    if (comment_display(text, size, &shown, NULL) != EX_OK)
        return;
    if (!comment_valid(shown, strlen(shown)) || strpbrk(shown, "\n\r\t\x1b") != NULL)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const char *text = (const char *)data;
    struct minisign m;
    struct minisign_key key = {.number = {0}};
    static const uint8_t hash[MINISIGN_HASH_BYTES] = {0};
    one_key(text, size);
    one_comment(text, size);
    if (minisign_parse(text, size, &m, NULL) != EX_OK)
        return 0;
    if (!comment_valid(m.trusted, m.trusted_bytes) || m.trusted[m.trusted_bytes] != '\0' ||
        m.untrusted[m.untrusted_bytes] != '\0')
        abort();
    memcpy(key.number, m.number, sizeof key.number);
    if (minisign_verify(&m, &key, hash, NULL) == EX_OK) /* nobody has that key */
        abort();
    return 0;
}
